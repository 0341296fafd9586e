"""Groups in which people have more pairs than their weeks have room for."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduling.boards import pair_boards
from scheduling.ejection import ejected
from scheduling.group import Choices, Group, cost_of, total_goals
from scheduling.people import WorkingHours, instant_at
from scheduling.plan import PairPlan, Plan, PlannedSession
from scheduling.planner import plan
from scheduling.problem import Commitment, KeptSession, Problem
from scheduling.rebuilding import rebuilt
from scheduling.rule import CadenceRule
from scheduling.single import Choice, best_choice
from scheduling.timespan import TimeSpan
from scheduling.together import Effort, crowding, plan_group
from tests.scheduling.builders import MONDAY, busy_daily, person, problem
from tests.scheduling.checker import conflicts
from tests.scheduling.strategies import problems

# One senior in four pairs, of which one has a second senior; and a ring, where each has two.
CROWD = (("a", "x"), ("b", "x"), ("c", "x"), ("d", "x"), ("d", "y"))
RING = (("a", "x"), ("b", "x"), ("b", "y"), ("a", "y"))
crowded = problems(CROWD) | problems(RING)
# No exact search and no exact pieces: what is left is order, rebuilding and ejection.
REBUILT_ALONE = Effort(exact_branches=0, tries_per_pair=3, branches_per_pair=0)


def group_of(asked: Problem) -> Group:
    """The group of a problem whose pairs all hang together."""
    return Group(list(pair_boards(asked, asked.pairs)), asked.commitments)


def in_turn(group: Group, first: tuple[str, ...] = ()) -> Choices:
    """Each pair beside those before it: these first, then the others by their ids."""
    choices: Choices = {}
    boards = sorted(group.boards, key=lambda b: (b.request.id not in first, b.request.id))
    for board in boards:
        choices[board.request.id] = best_choice(board, group.costs_among(board, choices))
    return choices


def starts(choice: Choice | None) -> list[int]:
    """When the sessions of a choice begin."""
    return [] if choice is None else [placed.start for placed in choice.placements]


# --- rebuilding --------------------------------------------------------------------------


@settings(max_examples=12)
@given(crowded, st.integers(0, 9))
def test_rebuilding_never_makes_a_plan_worse_and_leaves_what_it_was_given(
    asked: Problem, seed: int
) -> None:
    group = group_of(asked)
    before = in_turn(group)
    given_ = dict(before)
    after = rebuilt(group, before, 8, Random(seed))
    assert total_goals(group.boards, after) <= total_goals(group.boards, before)
    assert before == given_
    assert set(after) == set(before)


@settings(max_examples=6)
@given(crowded, st.integers(0, 9))
def test_rebuilding_follows_from_its_chance_alone(asked: Problem, seed: int) -> None:
    group = group_of(asked)
    before = in_turn(group)
    once, again = (rebuilt(group, before, 8, Random(seed)) for _ in range(2))
    assert {k: starts(c) for k, c in once.items()} == {k: starts(c) for k, c in again.items()}


def test_without_tries_nothing_is_rebuilt() -> None:
    group = group_of(problem([person(n) for n in "abx"], [("a", "x"), ("b", "x")]))
    before = in_turn(group)
    assert rebuilt(group, before, 0, Random(1)) == before


def test_rebuilding_gives_its_only_hour_to_the_pair_that_came_too_late() -> None:
    """The first pair could be anywhere and sits on the one hour that the second has."""
    weekly = CadenceRule(interval_weeks=1, occurrences=18)
    asked = problem([person(n) for n in "abx"], [("a", "x"), ("b", "x")], weekly)
    loose = replace(weekly, max_per_person_per_week=2)
    asked = replace(asked, pairs=tuple(replace(pair, rule=loose) for pair in asked.pairs))
    chosen = in_turn(group_of(asked), first=("b+x",))["b+x"]
    first = instant_at(starts(chosen)[0]).astimezone(ZoneInfo("Europe/London"))
    begin = first.hour * 60 + first.minute
    narrow = person("a", hours=WorkingHours.every([first.weekday()], begin, begin + 60))
    group = group_of(replace(asked, people={**asked.people, "a": narrow}))
    before = in_turn(group, first=("b+x",))
    assert starts(before["a+x"]) == []
    after = rebuilt(group, before, 20, Random(0))
    assert len(starts(after["a+x"])) == len(starts(after["b+x"])) == 18


@settings(max_examples=8)
@given(crowded)
def test_what_rebuilding_leaves_passes_the_independent_checker(asked: Problem) -> None:
    assert conflicts(asked, plan(asked, explained=False, effort=REBUILT_ALONE)) == []


@settings(max_examples=6)
@given(crowded)
def test_ejection_never_makes_a_plan_worse(asked: Problem) -> None:
    group = group_of(asked)
    before = in_turn(group)
    after = ejected(group, before)
    assert total_goals(group.boards, after) <= total_goals(group.boards, before)


# --- what is fixed -----------------------------------------------------------------------


@settings(max_examples=6)
@given(crowded, st.data())
def test_sessions_that_stand_keep_their_place_among_crowded_pairs(
    asked: Problem, data: st.DataObject
) -> None:
    """Of a first plan some pairs keep their early dates, one is another program's: no session of
    the second plan meets them, and no kept window is filled twice."""
    first = plan(asked, explained=False, effort=REBUILT_ALONE)
    pairs, foreign = [], []
    for pair in asked.pairs:
        found = first.pairs[pair.id]
        sessions = found.sessions if isinstance(found, PairPlan) else ()
        kept = tuple(
            KeptSession(s.window, TimeSpan(s.start, s.end))
            for s in sessions
            if data.draw(st.booleans())
        )
        if pair is asked.pairs[0]:
            foreign = [Commitment(frozenset(pair.members), k.span) for k in kept]
        else:
            pairs.append(replace(pair, kept=kept))
    again = replace(asked, pairs=tuple(pairs), commitments=tuple(foreign))
    second = plan(again, explained=False, effort=REBUILT_ALONE)
    standing = [
        *foreign,
        *(Commitment(frozenset(p.members), k.span) for p in pairs for k in p.kept),
    ]
    for pair in pairs:
        for session in _sessions(second, pair.id):
            assert session.window not in {kept.window for kept in pair.kept}
            span = TimeSpan(session.start, session.end)
            for other in standing:
                if not other.people.isdisjoint(pair.members):
                    assert not span.overlaps(other.span)


def _sessions(found: Plan, pair_id: str) -> Sequence[PlannedSession]:
    result = found.pairs[pair_id]
    return result.sessions if isinstance(result, PairPlan) else ()


# --- the whole of a crowded group --------------------------------------------------------


@settings(max_examples=5)
@given(crowded)
def test_a_crowded_plan_lies_between_each_alone_and_one_after_another(asked: Problem) -> None:
    """Proven is said of no plan that costs more than everybody alone, unless it was searched."""
    group = group_of(asked)
    alone: Choices = {b.request.id: best_choice(b, group.standing_costs(b)) for b in group.boards}
    found = plan_group(group, REBUILT_ALONE)
    cost = total_goals(group.boards, found.choices)
    assert total_goals(group.boards, alone) <= cost
    hardest = sorted(group.boards, key=lambda b: -cost_of(b, alone[b.request.id]))
    turn: Choices = {}
    for board in hardest:
        turn[board.request.id] = best_choice(board, group.costs_among(board, turn))
    assert cost <= total_goals(group.boards, turn)
    assert found.proven_optimal == (cost == total_goals(group.boards, alone))


@settings(max_examples=3)
@given(crowded)
def test_the_same_crowded_group_gets_the_same_plan(asked: Problem) -> None:
    once, again = (plan(asked, explained=False, effort=REBUILT_ALONE) for _ in range(2))
    assert dict(once.pairs) == dict(again.pairs)


# --- crowding ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pairs", "per_week", "over"),
    [(2, 1, 0), (3, 1, 9), (4, 1, 18), (5, 2, 9), (4, 2, 0), (5, None, 0)],
)
def test_crowding_counts_the_sessions_that_two_weeks_have_no_room_for(
    pairs: int, per_week: int | None, over: int
) -> None:
    """Nine windows of two weeks; each pair alone would have a session in each."""
    rule = CadenceRule(max_per_person_per_week=per_week)
    names = "abcde"[:pairs]
    asked = problem([person(n) for n in (*names, "x")], [(n, "x") for n in names], rule)
    group = group_of(asked)
    alone = {b.request.id: best_choice(b, group.standing_costs(b)) for b in group.boards}
    assert crowding(group, alone) == over


def test_nobody_crowds_who_has_no_date_or_another_cadence() -> None:
    rule = CadenceRule(max_per_person_per_week=1)
    names = "abc"
    never = busy_daily("Europe/London", MONDAY, 140, "00:00", "23:59")
    people = [person("a", items=never), person("b"), person("c"), person("x")]
    asked = problem(people, [(n, "x") for n in names], rule)
    group = group_of(asked)
    alone = {b.request.id: best_choice(b, group.standing_costs(b)) for b in group.boards}
    assert crowding(group, alone) == 0
    other = replace(asked.pairs[2], start_date=MONDAY + timedelta(days=7))
    free = {**asked.people, "a": person("a")}
    group = group_of(replace(asked, people=free, pairs=(*asked.pairs[:2], other)))
    alone = {b.request.id: best_choice(b, group.standing_costs(b)) for b in group.boards}
    assert crowding(group, alone) == 0, "their windows cannot be compared"
