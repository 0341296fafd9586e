"""Everything one pair's choice depends on, laid out as arrays over its raster."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scheduling.cost import MOVE, SKIP, Costs
from scheduling.people import DAY_MINUTES, Person, epoch_minute
from scheduling.problem import PairRequest
from scheduling.raster import Raster, SeriesRows
from scheduling.rule import minute_of
from scheduling.zonetime import day_number, local_day

FARTHEST = 15
"""Nearness to the series slot is graded up to this many days (or hours)."""


@dataclass(frozen=True, slots=True, eq=False)
class SeriesOptions:
    """The series slots a pair may have, the mentor's zone first.

    ``position[o, k]`` is a raster position, or the raster's length where the
    occurrence cannot be; ``nominal[o, k]`` the day of window ``k`` (mentor's
    zone) on which it falls or would fall; ``usual[o, k]`` the minute of the mentor's
    day at which it would begin.
    """

    rows: tuple[SeriesRows, ...]
    anchor: NDArray[np.int32]
    row: NDArray[np.int32]
    position: NDArray[np.int32]
    nominal: NDArray[np.int32]
    usual: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.row)


@dataclass(frozen=True, slots=True, eq=False)
class PairFrame:
    """What pairs with the same raster, zones and holidays share.

    ``days_present`` are the mentor's local days that have starts and
    ``day_first`` the position of the first of each; ``nearness[k, n, d]`` is the
    cost of moving a session of window ``k`` from day ``n`` to day ``d`` of it,
    ``SKIP`` beyond the tolerance.
    """

    raster: Raster
    options: SeriesOptions
    days_present: NDArray[np.int32]
    day_first: NDArray[np.int64]
    nearness: Costs


@dataclass(frozen=True, slots=True, eq=False)
class PairBoard:
    """One pair: its request, the frame it shares, what each start costs the two, what to plan."""

    request: PairRequest
    mentor: Person
    mentee: Person
    frame: PairFrame
    costs: Costs
    windows: tuple[int, ...]


def pair_frame(
    raster: Raster,
    request: PairRequest,
    people: tuple[Person, Person],
    anchors: frozenset[str] | None,
) -> PairFrame:
    """The frame of a pair; equal for equal zones, absences and given series."""
    mentor, mentee = people
    options = _series_options(raster, request, (mentor.zone, mentee.zone), anchors)
    mentor_day = raster.zones[mentor.zone].day
    inside = (mentor_day >= 0) & (mentor_day < raster.rule.horizon_days)
    positions = np.flatnonzero(inside)
    days_present, first = np.unique(mentor_day[positions], return_index=True)
    holidays = mentor.absent_dates | mentee.absent_dates
    return PairFrame(
        raster,
        options,
        days_present,
        positions[first] if len(positions) else positions,
        _nearness(raster, np.array([day_number(d) for d in holidays], dtype=np.int64)),
    )


def _series_options(
    raster: Raster, request: PairRequest, zones: tuple[str, str], anchors: frozenset[str] | None
) -> SeriesOptions:
    given = request.series
    if given is not None:
        row = (given.phase, given.weekday, minute_of(given.start))
        rows = [raster.series_rows(given.zone, [row])]
    else:
        usable = [z for z in dict.fromkeys(zones) if anchors is None or z in anchors]
        rows = [raster.all_series(zone) for zone in usable]
    if not rows:
        nothing = np.zeros((0, raster.rule.occurrences), dtype=np.int32)
        return SeriesOptions((), nothing[:, 0], nothing[:, 0], nothing, nothing, nothing)
    position = np.concatenate([r.position for r in rows])
    instant = np.concatenate([r.instant for r in rows])
    in_weeks = np.concatenate([r.phase * 7 + r.weekday for r in rows])
    local = raster.offsets(zones[0]).local(instant)
    mentor_day = local // DAY_MINUTES - raster.first_day
    own_zone = np.concatenate([np.full(len(r.start), r.zone == zones[0]) for r in rows])
    own_start = np.concatenate([r.start for r in rows])
    starts = np.arange(raster.rule.occurrences) * raster.rule.window_days
    nominal = np.where(instant >= 0, mentor_day - starts, in_weeks[:, None])
    inside = (nominal >= 0) & (nominal < raster.rule.window_days)
    position = np.where(inside & (position >= 0), position, len(raster))
    return SeriesOptions(
        tuple(rows),
        np.repeat(np.arange(len(rows)), [len(r.phase) for r in rows]).astype(np.int32),
        np.concatenate([np.arange(len(r.phase)) for r in rows]).astype(np.int32),
        position.astype(np.int32),
        np.clip(nominal, 0, raster.rule.window_days - 1).astype(np.int32),
        np.where(own_zone[:, None], own_start[:, None], local % DAY_MINUTES).astype(np.int32),
    )


def working_day_count(raster: Raster, holidays: NDArray[np.int64]) -> NDArray[np.int64]:
    """Working days (Monday to Friday, no blackout date, no holiday) before each horizon day."""
    days = raster.first_day + np.arange(raster.rule.horizon_days + 1)
    off = np.concatenate(
        (holidays, np.array([day_number(d) for d in raster.rule.blackout_dates], dtype=np.int64))
    )
    # 1970-01-01 was a Thursday.
    works = ((days + 3) % 7 < 5) & ~np.isin(days, off)
    return np.concatenate(([0], np.cumsum(works)))


def _nearness(raster: Raster, holidays: NDArray[np.int64]) -> Costs:
    rule = raster.rule
    length = rule.window_days
    offsets = np.arange(length)
    apart = np.abs(offsets[:, None] - offsets[None, :])
    graded = MOVE + np.minimum(apart, FARTHEST).astype(np.int64)
    every = np.broadcast_to(graded, (rule.occurrences, length, length)).copy()
    if rule.tolerance_working_days is None:
        return every
    count = working_day_count(raster, holidays)
    day = np.arange(rule.occurrences)[:, None] * length + offsets[None, :]
    working = count[day]
    distance = np.abs(working[:, :, None] - working[:, None, :])
    every[distance > rule.tolerance_working_days] = SKIP
    return every


@dataclass(frozen=True, slots=True)
class Placement:
    """One session of a pair: window, raster position, epoch minutes, each one's horizon day.

    ``day`` is the mentor's, by which windows and gaps are counted.
    """

    window: int
    position: int
    start: int
    end: int
    day: int
    mentee_day: int
    moved: bool


@dataclass(frozen=True, slots=True)
class Booked:
    """One own session of a person: epoch minutes, local day number, minutes to keep clear."""

    start: int
    end: int
    day: int
    buffer: int


def placement(board: PairBoard, window: int, position: int, *, moved: bool) -> Placement:
    """The session at a raster position."""
    raster = board.frame.raster
    start = raster.instants[position]
    return Placement(
        window,
        position,
        start,
        start + raster.duration,
        raster.zones[board.mentor.zone].days[position],
        raster.zones[board.mentee.zone].days[position],
        moved,
    )


def kept_placements(board: PairBoard) -> list[Placement]:
    """The pair's standing sessions; as neighbours they count as moved, so the gap holds."""
    kept = []
    for session in board.request.kept:
        start, end = epoch_minute(session.span.start), epoch_minute(session.span.end)
        first = board.frame.raster.first_day
        day, mentee_day = (local_day(p.zone, start) - first for p in (board.mentor, board.mentee))
        kept.append(Placement(session.window, -1, start, end, day, mentee_day, moved=True))
    return sorted(kept, key=lambda p: p.window)


def booked_for(board: PairBoard, placed: Placement) -> tuple[Booked, Booked]:
    """The entries a session makes for mentor and mentee."""
    first, buffer = board.frame.raster.first_day, board.frame.raster.buffer
    mine = Booked(placed.start, placed.end, first + placed.day, buffer)
    theirs = Booked(placed.start, placed.end, first + placed.mentee_day, buffer)
    return mine, theirs
