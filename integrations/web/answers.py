"""What somebody says of a date in a form: met, not met, met at another hour; or how it was."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from integrations.errors import Fault, FaultsError
from integrations.language import N_
from integrations.web.forms import Form
from integrations.workflows.attendance.pulse import LONGEST_TEXT, Pulse
from integrations.workflows.attendance.telling import Answer
from scheduling.attendance.evidence import Said
from scheduling.attendance.pulse import SCALE
from scheduling.errors import SchedulingError
from scheduling.timespan import TimeSpan

_LONGEST_MINUTES = 480


def span_in(form: Form, zone: str) -> TimeSpan:
    """Date, start and minutes of a form on the clocks of ``zone``. Raises FaultsError."""
    try:
        local = datetime.fromisoformat(f"{form.get('day')}T{form.get('start')}")
        minutes = int(form.get("minutes"))
        if local.tzinfo is not None or not 1 <= minutes <= _LONGEST_MINUTES:
            raise ValueError
        start = local.replace(tzinfo=ZoneInfo(zone)).astimezone(ZoneInfo("UTC"))
        return TimeSpan(start, start + timedelta(minutes=minutes))
    except (ValueError, OverflowError, SchedulingError):
        expected = N_("date, start and minutes (at most eight hours) of the meeting")
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
            raise FaultsError([Fault("said", N_("one of the answers"))])


def pulse_in(form: Form) -> Pulse:
    """How somebody says a date was. Raises FaultsError."""
    said, text = form.get("said"), form.get("text")
    if said not in {str(score) for score in SCALE}:
        raise FaultsError([Fault("said", N_("one of the answers"))])
    if len(text) > LONGEST_TEXT:
        raise FaultsError([Fault("text", N_("a shorter text"))])
    return Pulse(int(said), text)
