"""What people have planned themselves, expanded and dated, as the oracle knows it.

Written against the simulated people's appointments alone: neither the tenant's expansion of
recurrence nor the product's reading of free/busy is asked.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from simulator.people import Appointment
from simulator.zones import zone_named

_FIRM = frozenset({"busy", "oof"})
_LONGEST = timedelta(days=20)
ALWAYS, EVER = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, order=True)
class Taken:
    """A firm stretch of somebody's time, in UTC, and since when it has stood there."""

    start: datetime
    end: datetime
    since: datetime


class Diary:
    """One person's own firm appointments, and when she holds time tentatively."""

    def __init__(self, appointments: Sequence[Appointment], horizon: datetime) -> None:
        self._horizon = horizon
        self._known: dict[Appointment, tuple[Taken, ...]] = {}
        self._sorted: list[Taken] = []
        self._held: set[tuple[datetime, datetime]] = set()
        self.update(appointments, ALWAYS)

    def update(self, appointments: Sequence[Appointment], at: datetime) -> None:
        """Take over what she has planned by now; what is new stands since ``at``."""
        known = self._known
        self._known = {
            one: known[one] if one in known else tuple(self._expanded(one, at))
            for one in appointments
            if one.show_as in _FIRM
        }
        self._sorted = sorted(taken for one in self._known.values() for taken in one)
        self._held = {
            (taken.start, taken.end)
            for one in appointments
            if one.show_as == "tentative"
            for taken in self._expanded(one, at)
        }

    def over(self, start: datetime, end: datetime, known_by: datetime) -> list[Taken]:
        """What overlaps the stretch and has stood there since ``known_by`` or longer."""
        first = bisect_left(self._sorted, Taken(start - _LONGEST, start, ALWAYS))
        found = []
        for taken in self._sorted[first:]:
            if taken.start >= end:
                break
            if taken.end > start and taken.since <= known_by:
                found.append(taken)
        return found

    def is_held(self, start: datetime, end: datetime) -> bool:
        """Whether something tentative lies at just this time.

        Who accepts a date there without an answer leaves one firm and one tentative entry, as who
        has not answered and got an appointment does: free/busy tells the two from each other no
        more than it tells whose entry is whose.
        """
        return (start, end) in self._held

    def since(self, start: datetime, end: datetime, at: datetime) -> bool:
        """Whether something that overlaps the stretch has come since ``at``."""
        return any(taken.since >= at for taken in self.over(start, end, EVER))

    def _expanded(self, one: Appointment, at: datetime) -> Iterable[Taken]:
        zone, day, week = zone_named(one.zone), one.start.date(), timedelta(days=7)
        times = 1
        if one.weekly_interval:
            last = one.until or self._horizon.date()
            times = (last - day).days // (7 * one.weekly_interval) + 1
        for number in range(times):
            shift = number * one.weekly_interval * week
            if (day + shift) in one.skipped:
                continue
            start, end = (
                (wall + shift).replace(tzinfo=zone).astimezone(UTC) for wall in (one.start, one.end)
            )
            yield Taken(start, end, at)
