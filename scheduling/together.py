"""Plans a group: exactly where that is within reach, else by exact pieces and local search."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from scheduling.board import PairBoard
from scheduling.cost import goals_of
from scheduling.ejection import ejected, neighbours
from scheduling.group import Choices, Group, GroupPlan, cost_of, total_goals
from scheduling.joint import JointSearch
from scheduling.rebuilding import rebuilt
from scheduling.single import Choice, best_choice

EXACT_PAIRS = 8
"""Groups of at most this many pairs are first tried as a whole."""
EXACT_CROWDING = 6
"""Where more sessions than this cannot be, a search from the best of each ends nowhere."""
PIECE_BRANCHES = 30
PIECE_SIZES = (2, 3, 4)
THOROUGH_UP_TO = 2000


@dataclass(frozen=True, slots=True)
class Effort:
    """How long to search before being content.

    ``exact_branches`` bounds the search of a whole group. Beyond that, for each pair of
    the group, ``tries_per_pair`` times some are planned again in another order, and
    ``branches_per_pair`` are spent on exact pieces of it.
    """

    exact_branches: int = 200
    tries_per_pair: int = 16
    branches_per_pair: int = 10


def effort_for(pairs: int) -> Effort:
    """Thorough for a firm, brisk where thousands of pairs are planned at once."""
    return Effort() if pairs <= THOROUGH_UP_TO else Effort(60, 8, 5)


def plan_group(group: Group, effort: Effort) -> GroupPlan:
    """The best plan of a group that was found, and whether it is proven to be the best."""
    alone: Choices = {
        board.request.id: best_choice(board, group.standing_costs(board)) for board in group.boards
    }
    if len(group.boards) == 1:
        return GroupPlan(alone, proven_optimal=True)
    floor = total_goals(group.boards, alone)
    if len(group.boards) <= EXACT_PAIRS and crowding(group, alone) <= EXACT_CROWDING:
        outcome = JointSearch(group, group.boards, {}).best(effort.exact_branches)
        if outcome.choices is not None:
            return GroupPlan(outcome.choices, proven_optimal=True)
    choices = _one_after_another(group, alone)
    # Always the same chance, so the plan follows from the group alone.
    chance = Random(0)
    choices = rebuilt(group, choices, effort.tries_per_pair * len(group.boards), chance)
    choices = _improved(group, ejected(group, choices), alone, effort)
    return GroupPlan(choices, total_goals(group.boards, choices) == floor)


def crowding(group: Group, choices: Mapping[str, Choice | None]) -> int:
    """How many sessions of ``choices`` the weeks of people in several pairs have no room for."""
    over = 0
    for person, pairs in group.of_person.items():
        cap = group.standing[person].limits.per_week
        if cap is None or len(pairs) < 2:
            continue
        rules = [board.request.rule for board, _ in pairs]
        if (
            len(
                {
                    (rule.interval_weeks, board.request.start_date)
                    for rule, (board, _) in zip(rules, pairs, strict=True)
                }
            )
            > 1
        ):
            continue
        wanted = Counter(
            placed.window
            for board, _ in pairs
            if (choice := choices[board.request.id]) is not None
            for placed in choice.placements
        )
        room = cap * rules[0].interval_weeks
        over += sum(max(0, count - room) for count in wanted.values())
    return over


def _one_after_another(group: Group, alone: Choices) -> Choices:
    """Each pair beside those before it, the hardest first."""
    choices: Choices = {}
    hardest = sorted(group.boards, key=lambda b: -cost_of(b, alone[b.request.id]))
    for board in hardest:
        choices[board.request.id] = best_choice(board, group.costs_among(board, choices))
    return choices


def _improved(group: Group, choices: Choices, alone: Choices, effort: Effort) -> Choices:
    """Solve neighbouring pairs together again, the rest standing still.

    Ends when no piece helps any more or the branches allowed for the group are spent.
    """
    left = effort.branches_per_pair * len(group.boards)
    for size in PIECE_SIZES:
        if size >= len(group.boards):
            break  # The whole group has been tried with more branches than a piece gets.
        helped = True
        while helped and left > 0:
            helped = False
            for piece in _pieces(group, choices, alone, size):
                below = total_goals(piece, choices)
                outcome = JointSearch(group, piece, choices).best(PIECE_BRANCHES, below)
                left -= 1 + outcome.branched
                if outcome.choices is not None:
                    choices, helped = {**choices, **outcome.choices}, True
                if left <= 0:
                    break
    return choices


def _pieces(
    group: Group, choices: Choices, alone: Choices, size: int
) -> Iterator[Sequence[PairBoard]]:
    """Pairs that lose by the others' presence, each with some that share a person with it.

    Who lost most comes first; every neighbour of it is in one piece at least.
    """

    def lost(board: PairBoard) -> int:
        key = board.request.id
        return goals_of(cost_of(board, choices[key])) - goals_of(cost_of(board, alone[key]))

    for board in sorted(group.boards, key=lost, reverse=True):
        if lost(board) <= 0:
            return
        near = neighbours(group, board)
        others = size - 1
        for first in range(len(near)):
            picked = [near[(first + step * step) % len(near)] for step in range(others)]
            piece = list(dict.fromkeys([board, *picked]))
            if len(piece) == size:
                yield piece
