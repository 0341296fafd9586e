"""The best series and dates of one pair on a given cost of each start: exact.

A series slot is bounded by its cheapest session in each window taken alone; slots
are then realised, cheapest bound first, until no bound beats what was found.
"""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from scheduling.board import Booked, PairBoard, Placement, booked_for, kept_placements, placement
from scheduling.cost import SKIP, Costs


@dataclass(frozen=True, slots=True)
class Choice:
    """A series option of a pair and its sessions in order of windows, with their cost.

    ``booked`` holds the entries they make for mentor and mentee.
    """

    option: int
    placements: tuple[Placement, ...]
    cost: int
    booked: tuple[tuple[Booked, ...], tuple[Booked, ...]]


def _choice(board: PairBoard, option: int, placements: Sequence[Placement], cost: int) -> Choice:
    entries = [booked_for(board, placed) for placed in placements]
    both = (tuple(mine for mine, _ in entries), tuple(theirs for _, theirs in entries))
    return Choice(option, tuple(placements), cost, both)


@dataclass(frozen=True, slots=True, eq=False)
class Bounds:
    """For every option and open window the cheapest session alone.

    ``series`` and ``moved`` (option x window) are capped at ``SKIP``; ``total``
    is a lower bound of each option's cost.
    """

    day_costs: Costs
    series: Costs
    moved: Costs
    total: Costs


def option_bounds(board: PairBoard, costs: Costs) -> Bounds:
    """Bounds of every series option of the pair when starts cost ``costs``."""
    frame, rule = board.frame, board.request.rule
    day_costs = np.full(rule.horizon_days, SKIP, dtype=np.int64)
    if len(frame.day_first):
        day_costs[frame.days_present] = np.minimum.reduceat(costs, frame.day_first)
    by_window = day_costs.reshape(rule.occurrences, rule.window_days)
    best_moved = np.minimum((frame.nearness + by_window[:, None, :]).min(axis=2), SKIP)
    padded = np.append(costs, SKIP)
    position, nominal = frame.options.position, frame.options.nominal
    windows = np.array(board.windows, dtype=np.intp)
    if len(windows) < rule.occurrences:
        position, nominal = position[:, windows], nominal[:, windows]
    series = np.minimum(padded[position], SKIP)
    moved = best_moved[windows, nominal]
    return Bounds(day_costs, series, moved, np.minimum(series, moved).sum(axis=1))


def best_choice(board: PairBoard, costs: Costs) -> Choice | None:
    """The cheapest choice, or ``None`` if no zone of the pair can anchor a series."""
    bounds = option_bounds(board, costs)
    if not len(bounds.total):
        return None
    first = int(bounds.total.argmin())
    best = realise(board, costs, bounds, first)
    # The bound is nearly always reached at once, and the others need not be sorted then.
    if best.cost > bounds.total[first]:
        for option in np.argsort(bounds.total, kind="stable")[1:].tolist():
            if bounds.total[option] >= best.cost:
                break
            rival = realise(board, costs, bounds, option)
            best = rival if rival.cost < best.cost else best
    return best


def realise(board: PairBoard, costs: Costs, bounds: Bounds, option: int) -> Choice:
    """The cheapest sessions with a given series option."""
    windows = board.windows
    chosen: list[Placement] = []
    columns = zip(bounds.series[option].tolist(), bounds.moved[option].tolist(), strict=True)
    for window, (on_slot, off_slot) in zip(windows, columns, strict=True):
        if min(on_slot, off_slot) >= SKIP:
            continue
        if on_slot <= off_slot:
            position = int(board.frame.options.position[option, window])
            chosen.append(placement(board, window, position, moved=False))
        else:
            day = _nearest_day(board, bounds, option, window)
            chosen.append(_on_day(board, costs, option, window, day))
    fits = neighbour_test(board)
    everything = sorted((*chosen, *kept_placements(board)), key=lambda p: p.window)
    if all(fits(a, b) for a, b in itertools.pairwise(everything)):
        return _choice(board, option, chosen, int(bounds.total[option]))
    return _realise_with_gaps(board, costs, bounds, option)


def _nearest_day(board: PairBoard, bounds: Bounds, option: int, window: int) -> int:
    length = board.request.rule.window_days
    nominal = board.frame.options.nominal[option, window]
    days = bounds.day_costs[window * length : (window + 1) * length]
    return window * length + int(np.argmin(board.frame.nearness[window, nominal] + days))


