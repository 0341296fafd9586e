"""The five best other hours: for one date of a pair, or for its whole series."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from scheduling.board import FARTHEST, PairBoard, kept_placements, placement
from scheduling.boards import pair_boards, series_slot
from scheduling.cadence import SeriesSlot
from scheduling.cost import MOVE, SKIP, TENTATIVE, Costs, score_of
from scheduling.group import Group
from scheduling.people import epoch_minute, instant_at
from scheduling.plan import Score
from scheduling.problem import Problem
from scheduling.rule import minute_of
from scheduling.single import neighbour_test, option_bounds, realise
from scheduling.timespan import TimeSpan

OFFERED = 5
_SAME_DAY = 2


@dataclass(frozen=True, slots=True)
class Alternative:
    """Another time for one session: UTC start and end, soft hits, days from the usual day."""

    start: datetime
    end: datetime
    soft_hits: int
    days_away: int
    tentative: bool


@dataclass(frozen=True, slots=True)
class SeriesAlternative:
    """Another series slot for a pair and how its dates would fare."""

    series: SeriesSlot
    score: Score


def alternatives(
    problem: Problem,
    pair_id: str,
    window: int,
    *,
    count: int = OFFERED,
    avoid: Iterable[TimeSpan] = (),
) -> tuple[Alternative, ...]:
    """Other times for the session of one cadence window, best first; possibly none.

    Parameters:
        problem: holds the pair with its other sessions in ``kept``. If the pair's
            ``series`` is given, the tolerance around it holds and nearer days win.
        avoid: spans not to be offered again, nor anything that overlaps them or
            begins within one session's length of them.

    Returns:
        Times that do not overlap each other, at most two on one day.
    """
    board = _board(problem, pair_id)
    costs = _standing_costs(problem, board)
    positions = _positions_in(board, window)
    rank = costs[positions] + _days_away_costs(board, window, positions)
    rank[_avoided(board, positions, avoid)] = SKIP
    fits = neighbour_test(board)
    neighbours = kept_placements(board)
    chosen: list[Alternative] = []
    per_day: dict[int, int] = {}
    for index in np.argsort(rank, kind="stable").tolist():
        if len(chosen) == count or rank[index] >= SKIP:
            break
        here = placement(board, window, int(positions[index]), moved=True)
        start, end = instant_at(here.start), instant_at(here.end)
        if per_day.get(here.day, 0) >= _SAME_DAY:
            continue
        if any(start < other.end and other.start < end for other in chosen):
            continue
        before_and_after = (
            fits(n, here) if n.window < window else fits(here, n) for n in neighbours
        )
        if not all(before_and_after):
            continue
        per_day[here.day] = per_day.get(here.day, 0) + 1
        cost = int(costs[positions[index]])
        days = int(rank[index] - cost - MOVE) // 4 if board.request.series else 0
        soft = score_of(cost, 1).soft_hits
        chosen.append(Alternative(start, end, soft, days, cost >= TENTATIVE))
    return tuple(chosen)


def series_alternatives(
    problem: Problem,
    pair_id: str,
    *,
    count: int = OFFERED,
    avoid: Iterable[SeriesSlot] = (),
) -> tuple[SeriesAlternative, ...]:
    """Other series slots for a pair, best first; possibly none.

    No two offered lie within one session's length of each other on one weekday,
    and none so near to one of ``avoid``, whatever its week.
    """
    board = _board(problem, pair_id)
    costs = _standing_costs(problem, board)
    bounds = option_bounds(board, costs)
    taken = list(avoid)
    chosen: list[SeriesAlternative] = []
    nothing = SKIP * len(board.windows)
    for option in np.argsort(bounds.total, kind="stable").tolist():
        if len(chosen) == count or bounds.total[option] >= nothing:
            break
        slot = series_slot(board, option)
        if any(_near(slot, other, board.request.rule.duration_minutes) for other in taken):
            continue
        choice = realise(board, costs, bounds, option)
        taken.append(slot)
        score = score_of(choice.cost, len(board.windows))
        chosen.append(SeriesAlternative(slot, score))
    return tuple(chosen)


def _board(problem: Problem, pair_id: str) -> PairBoard:
    request = next(pair for pair in problem.pairs if pair.id == pair_id)
    return next(iter(pair_boards(problem, [request])))


def _standing_costs(problem: Problem, board: PairBoard) -> Costs:
    group = Group([board], problem.commitments)
    return group.standing_costs(board)


def _positions_in(board: PairBoard, window: int) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    length = board.request.rule.window_days
    table = board.frame.raster.zones[board.mentor.zone]
    piece = table.days_slice(window * length, (window + 1) * length)
    return np.arange(piece.start, piece.stop, dtype=np.intp)


def _days_away_costs(
    board: PairBoard, window: int, positions: np.ndarray[tuple[int], np.dtype[np.intp]]
) -> Costs:
    """Cost of each position's distance from the usual day and hour, ``SKIP`` beyond tolerance."""
    series = board.request.series
    if series is None:
        return np.zeros(len(positions), dtype=np.int64)
    table = board.frame.raster.zones[board.mentor.zone]
    nominal = int(board.frame.options.nominal[0, window])
    offsets = table.day[positions] - window * board.request.rule.window_days
    near = board.frame.nearness[window, nominal][offsets]
    hours = np.abs(table.start[positions] - minute_of(series.start)) // 180
    days = (near - MOVE).clip(0, FARTHEST) * 4
    return np.where(near >= SKIP, SKIP, MOVE + days + np.minimum(hours, 3)).astype(np.int64)


def _avoided(
    board: PairBoard,
    positions: np.ndarray[tuple[int], np.dtype[np.intp]],
    avoid: Iterable[TimeSpan],
) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    starts = board.frame.raster.times[positions]
    length = board.request.rule.duration_minutes
    hit = np.zeros(len(positions), dtype=np.bool_)
    for span in avoid:
        begin, end = epoch_minute(span.start), epoch_minute(span.end)
        hit |= (starts < end + length) & (starts > begin - 2 * length)
    return hit


def _near(a: SeriesSlot, b: SeriesSlot, minutes: int) -> bool:
    apart = abs(minute_of(a.start) - minute_of(b.start))
    return a.weekday == b.weekday and apart <= minutes
