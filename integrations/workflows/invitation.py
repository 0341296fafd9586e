"""The words of an invitation: neutral subject, no goals, no reasons, times with their zone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time
from importlib.resources import files
from zoneinfo import ZoneInfo

from jinja2 import Environment, FunctionLoader, StrictUndefined

from integrations.records import Pair, Participant, Program, Session, SessionState

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_COUNTS = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten")


@dataclass(frozen=True, slots=True, kw_only=True)
class Invited:
    """Everything the invitation speaks of. ``sessions`` are in the order of their windows."""

    program: Program
    pair: Pair
    mentor: Participant
    mentee: Participant
    sessions: Sequence[Session]
    zone: str
    interval_weeks: int
    page_url: str


def subject_of(mentor: Participant, mentee: Participant) -> str:
    """Family names alone: says nothing about why the two meet."""
    return f"{_family_name(mentor.name)} / {_family_name(mentee.name)}"


def body_of(invited: Invited) -> str:
    """The invitation as HTML."""
    first, last = invited.sessions[0], invited.sessions[-1]
    start = first.series_start.astimezone(ZoneInfo(invited.zone))
    end_date = last.series_start.astimezone(ZoneInfo(invited.zone)).date()
    other = next(
        (p.zone for p in (invited.mentor, invited.mentee) if _differs(p.zone, invited.zone)), None
    )
    return _TEXTS.get_template("invitation.html").render(
        mentor=invited.mentor.name,
        mentee=invited.mentee.name,
        every=every(invited.interval_weeks),
        weekday=WEEKDAYS[start.weekday()],
        start=_clock(start.time()),
        place_of_zone=place_of(invited.zone),
        other_zone_start=_clock(_in_zone(first, other)) if other else None,
        other_zone_place=place_of(other) if other else None,
        first_date=_long_date(start.date()),
        last_date=_long_date(end_date),
        mixed=invited.program.mixed,
        moved=sum(session.moved for session in invited.sessions),
        skipped=sum(session.state is SessionState.SKIPPED for session in invited.sessions),
        place=invited.pair.place if invited.pair.place != "Teams" else None,
        page=f"{invited.page_url.rstrip('/')}/{invited.pair.id}",
        contact=_contact(invited.program),
        resources=invited.program.links.get("resources"),
    )


def every(interval_weeks: int) -> str:
    """How often, in words."""
    return {1: "every week", 2: "every other week"}.get(
        interval_weeks, f"every {interval_weeks} weeks"
    )


def place_of(zone: str) -> str:
    """The city that stands for a zone: ``America/New_York`` is New York."""
    return zone.rsplit("/", 1)[-1].replace("_", " ")


def _family_name(name: str) -> str:
    return name.split()[-1] if name.split() else "Participant"


def _differs(zone: str | None, other: str) -> bool:
    return zone is not None and zone != other


def _in_zone(session: Session, zone: str) -> time:
    return session.series_start.astimezone(ZoneInfo(zone)).time()


def _clock(local: time) -> str:
    return local.strftime("%H:%M")


def _long_date(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


def _contact(program: Program) -> str:
    parts = [program.contact.get(part) for part in ("name", "phone", "mail")]
    return ", ".join(part for part in parts if part) or "Your program coordinator"


def _count_word(number: int) -> str:
    return _COUNTS[number] if number < len(_COUNTS) else str(number)


def _texts() -> Environment:
    folder = files("integrations") / "texts"
    texts = Environment(
        loader=FunctionLoader(lambda name: (folder / name).read_text("utf-8")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
    )
    texts.filters["count_word"] = _count_word
    return texts


_TEXTS = _texts()
