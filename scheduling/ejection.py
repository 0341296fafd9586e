"""Improves a crowded group: a pair may take others' time at the price of what they lose.

Where a person's weeks are full, no pair can move without another giving way. Each
session of the others is priced at what its pair would lose without it; the pair
then chooses its best series over free and priced time alike, and whoever lost a
session is planned again.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

import numpy as np

from scheduling.board import Booked, PairBoard
from scheduling.cost import MOVE, SKIP, Costs, goals_of
from scheduling.group import Choices, Group, total_goals
from scheduling.load import PersonLoad, week_of, week_slice
from scheduling.single import Choice, best_choice, option_bounds, realise

SERIES_TRIED = 3
PASSES = 2


def ejected(group: Group, choices: Choices) -> Choices:
    """Choices at least as good; ends after a pass over all pairs that gains nothing."""
    for _ in range(PASSES):
        before = total_goals(group.boards, choices)
        for board in group.boards:
            for trial in _trials(group, board, choices):
                if total_goals(group.boards, trial) <= total_goals(group.boards, choices):
                    choices = trial
                    break
        if total_goals(group.boards, choices) >= before:
            break
    return choices


def _trials(group: Group, board: PairBoard, choices: Choices) -> Iterator[Choices]:
    """The group's choices after the pair took each of a few series at the present prices."""
    base = group.standing_costs(board)
    prices = _prices(group, board, choices)
    priced = np.minimum(base + prices, SKIP)
    bounds = option_bounds(board, priced)
    present = choices[board.request.id]
    for option in np.argsort(bounds.total, kind="stable")[: SERIES_TRIED + 1].tolist():
        choice = realise(board, priced, bounds, option)
        paid = sum(int(prices[placed.position]) for placed in choice.placements)
        choice = replace(choice, cost=choice.cost - paid)
        if present is None or choice.placements != present.placements:
            yield _settled(group, board, {**choices, board.request.id: choice})


def _settled(group: Group, board: PairBoard, choices: Choices) -> Choices:
    """Everybody who shares a person with the pair planned again beside its new choice."""
    near = neighbours(group, board)
    # All who lost a session give up their time first, or one would block the other's way out.
    lost = [b for b in near if _collides(group, b, choices)]
    open_choices: Choices = dict(choices)
    for other in lost:
        open_choices[other.request.id] = None
    for other in (*lost, *(b for b in near if b not in lost), board):
        key = other.request.id
        open_choices[key] = best_choice(other, group.costs_among(other, open_choices))
    return open_choices


def neighbours(group: Group, board: PairBoard) -> list[PairBoard]:
    """The other pairs of the two people, each once."""
    found = {
        other.request.id: other
        for person in board.request.members
        for other, _ in group.of_person[person]
        if other is not board
    }
    return [found[key] for key in sorted(found)]


def _collides(group: Group, other: PairBoard, choices: Choices) -> bool:
    """Whether a pair's present sessions cannot stand beside everybody else's."""
    choice = choices[other.request.id]
    if choice is None:
        return False
    costs = group.costs_among(other, choices)
    return any(costs[placed.position] >= SKIP for placed in choice.placements)


def _prices(group: Group, board: PairBoard, choices: Choices) -> Costs:
    """For every start of the pair's raster what others would lose by it."""
    prices = np.zeros(len(board.frame.raster), dtype=np.int64)
    for person in board.request.members:
        sessions: list[tuple[Booked, int]] = []
        for other, role in group.of_person[person]:
            if other is not board:
                sessions += _priced_sessions(other, choices[other.request.id], role)
        if sessions:
            prices += _person_prices(board, group.standing[person], sessions)
    return np.minimum(prices, SKIP)


def _priced_sessions(
    board: PairBoard, choice: Choice | None, role: int
) -> list[tuple[Booked, int]]:
    if choice is None:
        return []
    found = []
    for placed, booked in zip(choice.placements, choice.booked[role], strict=True):
        cost = int(board.costs[placed.position]) + (MOVE if placed.moved else 0)
        found.append((booked, goals_of(SKIP - cost)))
    return found


def _person_prices(
    board: PairBoard, standing: PersonLoad, sessions: list[tuple[Booked, int]]
) -> Costs:
    """Prices of one person's time: by week where weeks are full, by day, by hour."""
    raster = board.frame.raster
    table = raster.zones[standing.person.zone]
    prices = np.zeros(len(raster), dtype=np.int64)
    weeks = _cheapest(sessions, standing, lambda b: week_of(b.day), standing.limits.per_week)
    for week, price in weeks.items():
        prices[week_slice(board, standing.person, week)] = price
    days = _cheapest(sessions, standing, lambda b: b.day, standing.limits.per_day)
    for booked, price in sessions:
        if booked.day not in days:
            clear = max(booked.buffer, raster.buffer)
            first = raster.first_at(booked.start - raster.duration - clear + 1)
            stretch = slice(first, raster.first_at(booked.end + clear))
            prices[stretch] = np.maximum(prices[stretch], price)
    for day, price in days.items():
        # Whoever gives up the day gives up the week as well.
        prices[table.day_slice(day - raster.first_day)] = price
    return prices


def _cheapest(
    sessions: list[tuple[Booked, int]],
    standing: PersonLoad,
    number_of: Callable[[Booked], int],
    cap: int | None,
) -> Mapping[int, int]:
    """The lowest price of each day or week that is full."""
    if cap is None:
        return {}
    count = Counter(number_of(booked) for booked in standing.sessions)
    cheapest: dict[int, int] = {}
    for booked, price in sessions:
        number = number_of(booked)
        count[number] += 1
        cheapest[number] = min(price, cheapest.get(number, price))
    return {number: price for number, price in cheapest.items() if count[number] >= cap}
