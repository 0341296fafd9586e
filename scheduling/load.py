"""Own sessions of people: what they forbid to others, and how full their days and weeks are."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from scheduling.board import PairBoard
from scheduling.cost import SKIP, Costs
from scheduling.people import Person
from scheduling.zonetime import local_day

SAME_WEEK = 2
"""Cost below every goal of a second session in somebody's week: evenness."""


def week_of(day: int) -> int:
    """Number of the Monday week of a day number; day 0, 1970-01-01, was a Thursday."""
    return (day + 3) // 7


@dataclass(frozen=True, slots=True)
class Booked:
    """One own session of a person: epoch minutes, local day number, minutes to keep clear."""

    start: int
    end: int
    day: int
    buffer: int


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

    def booked(self, start: int, end: int, buffer: int) -> Booked:
        """The entry a session would make, its local day included."""
        return Booked(start, end, local_day(self.person.zone, start), buffer)

    def full_days(self) -> list[int]:
        """Local day numbers that can take no further session."""
        return _full((s.day for s in self.sessions), self.limits.per_day)

    def full_weeks(self) -> list[int]:
        """Monday weeks that can take no further session."""
        return _full((week_of(s.day) for s in self.sessions), self.limits.per_week)


def _full(numbers: Iterable[int], cap: int | None) -> list[int]:
    if cap is None:
        return []
    return [number for number, count in Counter(numbers).items() if count >= cap]


def costs_beside(board: PairBoard, loads: Iterable[PersonLoad]) -> Costs:
    """The pair's costs with every start ruled out that the loads of its people forbid."""
    raster = board.frame.raster
    costs = board.costs.copy()
    for load in loads:
        if not load.sessions:
            continue
        table = raster.zones[load.person.zone]
        for week in {week_of(s.day) for s in load.sessions}:
            costs[table.days_slice(*_days_of(week, raster.first_day))] += SAME_WEEK
        _block_overlaps(board, costs, load.sessions)
        for day in load.full_days():
            costs[table.day_slice(day - raster.first_day)] = SKIP
        for week in load.full_weeks():
            costs[table.days_slice(*_days_of(week, raster.first_day))] = SKIP
    return np.minimum(costs, SKIP, out=costs)


def _days_of(week: int, first_day: int) -> tuple[int, int]:
    monday = week * 7 - 3 - first_day
    return monday, monday + 7


def _block_overlaps(board: PairBoard, costs: Costs, sessions: list[Booked]) -> None:
    rule, raster = board.request.rule, board.frame.raster
    rows = np.array([(s.start, s.end, s.buffer) for s in sessions], dtype=np.int64)
    clear = np.maximum(rows[:, 2], rule.buffer_minutes)
    first = raster.at_or_after(rows[:, 0] - rule.duration_minutes - clear + 1)
    after = raster.at_or_after(rows[:, 1] + clear)
    for low, high in zip(first.tolist(), after.tolist(), strict=True):
        costs[low:high] = SKIP
