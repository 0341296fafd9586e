"""Words that every message uses: names, dates and times with their zone, whom to turn to."""

from __future__ import annotations

from datetime import date, datetime, time
from types import MappingProxyType
from zoneinfo import ZoneInfo

from integrations.records import Participant, PersonShown, Program
from scheduling.cadence import SeriesSlot
from scheduling.rule import SessionKind

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
KIND_WORDS = MappingProxyType(
    {
        SessionKind.MEETING: "meeting",
        SessionKind.PREPARATION: "preparation",
        SessionKind.TRAINING: "training",
        SessionKind.SHADOWING: "shadowing",
        SessionKind.CHECK_IN: "check-in",
    }
)
_COUNTS = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten")


def names_of(mentor: Participant | PersonShown, mentee: Participant | PersonShown) -> str:
    """Family names alone: says nothing about why the two meet."""
    return f"{_family_name(mentor.name)} / {_family_name(mentee.name)}"


def every(interval_weeks: int) -> str:
    """How often, in words."""
    return {1: "every week", 2: "every other week"}.get(
        interval_weeks, f"every {interval_weeks} weeks"
    )


def place_of(zone: str) -> str:
    """The city that stands for a zone: ``America/New_York`` is New York."""
    return zone.rsplit("/", 1)[-1].replace("_", " ")


def clock(local: time) -> str:
    """Hour and minute."""
    return local.strftime("%H:%M")


def long_date(day: date) -> str:
    """A date with its month and year: 9 February 2027."""
    return f"{day.day} {day:%B %Y}"


def when(at: datetime, zone: str, other_zone: str | None = None) -> str:
    """An instant on the wall clock of a zone, and of a second one where that shows another hour.

    ``Tuesday 9 February 2027, 10:00 New York (15:00 London)``; where the second zone has another
    date at that instant, its weekday and date are said, too.
    """
    local = at.astimezone(ZoneInfo(zone))
    said = f"{WEEKDAYS[local.weekday()]} {long_date(local.date())}, {clock(local.time())}"
    return f"{said} {place_of(zone)}{_elsewhere(local, other_zone)}"


def regular(slot: SeriesSlot, zone: str, other_zone: str | None = None) -> str:
    """A series hour as a person reads it who lives in ``zone``, by its first date.

    ``Tuesdays 10:00 New York (15:00 London), from 12 January 2027``.
    """
    first = slot.utc_start(0, 1).astimezone(ZoneInfo(zone))
    weekday = WEEKDAYS[first.weekday()]
    said = f"{weekday}s {clock(first.time())} {place_of(zone)}{_elsewhere(first, other_zone)}"
    return f"{said}, from {long_date(first.date())}"


def _elsewhere(local: datetime, zone: str | None) -> str:
    if zone is None:
        return ""
    there = local.astimezone(ZoneInfo(zone))
    if there.utcoffset() == local.utcoffset():
        return ""
    day = "" if there.date() == local.date() else f"{WEEKDAYS[there.weekday()]} {there.day} "
    return f" ({day}{clock(there.time())} {place_of(zone)})"


def contact_of(program: Program) -> str:
    """The person to turn to, with phone and mail as far as they are known."""
    parts = [program.contact.get(part) for part in ("name", "phone", "mail")]
    return ", ".join(part for part in parts if part) or "Your program coordinator"


def count_word(number: int) -> str:
    """A small number as a word that begins a sentence."""
    return _COUNTS[number] if number < len(_COUNTS) else str(number)


def _family_name(name: str) -> str:
    return name.split()[-1] if name.split() else "Participant"
