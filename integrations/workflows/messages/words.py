"""Words that every message uses: names, dates and times with their zone, whom to turn to."""

from __future__ import annotations

from datetime import date, datetime, time
from types import MappingProxyType
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_time

from integrations.language import ENGLISH, N_, gettext, locale, ngettext, spoken_language
from integrations.records import Participant, PersonShown, Program
from scheduling.cadence import SeriesSlot
from scheduling.rule import SessionKind

WEEKDAYS = (
    N_("Monday"),
    N_("Tuesday"),
    N_("Wednesday"),
    N_("Thursday"),
    N_("Friday"),
    N_("Saturday"),
    N_("Sunday"),
)
_EVERY = (
    N_("Mondays"),
    N_("Tuesdays"),
    N_("Wednesdays"),
    N_("Thursdays"),
    N_("Fridays"),
    N_("Saturdays"),
    N_("Sundays"),
)
KIND_WORDS = MappingProxyType(
    {
        SessionKind.MEETING: N_("meeting"),
        SessionKind.PREPARATION: N_("preparation"),
        SessionKind.TRAINING: N_("training"),
        SessionKind.SHADOWING: N_("shadowing"),
        SessionKind.CHECK_IN: N_("check-in"),
    }
)
_COUNTS = (
    N_("No"),
    N_("One"),
    N_("Two"),
    N_("Three"),
    N_("Four"),
    N_("Five"),
    N_("Six"),
    N_("Seven"),
    N_("Eight"),
    N_("Nine"),
    N_("Ten"),
)


def names_of(mentor: Participant | PersonShown, mentee: Participant | PersonShown) -> str:
    """Family names alone: says nothing about why the two meet."""
    return f"{_family_name(mentor.name)} / {_family_name(mentee.name)}"


def weekday_name(weekday: int) -> str:
    """The name of a weekday; Monday is 0."""
    return gettext(WEEKDAYS[weekday])


def weekdays_name(weekday: int) -> str:
    """A weekday as one that returns: Tuesdays."""
    return gettext(_EVERY[weekday])


def kind_name(kind: SessionKind) -> str:
    """What a session is for, in words."""
    return gettext(KIND_WORDS[kind])


def kind_said(kind: SessionKind, program: Program, *, with_contact: bool) -> str:
    """What a session is for; ``with_contact``: whoever the pairs turn to is at check-ins, too."""
    if kind is not SessionKind.CHECK_IN or not with_contact:
        return kind_name(kind)
    name = program.contact.get("name") or gettext("your program coordinator")
    return gettext("%(kind)s with %(name)s", kind=kind_name(kind), name=name)


def length_of(minutes: int) -> str:
    """How long a date is, in words."""
    if minutes == 60:
        return gettext("an hour")
    return ngettext("%(num)s minute", "%(num)s minutes", minutes)


def every(interval_weeks: int) -> str:
    """How often, in words."""
    if interval_weeks == 1:
        return gettext("every week")
    if interval_weeks == 2:
        return gettext("every other week")
    return gettext("every %(weeks)s weeks", weeks=interval_weeks)


def place_of(zone: str) -> str:
    """The city that stands for a zone: ``America/New_York`` is New York."""
    known = {} if is_english() else locale().time_zones.get(zone, {})
    return str(known.get("city") or zone.rsplit("/", 1)[-1].replace("_", " "))


def is_english() -> bool:
    """Whether English is spoken just now, whose dates have forms of Tandem's own."""
    return spoken_language().code == ENGLISH


def clock(local: time) -> str:
    """Hour and minute, as the reader writes a time of day."""
    if spoken_language().twelve_hours:
        return format_time(local, "h:mm a", locale=locale()).replace("AM", "am").replace("PM", "pm")
    return gettext("%(time)s", time=local.strftime("%H:%M"))


def long_date(day: date) -> str:
    """A date with its month and year: 9 February 2027."""
    if is_english():
        return f"{day.day} {day:%B %Y}"
    return format_date(day, "long", locale=locale())


def short_date(day: date) -> str:
    """A date with its month cut short: 9 Feb 2027."""
    if is_english():
        return f"{day.day} {day:%b %Y}"
    return format_date(day, "medium", locale=locale())


def when(at: datetime, zone: str, other_zone: str | None = None) -> str:
    """An instant on the wall clock of a zone, and of a second one where that shows another hour.

    ``Tuesday 9 February 2027, 10:00 New York (15:00 London)``; where the second zone has another
    date at that instant, its weekday and date are said, too.
    """
    local = at.astimezone(ZoneInfo(zone))
    return gettext(
        "%(weekday)s %(date)s, %(clock)s %(place)s",
        weekday=weekday_name(local.weekday()),
        date=long_date(local.date()),
        clock=clock(local.time()),
        place=f"{place_of(zone)}{_elsewhere(local, other_zone)}",
    )


def regular(slot: SeriesSlot, zone: str, other_zone: str | None = None) -> str:
    """A series hour as a person reads it who lives in ``zone``, by its first date.

    ``Tuesdays 10:00 New York (15:00 London), from 12 January 2027``.
    """
    first = slot.utc_start(0, 1).astimezone(ZoneInfo(zone))
    return gettext(
        "%(weekdays)s %(clock)s %(place)s, from %(date)s",
        weekdays=weekdays_name(first.weekday()),
        clock=clock(first.time()),
        place=f"{place_of(zone)}{_elsewhere(first, other_zone)}",
        date=long_date(first.date()),
    )


def _elsewhere(local: datetime, zone: str | None) -> str:
    if zone is None:
        return ""
    there = local.astimezone(ZoneInfo(zone))
    if there.utcoffset() == local.utcoffset():
        return ""
    on = weekday_name(there.weekday())
    day = (
        ""
        if there.date() == local.date()
        else gettext("%(weekday)s %(day)s ", weekday=on, day=there.day)
    )
    return f" ({day}{clock(there.time())} {place_of(zone)})"


def contact_of(program: Program, *, within: bool = False) -> str:
    """The person to turn to, with phone and mail as far as they are known.

    ``within`` a sentence, where nobody is named, it is written as it is there.
    """
    parts = [program.contact.get(part) for part in ("name", "phone", "mail")]
    nobody = gettext("your program coordinator") if within else gettext("Your program coordinator")
    return ", ".join(part for part in parts if part) or nobody


def count_word(number: int) -> str:
    """A small number as a word that begins a sentence."""
    return gettext(_COUNTS[number]) if number < len(_COUNTS) else str(number)


def _family_name(name: str) -> str:
    return name.split()[-1] if name.split() else gettext("Participant")
