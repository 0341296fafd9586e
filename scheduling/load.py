"""Own sessions of people: what they forbid to others, and how full their days and weeks are."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from scheduling.board import Booked, PairBoard
from scheduling.cost import SKIP, Costs
from scheduling.people import Person
from scheduling.zonetime import local_day

Counts = NDArray[np.int64]

SAME_WEEK = 2
"""Cost below every goal of a second session in somebody's week: evenness."""


def week_of(day: int) -> int:
    """Number of the Monday week of a day number; day 0, 1970-01-01, was a Thursday."""
    return (day + 3) // 7


@dataclass(frozen=True, slots=True)
class Limits:
    """Most own sessions of one person per local day and per Monday week; ``None``: no limit."""

    per_day: int | None
    per_week: int | None

    def tightened(self, other: "Limits") -> "Limits":
        """The stricter of both in each."""
        return Limits(_least(self.per_day, other.per_day), _least(self.per_week, other.per_week))


def _least(a: int | None, b: int | None) -> int | None:
    return b if a is None else a if b is None else min(a, b)


@dataclass(slots=True)
class PersonLoad:
    """The own sessions of one person, in no order."""

    person: Person
    limits: Limits
    sessions: list[Booked] = field(default_factory=list)

    def stand(self, start: int, end: int) -> None:
        """Add a session that stands already; its own buffer is not known."""
        self.sessions.append(Booked(start, end, local_day(self.person.zone, start), 0))

    def with_more(self, sessions: Iterable[Booked]) -> "PersonLoad":
        """This load and further sessions."""
        return PersonLoad(self.person, self.limits, [*self.sessions, *sessions])


def _bucket_counts(board: PairBoard, load: PersonLoad) -> Counts:
    """Own sessions on each local day, from the Monday before the horizon to the week after it."""
    size = board.frame.raster.rule.horizon_days + 14
    before = board.frame.raster.first_day - 7
    days = np.array([session.day for session in load.sessions], dtype=np.int64) - before
    return np.bincount(days[(days >= 0) & (days < size)], minlength=size)


def times_forbidden(board: PairBoard, load: PersonLoad) -> Counts | None:
    """For each start of the pair's raster, how many limits of one person's load rule it out.

    A full week, a full day and every session that would be too near count one each;
    ``None`` for a load without sessions.
    """
    if not load.sessions:
        return None
    return _times_forbidden(board, load, _bucket_counts(board, load))


def _times_forbidden(board: PairBoard, load: PersonLoad, on_day: Counts) -> Counts:
    raster = board.frame.raster
    per_day, per_week = load.limits.per_day, load.limits.per_week
    limits = np.zeros(len(on_day), dtype=np.int64)
    if per_week is not None:
        limits += np.repeat(on_day.reshape(-1, 7).sum(axis=1) >= per_week, 7)
    if per_day is not None:
        limits += on_day >= per_day
    found: Counts = limits[raster.zones[load.person.zone].day + 7]
    full = set() if per_day is None else _full_days(load, per_day)
    for session in load.sessions:
        # A session next to a full day may still reach over midnight with its buffer.
        if session.day not in full or session.buffer or raster.buffer:
            clear = max(session.buffer, raster.buffer)
            first = raster.first_at(session.start - raster.duration - clear + 1)
            found[first : raster.first_at(session.end + clear)] += 1
    return found


def _full_days(load: PersonLoad, cap: int) -> set[int]:
    days = [session.day for session in load.sessions]
    if cap == 1:
        return set(days)
    return {day for day, count in Counter(days).items() if count >= cap}


def week_slice(board: PairBoard, person: Person, week: int) -> slice:
    """The stretch of a pair's raster that is a Monday week of one person."""
    monday = week * 7 - 3 - board.frame.raster.first_day
    return board.frame.raster.zones[person.zone].days_slice(monday, monday + 7)


def costs_beside(board: PairBoard, loads: Iterable[PersonLoad]) -> Costs:
    """The pair's costs with every start ruled out that the loads of its people forbid."""
    costs = board.costs.copy()
    ruled_out: list[NDArray[np.bool_]] = []
    for load in loads:
        if not load.sessions:
            continue
        on_day = _bucket_counts(board, load)
        in_week = np.repeat(on_day.reshape(-1, 7).any(axis=1), 7) * SAME_WEEK
        costs += in_week[board.frame.raster.zones[load.person.zone].day + 7]
        ruled_out.append(_times_forbidden(board, load, on_day) > 0)
    for starts in ruled_out:
        costs[starts] = SKIP
    return costs
