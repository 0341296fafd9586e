"""Valid people, rules and problems; a test states the one fact that matters."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from scheduling.people import BusyItem, BusyTable, FreeBusyStatus, Person, WorkingHours
from scheduling.problem import PairRequest, Problem
from scheduling.rule import CadenceRule

MONDAY = date(2027, 1, 4)
LONG_AGO = datetime(2026, 12, 1, tzinfo=UTC)


def at(zone: str, day: date, clock: str) -> datetime:
    """The instant at which clocks in a zone show ``clock`` on a day."""
    hour, minute = clock.split(":")
    local = datetime.combine(day, time(int(hour), int(minute)), ZoneInfo(zone))
    return local.astimezone(UTC)


def busy(
    zone: str, day: date, begin: str, end: str, status: FreeBusyStatus = FreeBusyStatus.BUSY
) -> BusyItem:
    """An entry of one local day."""
    return BusyItem(at(zone, day, begin), at(zone, day, end), status)


def busy_daily(zone: str, first: date, days: int, begin: str, end: str) -> list[BusyItem]:
    """The same local hours blocked on every day of a stretch."""
    return [busy(zone, first + timedelta(days=n), begin, end) for n in range(days)]


def person(
    name: str,
    zone: str = "Europe/London",
    items: Iterable[BusyItem] = (),
    hours: WorkingHours | None = None,
    absent: Iterable[date] = (),
) -> Person:
    """Somebody with office hours and an empty calendar unless told otherwise."""
    return Person(
        id=name,
        zone=zone,
        hours=hours or WorkingHours.every(range(5), 9 * 60, 17 * 60 + 30),
        busy=BusyTable.of(items),
        absent_dates=frozenset(absent),
    )


def problem(
    people: Iterable[Person],
    pairs: Iterable[tuple[str, str]],
    rule: CadenceRule | None = None,
    start: date = MONDAY,
    now: datetime = LONG_AGO,
) -> Problem:
    """Pairs (mentor, mentee) named ``mentor+mentee`` under one rule."""
    requests = tuple(
        PairRequest(
            id=f"{mentor}+{mentee}",
            mentor=mentor,
            mentee=mentee,
            rule=rule or CadenceRule(),
            start_date=start,
        )
        for mentor, mentee in pairs
    )
    return Problem(people={p.id: p for p in people}, pairs=requests, now=now)
