"""Pairs that share people solved together, exactly: branch and bound over conflicts.

Each pair has its best choice alone; their sum is a lower bound. If two choices
collide (or three break a cap) the search branches: in each branch one of the pairs
is kept away from the contested time, day or week, and only that pair is solved
again. Branches are taken cheapest bound first, so the first plan without a
conflict is the best one.

Source: conflict-based search (Sharon, Stern, Felner, Sturtevant, Artificial
Intelligence 219, 2015), with pairs for agents and a person's time for places.
"""

import heapq
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count

from scheduling.board import Booked, PairBoard
from scheduling.cost import SKIP, Costs
from scheduling.group import Choices, Group, total_goals
from scheduling.load import PersonLoad, costs_beside, times_forbidden, week_of, week_slice
from scheduling.people import Person
from scheduling.single import Choice, best_choice

CONFLICTS_WEIGHED = 6
"""Conflicts tried at each branching; the one that lifts the bound most is taken."""
CROWDED = 200
"""Cost below every goal of a start that would collide with a present choice of another pair."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The best choices found, if any; ``proven`` when the search was not cut short.

    ``branched`` counts how often it branched: what it cost.
    """

    choices: Choices | None
    proven: bool
    branched: int


@dataclass(frozen=True, slots=True)
class _Conflict:
    """Sessions of different pairs that cannot all be: one of the pairs must avoid its stretch."""

    boards: tuple[PairBoard, ...]
    contested: "_Contested"
    number: int


@dataclass(frozen=True, slots=True)
class _Node:
    """A state of the search: choices, what each pair is kept away from, what still collides."""

    choices: Choices
    away: Mapping[str, tuple[slice, ...]]
    goals: int
    conflicts_of: Mapping[str, Sequence[_Conflict]]
    collisions: int


class JointSearch:
    """Exact search over some pairs of a group, the others' choices standing still."""

    def __init__(self, group: Group, boards: Sequence[PairBoard], others: Choices) -> None:
        self.boards = boards
        ids = {board.request.id for board in boards}
        people = {person for board in boards for person in board.request.members}
        fixed = {pair: choice for pair, choice in others.items() if pair not in ids}
        self.loads = group.loads(people, fixed)
        self.costs: dict[str, Costs] = {}
        self.of_person: dict[str, list[tuple[PairBoard, int]]] = defaultdict(list)
        for board in boards:
            loads = (self.loads[person] for person in board.request.members)
            self.costs[board.request.id] = costs_beside(board, loads)
            for role, person in enumerate(board.request.members):
                self.of_person[person].append((board, role))
        self.shared = {p for p, members in self.of_person.items() if len(members) > 1}

    def best(self, node_limit: int, below: int | None = None) -> Outcome:
        """The best joint choices; ``None`` if nothing is cheaper than ``below`` (goals).

        ``node_limit`` bounds how often the search branches; within it the outcome is proven.
        """
        order = count()
        queue: list[tuple[int, int, int, _Node]] = []

        def put(node: _Node) -> None:
            if below is None or node.goals < below:
                heapq.heappush(queue, (node.goals, node.collisions, next(order), node))

        put(self._root())
        for branched in range(node_limit):
            if not queue:
                return Outcome(None, proven=True, branched=branched)
            node = heapq.heappop(queue)[-1]
            if not node.collisions:
                return Outcome(node.choices, proven=True, branched=branched)
            for child in self._children(node):
                put(child)
        return Outcome(None, proven=False, branched=node_limit)

    def _root(self) -> _Node:
        choices: Choices = {}
        for board in self.boards:
            choices[board.request.id] = self._solve(board, choices, ())
        away: dict[str, tuple[slice, ...]] = {board.request.id: () for board in self.boards}
        conflicts = {person: self._conflicts(person, choices) for person in sorted(self.shared)}
        return self._node(choices, away, conflicts)

    def _node(
        self,
        choices: Choices,
        away: Mapping[str, tuple[slice, ...]],
        conflicts: Mapping[str, Sequence[_Conflict]],
    ) -> _Node:
        goals = total_goals(self.boards, choices)
        return _Node(choices, away, goals, conflicts, sum(map(len, conflicts.values())))

    def _children(self, node: _Node) -> list[_Node]:
        """One node for each way out of a conflict, or one that settles some for nothing.

        A child that costs no more and collides less may stand in for its parent without
        keeping the restriction that led to it: nothing is ruled out. Otherwise the
        conflict is taken whose ways out are dearest, of the first few: it lifts the
        bound most.
        """
        conflicts = [conflict for found in node.conflicts_of.values() for conflict in found]
        dearest: list[_Node] = []
        for conflict in conflicts[:CONFLICTS_WEIGHED]:
            children = []
            for board in conflict.boards:
                stretch = conflict.contested.stretch(board, conflict.number)
                child = self._child(node, board, stretch)
                if child.goals == node.goals and child.collisions < node.collisions:
                    return [replace(child, away=node.away)]
                children.append(child)
            if not dearest or _least_goals(children) > _least_goals(dearest):
                dearest = children
            if _least_goals(dearest) > node.goals:
                break
        return dearest

    def _child(self, node: _Node, board: PairBoard, stretch: slice) -> _Node:
        key = board.request.id
        away = {**node.away, key: (*node.away[key], stretch)}
        others = {pair: c for pair, c in node.choices.items() if pair != key}
        choices = {**others, key: self._solve(board, others, away[key])}
        affected = {
            p: self._conflicts(p, choices) for p in board.request.members if p in self.shared
        }
        return self._node(choices, away, {**node.conflicts_of, **affected})

    def _solve(self, board: PairBoard, others: Choices, away: Sequence[slice]) -> Choice | None:
        """The pair's best choice off the stretches, dodging the others where that is free."""
        costs = self.costs[board.request.id].copy()
        for person in board.request.members:
            more = [b for other, b in self._booked(person, others) if other is not board]
            if more:
                times = times_forbidden(board, self.loads[person].with_more(more))
                if times is not None:
                    costs += CROWDED * times
        for stretch in away:
            costs[stretch] = SKIP
        return best_choice(board, costs)

    def _booked(self, person: str, choices: Choices) -> list[tuple[PairBoard, Booked]]:
        """The entries that the choices of these pairs make for one person."""
        found = []
        for board, role in self.of_person[person]:
            choice = choices.get(board.request.id)
            if choice is not None:
                found += [(board, booked) for booked in choice.booked[role]]
        return found

    def _conflicts(self, person: str, choices: Choices) -> list[_Conflict]:
        """What collides in one person's time: whole weeks first, then days, then hours."""
        load = self.loads[person]
        entries = sorted(self._booked(person, choices), key=_when)
        return [
            *_over_cap(entries, load, load.limits.per_week, _Week(load.person)),
            *_over_cap(entries, load, load.limits.per_day, _Day(load.person)),
            *_overlaps(entries),
        ]


