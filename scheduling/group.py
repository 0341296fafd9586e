"""Pairs that share people, planned together."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from scheduling.board import PairBoard
from scheduling.cost import SKIP
from scheduling.load import Booked, Limits, PersonLoad, costs_beside
from scheduling.people import epoch_minute
from scheduling.problem import Commitment, PairRequest
from scheduling.single import Choice, best_choice


@dataclass(frozen=True, slots=True)
class GroupPlan:
    """A choice for every pair of a group (``None``: no series slot at all); is it proven?"""

    choices: Mapping[str, Choice | None]
    proven_optimal: bool


def connected(pairs: Sequence[PairRequest]) -> list[list[PairRequest]]:
    """Pairs in groups that share nobody with each other, in the order given."""
    leader: dict[str, str] = {}

    def find(person: str) -> str:
        while leader.setdefault(person, person) != person:
            leader[person] = leader[leader[person]]
            person = leader[person]
        return person

    for pair in pairs:
        leader[find(pair.mentee)] = find(pair.mentor)
    groups: dict[str, list[PairRequest]] = {}
    for pair in pairs:
        groups.setdefault(find(pair.mentor), []).append(pair)
    return list(groups.values())


class Group:
    """Boards of pairs that share people, and the load each person carries already."""

    def __init__(self, boards: Sequence[PairBoard], commitments: Iterable[Commitment]) -> None:
        self.boards = tuple(boards)
        self.loads: dict[str, PersonLoad] = {}
        for board in boards:
            rule = board.request.rule
            limits = Limits(rule.max_per_person_per_day, rule.max_per_person_per_week)
            for person in (board.mentor, board.mentee):
                known = self.loads.setdefault(person.id, PersonLoad(person, limits))
                known.limits = known.limits.tightened(limits)
        for commitment in commitments:
            self._stand(commitment)
        for board in boards:
            for kept in board.request.kept:
                self._stand(Commitment(frozenset(board.request.members), kept.span))

    def _stand(self, commitment: Commitment) -> None:
        start, end = epoch_minute(commitment.span.start), epoch_minute(commitment.span.end)
        for person in commitment.people:
            if person in self.loads:
                load = self.loads[person]
                load.sessions.append(load.booked(start, end, 0))

    def loads_of(self, board: PairBoard) -> tuple[PersonLoad, PersonLoad]:
        """The loads of the pair's two people."""
        return self.loads[board.mentor.id], self.loads[board.mentee.id]

    def best_beside(self, board: PairBoard) -> Choice | None:
        """The pair's best choice beside everything its people carry at present."""
        return best_choice(board, costs_beside(board, self.loads_of(board)))

    def take(self, board: PairBoard, choice: Choice) -> list[tuple[PersonLoad, Booked]]:
        """Add a choice to the loads; what was added, to take it back with ``release``."""
        buffer = board.request.rule.buffer_minutes
        added = []
        for load in self.loads_of(board):
            for placed in choice.placements:
                booked = load.booked(placed.start, placed.end, buffer)
                load.sessions.append(booked)
                added.append((load, booked))
        return added

    def release(self, added: Iterable[tuple[PersonLoad, Booked]]) -> None:
        """Take back what ``take`` added."""
        for load, booked in added:
            load.sessions.remove(booked)


def plan_group(group: Group) -> GroupPlan:
    """A plan of the group: hardest pair first, each beside those before it."""
    alone = {board.request.id: group.best_beside(board) for board in group.boards}

    def cost(board: PairBoard) -> int:
        choice = alone[board.request.id]
        return SKIP * len(board.request.open_windows) if choice is None else choice.cost

    choices: dict[str, Choice | None] = {}
    for board in sorted(group.boards, key=cost, reverse=True):
        choice = group.best_beside(board)
        choices[board.request.id] = choice
        if choice is not None:
            group.take(board, choice)
    proven = all(
        (None if a is None else a.cost) == (None if b is None else b.cost)
        for a, b in ((alone[key], choices[key]) for key in choices)
    )
    return GroupPlan(choices, proven)
