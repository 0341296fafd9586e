"""Words for what came of an act, and what a form of these pages says."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType

from integrations.errors import Fault, FaultsError
from integrations.language import N_, gettext
from integrations.web.faults import expected_in
from integrations.web.forms import Form
from integrations.web.page import Go, NoSuchPageError, Visit, pair_of
from integrations.workflows.messages.words import when
from integrations.workflows.pair_page.acting import Actor, Outcome, Told
from scheduling.changes.reasons import ChangeCode

_REFUSED: Mapping[str | None, str] = MappingProxyType(
    {
        ChangeCode.ORDER_HOUR_TAKEN: N_(
            "That hour has been taken in one of the two calendars in the"
            " meantime. Nothing was changed; these suit you both now."
        ),
        ChangeCode.ORDER_DOUBLE_BOOKS: N_(
            "Another meeting of one of you stands there by now. Nothing"
            " was changed; these suit you both now."
        ),
        ChangeCode.ORDER_TOO_LATE: N_(
            "That date has begun, or is not in the calendars any more. Nothing was changed."
        ),
    }
)


def actor_of(visit: Visit) -> Actor:
    """Who acts on this visit to a page of a pair."""
    if visit.as_person is None:
        raise NoSuchPageError("nobody of this pair")
    return Actor(person_id=visit.as_person, is_assistant=visit.is_assistant)


def home_path(visit: Visit) -> str:
    """The pair's page."""
    return f"/pairs/{pair_of(visit).id}"


def said_of(told: Told, done: str, zone: str) -> str:
    """What came of it, for one line at the top of the next page."""
    if told.outcome is Outcome.DONE:
        return done
    if told.outcome is Outcome.REFUSED:
        return refused(told)
    if told.is_stopped:
        return gettext("It is kept, and done once writing goes on.")
    if told.until is None:
        return gettext("It is kept, and done as soon as both calendars can be reached.")
    return gettext(
        "It is kept. Mails keep working hours, so it is done %(at)s time.",
        at=when(told.until, zone),
    )


def refused(told: Told) -> str:
    """Why something was not done, and that nothing was changed."""
    return gettext(_REFUSED.get(told.why, N_("It could not be done, and nothing was changed.")))


def faults_of(error: FaultsError) -> dict[str, str]:
    """Faults by the field they are about, in words."""
    return {
        fault.where: gettext("Please give %(expected)s.", expected=expected_in(fault))
        for fault in error.faults
    }


def date_is_over(visit: Visit) -> Go:
    """The pair's page, which says that the date asked about is none of those to come."""
    said = gettext("That date has begun, or is not in the calendars any more.")
    return Go(home_path(visit), said)


def day_in(form: Form, name: str) -> date:
    """A date of a form. Raises FaultsError."""
    try:
        return date.fromisoformat(form.get(name))
    except ValueError:
        raise FaultsError([Fault(name, N_("a date"))]) from None