def _on_day(board: PairBoard, costs: Costs, option: int, window: int, day: int) -> Placement:
    """The cheapest start of a day, nearest the series' hour among equals."""
    table = board.frame.raster.zones[board.mentor.zone]
    piece = table.day_slice(day)
    here = costs[piece]
    cheapest = np.flatnonzero(here == here.min())
    usual = board.frame.options.usual[option, window]
    away = np.abs(table.start[piece][cheapest] - usual)
    return placement(board, window, piece.start + int(cheapest[away.argmin()]), moved=True)


def neighbour_test(board: PairBoard) -> Callable[[Placement, Placement], bool]:
    """Whether two sessions of the pair may follow each other without one in between."""
    rule = board.request.rule
    day_cap, week_cap = rule.max_per_person_per_day, rule.max_per_person_per_week
    gap, buffer = rule.min_gap_days or 0, rule.buffer_minutes

    def fits(a: Placement, b: Placement) -> bool:
        apart = b.day - a.day
        if (a.moved or b.moved) and apart < gap:
            return False
        if apart > 8:
            return True
        if b.start < a.end + buffer:
            return False
        if day_cap == 1 and _same_local(a, b, 1):
            return False
        return not (week_cap == 1 and _same_local(a, b, 7))

    return fits


def _same_local(a: Placement, b: Placement, days: int) -> bool:
    """Whether two sessions share a local day (1) or Monday week (7) of either person."""
    return a.day // days == b.day // days or a.mentee_day // days == b.mentee_day // days


@dataclass(frozen=True, slots=True)
class _Path:
    cost: int
    placements: tuple[Placement, ...]


def _realise_with_gaps(board: PairBoard, costs: Costs, bounds: Bounds, option: int) -> Choice:
    """Dynamic programme over windows; the state is the last session placed so far."""
    fits = neighbour_test(board)
    kept = {p.window: p for p in kept_placements(board)}
    column_of = {window: c for c, window in enumerate(board.windows)}
    paths: dict[Placement | None, _Path] = {None: _Path(0, ())}
    for window in sorted({*kept, *column_of}):
        if window in kept:
            stands = kept[window]
            paths = _after_kept(paths, stands, fits)
            continue
        cheapest_first = sorted(paths.items(), key=_cost_of_path)
        reached = {last: _Path(path.cost + SKIP, path.placements) for last, path in paths.items()}
        for cost, candidate in _candidates(board, costs, bounds, option, window):
            before = next(
                (path for last, path in cheapest_first if last is None or fits(last, candidate)),
                None,
            )
            if before is not None:
                reached[candidate] = _Path(before.cost + cost, (*before.placements, candidate))
        paths = reached
    best = min(paths.values(), key=lambda path: path.cost)
    return _choice(board, option, best.placements, best.cost)


def _cost_of_path(reached: tuple[Placement | None, _Path]) -> int:
    return reached[1].cost


def _after_kept(
    paths: dict[Placement | None, _Path],
    stands: Placement,
    fits: Callable[[Placement, Placement], bool],
) -> dict[Placement | None, _Path]:
    """Paths that may be followed by a standing session; sessions too near to it give way."""
    possible = [path for last, path in paths.items() if last is None or fits(last, stands)]
    if not possible:  # Standing sessions are too near to each other; that is not ours to judge.
        possible = list(paths.values())
    return {stands: min(possible, key=lambda path: path.cost)}


def _candidates(
    board: PairBoard, costs: Costs, bounds: Bounds, option: int, window: int
) -> list[tuple[int, Placement]]:
    """The session on the slot and the best one of every other day within tolerance."""
    options, length = board.frame.options, board.request.rule.window_days
    found: list[tuple[int, Placement]] = []
    position = int(options.position[option, window])
    if position < len(costs) and costs[position] < SKIP:
        found.append((int(costs[position]), placement(board, window, position, moved=False)))
    near = board.frame.nearness[window, options.nominal[option, window]]
    days = bounds.day_costs[window * length : (window + 1) * length]
    for offset in np.flatnonzero(near + days < SKIP).tolist():
        moved = _on_day(board, costs, option, window, window * length + offset)
        found.append((int(near[offset] + days[offset]), moved))
    return found
