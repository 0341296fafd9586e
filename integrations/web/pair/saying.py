"""Words for what came of an act, and what a form of these pages says."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from types import MappingProxyType
from zoneinfo import ZoneInfo

from integrations.errors import Fault, FaultsError
from integrations.records import Pair
from integrations.web.forms import Form
from integrations.web.frame import NoSuchPageError, Visit
from integrations.workflows.attendance.telling import Answer
from integrations.workflows.messages.words import when
from integrations.workflows.pair_page.acting import Actor, Outcome, Told
from scheduling.attendance.evidence import Said
from scheduling.changes.reasons import ChangeCode
from scheduling.timespan import TimeSpan

_REFUSED: Mapping[str | None, str] = MappingProxyType(
    {
        ChangeCode.ORDER_HOUR_TAKEN: "That hour has been taken in one of the two calendars in the"
        " meantime. Nothing was changed; these suit you both now.",
        ChangeCode.ORDER_DOUBLE_BOOKS: "Another meeting of one of you stands there by now. Nothing"
        " was changed; these suit you both now.",
        ChangeCode.ORDER_TOO_LATE: "That date has begun, or is not in the calendars any more."
        " Nothing was changed.",
    }
)
_LONGEST_MINUTES = 480


def actor_of(visit: Visit) -> Actor:
    """Who acts on this visit to a page of a pair."""
    if visit.as_person is None:
        raise NoSuchPageError("nobody of this pair")
    return Actor(person_id=visit.as_person, is_assistant=visit.is_assistant)


def pair_of(visit: Visit) -> Pair:
    """The pair that the path names."""
    if visit.pair is None:
        raise NoSuchPageError("no such pair")
    return visit.pair


def home_path(visit: Visit) -> str:
    """The pair's page."""
    return f"/pairs/{pair_of(visit).id}"


def said_of(told: Told, done: str, zone: str) -> str:
    """What came of it, for one line at the top of the next page."""
    if told.outcome is Outcome.DONE:
        return done
    if told.outcome is Outcome.REFUSED:
        return refused(told)
    if told.until is None:
        return "It is kept, and done as soon as both calendars can be reached."
    return f"It is kept. Mails keep working hours, so it is done {when(told.until, zone)} time."


def refused(told: Told) -> str:
    """Why something was not done, and that nothing was changed."""
    return _REFUSED.get(told.why, "It could not be done, and nothing was changed.")


def faults_of(error: FaultsError) -> dict[str, str]:
    """Faults by the field they are about, in words."""
    return {fault.where: f"Please give {fault.expected}." for fault in error.faults}


def day_in(form: Form, name: str) -> date:
    """A date of a form. Raises FaultsError."""
    try:
        return date.fromisoformat(form.get(name))
    except ValueError:
        raise FaultsError([Fault(name, "a date")]) from None


def span_in(form: Form, zone: str) -> TimeSpan:
    """Date, start and minutes of a form on the clocks of ``zone``. Raises FaultsError."""
    try:
        local = datetime.fromisoformat(f"{form.get('day')}T{form.get('start')}")
        minutes = int(form.get("minutes"))
        if local.tzinfo is not None or not 1 <= minutes <= _LONGEST_MINUTES:
            raise ValueError
        start = local.replace(tzinfo=ZoneInfo(zone)).astimezone(ZoneInfo("UTC"))
        return TimeSpan(start, start + timedelta(minutes=minutes))
    except (ValueError, OverflowError):
        expected = "date, start and minutes (at most eight hours) of the meeting"
        raise FaultsError([Fault("day", expected)]) from None


def answer_in(form: Form, zone: str) -> Answer:
    """What somebody says about a date. Raises FaultsError."""
    in_person = form.get("in_person") == "yes"
    match form.get("said"):
        case "met":
            return Answer(said=Said.MET, in_person=in_person)
        case "not_met":
            return Answer(said=Said.NOT_MET)
        case "elsewhere":
            return Answer(said=Said.MET, span=span_in(form, zone), in_person=in_person)
        case _:
            raise FaultsError([Fault("said", "one of the answers")])
