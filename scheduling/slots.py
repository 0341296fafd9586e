"""Every start at which pairs could meet, leaving out own sessions, caps and windows."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from scheduling.availability import BLOCKED, availability
from scheduling.boards import first_minute_after
from scheduling.people import Person
from scheduling.problem import PairRequest, Problem
from scheduling.raster import Raster, raster_of
from scheduling.rule import CadenceRule

Runs = NDArray[np.int64]
_PAIRS_AT_ONCE = 256


@dataclass(frozen=True, slots=True, eq=False)
class PreparedPeople:
    """Who can start when: ``free`` has a row for each person, a column for each start.

    ``linked`` marks starts that follow the one before by exactly one step.
    """

    raster: Raster
    free: NDArray[np.bool_]
    row: Mapping[str, int]
    linked: NDArray[np.bool_]


def prepared_people(problem: Problem, rule: CadenceRule, start_date: date) -> PreparedPeople:
    """All people of a problem under one rule; read once, then any number of pairs is cheap."""
    people: Sequence[Person] = list(problem.people.values())
    raster = raster_of(rule, start_date, frozenset(person.zone for person in people))
    earliest = first_minute_after(problem.now + rule.min_notice)
    free = np.empty((len(people), len(raster)), dtype=np.bool_)
    states = availability(raster, people, earliest)
    for number, state in enumerate(states.values()):
        np.less(state, BLOCKED, out=free[number])
    linked = np.zeros(len(raster), dtype=np.bool_)
    linked[1:] = np.diff(raster.times) == raster.step
    return PreparedPeople(raster, free, {p: n for n, p in enumerate(states)}, linked)


def mutual_runs(
    prepared: PreparedPeople, pairs: Sequence[PairRequest]
) -> Iterator[tuple[PairRequest, Runs]]:
    """For each pair its maximal runs of starts one step apart, in order of time.

    Each run is a row ``[first, last]``, both ends included, in minutes from the day
    before the start date, 00:00Z.
    """
    minutes = prepared.raster.times - prepared.raster.origin
    columns = len(minutes)
    for first in range(0, len(pairs), _PAIRS_AT_ONCE):
        chunk = pairs[first : first + _PAIRS_AT_ONCE]
        mentors = [prepared.row[pair.mentor] for pair in chunk]
        mentees = [prepared.row[pair.mentee] for pair in chunk]
        both = np.zeros((len(chunk), columns + 1), dtype=np.bool_)
        np.logical_and(prepared.free[mentors], prepared.free[mentees], out=both[:, :columns])
        # A run goes on where a start is free and so is the one a step before it.
        goes_on = np.zeros_like(both)
        np.logical_and(both[:, 1:columns], both[:, : columns - 1], out=goes_on[:, 1:columns])
        goes_on[:, :columns] &= prepared.linked
        begins = np.flatnonzero(both & ~goes_on)
        ends_here = both.copy()
        ends_here[:, :-1] &= ~goes_on[:, 1:]
        ends = np.flatnonzero(ends_here)
        width = columns + 1
        runs = np.column_stack((minutes[begins % width], minutes[ends % width]))
        edges = np.searchsorted(begins, np.arange(1, len(chunk)) * width)
        yield from zip(chunk, np.split(runs, edges), strict=True)


def count_starts(runs: Iterable[Runs], step_minutes: int) -> int:
    """How many starts runs hold together."""
    return sum(int(((r[:, 1] - r[:, 0]) // step_minutes + 1).sum()) for r in runs)
