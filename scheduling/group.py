"""Pairs that share people: who they are, what stands already, and what they cost together."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from scheduling.board import Booked, PairBoard
from scheduling.cost import SKIP, Costs, goals_of
from scheduling.load import Limits, PersonLoad, costs_beside
from scheduling.people import epoch_minute
from scheduling.problem import Commitment, PairRequest
from scheduling.single import Choice

Choices = dict[str, Choice | None]
"""A choice for every pair by id; ``None`` where no zone can anchor a series."""


@dataclass(frozen=True, slots=True)
class GroupPlan:
    """A choice for every pair of a group; is it proven that none is better?"""

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
    """Boards of pairs that share people, in order of pair ids, and standing sessions.

    The order does not depend on the order the pairs were asked for, so neither
    does the plan.
    """

    def __init__(self, boards: Sequence[PairBoard], commitments: Iterable[Commitment]) -> None:
        self.boards = tuple(sorted(boards, key=lambda b: b.request.id))
        self.standing: dict[str, PersonLoad] = {}
        for board in self.boards:
            rule = board.request.rule
            limits = Limits(rule.max_per_person_per_day, rule.max_per_person_per_week)
            for person in (board.mentor, board.mentee):
                known = self.standing.setdefault(person.id, PersonLoad(person, limits))
                known.limits = known.limits.tightened(limits)
        for commitment in commitments:
            self._stand(commitment)
        self.of_person: dict[str, list[tuple[PairBoard, int]]] = defaultdict(list)
        for board in self.boards:
            for role, person_id in enumerate(board.request.members):
                self.of_person[person_id].append((board, role))
            for kept in board.request.kept:
                self._stand(Commitment(frozenset(board.request.members), kept.span))

    def _stand(self, commitment: Commitment) -> None:
        start, end = epoch_minute(commitment.span.start), epoch_minute(commitment.span.end)
        for person in commitment.people:
            if person in self.standing:
                self.standing[person].stand(start, end)

    def standing_costs(self, board: PairBoard) -> Costs:
        """The pair's costs beside what stands already."""
        return costs_beside(board, (self.standing[p] for p in board.request.members))

    def loads(
        self, people: Iterable[str], choices: Mapping[str, Choice | None]
    ) -> dict[str, PersonLoad]:
        """The load of each of ``people``: what stands and what ``choices`` add."""
        found = {}
        for person in people:
            more: list[Booked] = []
            for board, role in self.of_person[person]:
                choice = choices.get(board.request.id)
                if choice is not None:
                    more += choice.booked[role]
            found[person] = self.standing[person].with_more(more)
        return found

    def costs_among(self, board: PairBoard, choices: Mapping[str, Choice | None]) -> Costs:
        """The pair's costs beside what stands and what the other pairs of ``choices`` take."""
        rest = {pair: choice for pair, choice in choices.items() if pair != board.request.id}
        return costs_beside(board, self.loads(board.request.members, rest).values())


def cost_of(board: PairBoard, choice: Choice | None) -> int:
    """What a choice costs; none at all skips every window."""
    return SKIP * len(board.windows) if choice is None else choice.cost


def total_goals(boards: Iterable[PairBoard], choices: Mapping[str, Choice | None]) -> int:
    """The sum of the pairs' costs, in what the goals speak of."""
    return sum(goals_of(cost_of(board, choices[board.request.id])) for board in boards)