def _least_goals(nodes: Sequence[_Node]) -> int:
    return min(node.goals for node in nodes)


def _when(entry: tuple[PairBoard, Booked]) -> tuple[int, str]:
    return entry[1].start, entry[0].request.id


@dataclass(frozen=True, slots=True)
class _Day:
    """Local days of a person, for counting sessions."""

    person: Person

    def number(self, booked: Booked) -> int:
        return booked.day

    def stretch(self, board: PairBoard, day: int) -> slice:
        raster = board.frame.raster
        return raster.zones[self.person.zone].day_slice(day - raster.first_day)


@dataclass(frozen=True, slots=True)
class _Week:
    """Monday weeks of a person, for counting sessions."""

    person: Person

    def number(self, booked: Booked) -> int:
        return week_of(booked.day)

    def stretch(self, board: PairBoard, week: int) -> slice:
        return week_slice(board, self.person, week)


@dataclass(frozen=True, slots=True)
class _Minute:
    """Minutes that only one session can hold, or keep clear after itself."""

    clear: int

    def stretch(self, board: PairBoard, minute: int) -> slice:
        raster = board.frame.raster
        first = minute - raster.duration - self.clear + 1
        return slice(raster.first_at(first), raster.first_at(minute + 1))


_Contested = _Day | _Week | _Minute


def _over_cap(
    entries: Sequence[tuple[PairBoard, Booked]],
    load: PersonLoad,
    cap: int | None,
    period: _Day | _Week,
) -> list[_Conflict]:
    """For each period with too many sessions, the fewest that are one too many."""
    if cap is None or len(entries) <= 1:
        return []
    numbers = [period.number(booked) for _, booked in entries]
    if not load.sessions and len(set(numbers)) == len(numbers):
        return []
    room = Counter(period.number(booked) for booked in load.sessions)
    found: list[_Conflict] = []
    for number, taken in Counter(numbers).items():
        left = cap - room[number]
        if taken <= left:
            continue
        here = [entry[0] for entry, at in zip(entries, numbers, strict=True) if at == number]
        one_too_many = list(dict.fromkeys(here[: max(left, 0) + 1]))
        if len(one_too_many) > 1:
            found.append(_Conflict(tuple(one_too_many), period, number))
    return found


def _overlaps(entries: Sequence[tuple[PairBoard, Booked]]) -> list[_Conflict]:
    """Sessions of two pairs that run into each other or into the minutes kept clear."""
    found: list[_Conflict] = []
    for n, (board, booked) in enumerate(entries):
        for other, later in entries[n + 1 :]:
            clear = max(booked.buffer, later.buffer)
            if later.start >= booked.end + clear:
                break
            if other is not board:
                found.append(_Conflict((board, other), _Minute(clear), later.start))
    return found
