"""Boards for the pairs of a problem: people are prepared once per rule and start date."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from scheduling.availability import State, availability
from scheduling.board import PairBoard, PairFrame, pair_frame
from scheduling.cadence import SeriesSlot
from scheduling.cost import pair_costs
from scheduling.people import epoch_minute, instant_at
from scheduling.problem import PairRequest, Problem
from scheduling.raster import Raster, local_time, raster_of
from scheduling.rule import CadenceRule


@dataclass(frozen=True, slots=True)
class _RasterKey:
    rule: CadenceRule
    start_date: date


def pair_boards(problem: Problem, pairs: Iterable[PairRequest]) -> Iterable[PairBoard]:
    """A board for each of ``pairs``; people are prepared once per rule and start date."""
    by_raster: dict[_RasterKey, list[PairRequest]] = {}
    for pair in pairs:
        by_raster.setdefault(_RasterKey(pair.rule, pair.start_date), []).append(pair)
    for key, members in by_raster.items():
        people = {person: problem.people[person] for pair in members for person in pair.members}
        zones = frozenset(p.zone for p in people.values())
        raster = raster_of(key.rule, key.start_date, zones)
        earliest = first_minute_after(problem.now + key.rule.min_notice)
        states = availability(raster, list(people.values()), earliest)
        yield from _boards(problem, raster, members, states)


def first_minute_after(instant: datetime) -> int:
    """The first whole epoch minute that is not before ``instant``."""
    whole = epoch_minute(instant)
    return whole if instant_at(whole) >= instant else whole + 1


def _boards(
    problem: Problem,
    raster: Raster,
    pairs: Iterable[PairRequest],
    states: Mapping[str, State],
) -> Iterable[PairBoard]:
    frames: dict[tuple[object, ...], PairFrame] = {}
    for pair in pairs:
        mentor, mentee = (problem.people[person] for person in pair.members)
        holidays = mentor.absent_dates | mentee.absent_dates
        key = (mentor.zone, mentee.zone, holidays, pair.series)
        if key not in frames:
            frames[key] = pair_frame(raster, pair, (mentor, mentee), problem.anchor_zones)
        costs = pair_costs(states[mentor.id], states[mentee.id])
        yield PairBoard(pair, mentor, mentee, frames[key], costs, pair.open_windows)


def series_slot(board: PairBoard, option: int) -> SeriesSlot:
    """The series slot a row of the board's options stands for."""
    options = board.frame.options
    rows = options.rows[options.anchor[option]]
    row = options.row[option]
    phase, weekday = int(rows.phase[row]), int(rows.weekday[row])
    first = board.request.start_date + timedelta(days=phase * 7 + weekday)
    return SeriesSlot(rows.zone, weekday, local_time(int(rows.start[row])), phase, first)
