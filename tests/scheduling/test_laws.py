"""Laws of planning that hold for every problem."""

from dataclasses import replace
from itertools import product
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from scheduling.people import BusyTable
from scheduling.plan import PairPlan, Plan, Score
from scheduling.planner import plan
from scheduling.problem import Problem
from tests.scheduling.checker import conflicts, soft_hits
from tests.scheduling.strategies import problems

ALONE = (("a", "x"),)
STAR = (("a", "x"), ("b", "x"), ("c", "x"))
CHAIN = (("a", "x"), ("b", "x"), ("b", "y"))


def fast(problem: Problem) -> Plan:
    return plan(problem, explained=False)


@given(problems(ALONE) | problems(STAR) | problems(CHAIN))
def test_every_plan_passes_the_independent_checker(asked: Problem) -> None:
    found = plan(asked)
    assert conflicts(asked, found) == []
    assert found.score.soft_hits == soft_hits(asked, found)
    for pair in found.placed_pairs:
        assert pair.score.placed == len(pair.sessions)
        assert pair.score.moved == len(pair.moved)
        assert all(session.reason is not None for session in pair.moved)


@settings(max_examples=20)
@given(problems(STAR) | problems(CHAIN), st.randoms(use_true_random=False))
def test_the_order_of_people_and_pairs_does_not_change_the_plan(
    asked: Problem, chance: Random
) -> None:
    names, pairs = list(asked.people), list(asked.pairs)
    chance.shuffle(names)
    chance.shuffle(pairs)
    shuffled = replace(asked, people={n: asked.people[n] for n in names}, pairs=tuple(pairs))
    assert dict(fast(shuffled).pairs) == dict(fast(asked).pairs)


@given(problems(ALONE), st.data())
def test_less_busy_time_never_loses_a_placed_date_of_a_pair_alone(
    asked: Problem, data: st.DataObject
) -> None:
    before = fast(asked).score.placed
    for name in ("a", "x"):
        person = asked.people[name]
        items = person.busy.items()
        kept = [item for item in items if data.draw(st.booleans())]
        fewer = {**asked.people, name: replace(person, busy=BusyTable.of(kept))}
        asked = replace(asked, people=fewer)
    assert fast(asked).score.placed >= before


@settings(max_examples=20)
@given(problems((*STAR, ("d", "z"), ("e", "z"))))
def test_the_plan_of_a_group_is_the_plan_of_its_independent_parts(asked: Problem) -> None:
    whole = fast(asked)
    for part in (asked.pairs[:3], asked.pairs[3:]):
        alone = fast(replace(asked, pairs=part))
        assert {pair.id: whole.pairs[pair.id] for pair in part} == dict(alone.pairs)


def better_or_equal(a: Score, b: Score) -> bool:
    return not b.better_than(a)


@settings(max_examples=15)
@given(problems((("a", "x"), ("b", "x"))))
def test_a_proven_plan_of_two_pairs_is_no_worse_than_any_pair_of_series(asked: Problem) -> None:
    """Tries series for the first pair by hand, plans the second beside it."""
    found = fast(asked)
    first, second = asked.pairs
    for phase, weekday in product(range(first.rule.interval_weeks), sorted(first.rule.weekdays)):
        narrow = replace(first, rule=replace(first.rule, weekdays=first.rule.weekdays))
        base = fast(replace(asked, pairs=(narrow,))).pairs[first.id]
        if not isinstance(base, PairPlan):
            continue
        moved_on = replace(
            base.series,
            weekday=weekday,
            phase=phase,
            first_date=first.start_date.fromordinal(
                first.start_date.toordinal() + 7 * phase + weekday
            ),
        )
        rival = fast(replace(asked, pairs=(replace(first, series=moved_on), second)))
        assert better_or_equal(found.score, rival.score)


@settings(max_examples=10)
@given(problems(STAR))
def test_the_same_problem_gives_the_same_plan(asked: Problem) -> None:
    assert dict(fast(asked).pairs) == dict(fast(asked).pairs)
