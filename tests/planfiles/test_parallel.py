"""A problem planned in parts is the problem planned in one piece."""

import orjson

from benchmarks.families import FAMILIES, problem
from integrations.planfiles import parallel
from integrations.planfiles.problem_file import read_problem
from scheduling.planner import plan


def test_parts_hold_whole_groups_and_every_pair_once() -> None:
    asked = read_problem(orjson.dumps(problem(FAMILIES[0], 600, 2)))
    parts = parallel.parts(asked)
    assert len(parts) == 3
    assert sorted(p.id for part in parts for p in part.pairs) == sorted(p.id for p in asked.pairs)
    seen: set[str] = set()
    for part in parts:
        people = {name for pair in part.pairs for name in pair.members}
        assert people == set(part.people)
        assert seen.isdisjoint(people)
        seen |= people


def test_parts_planned_apart_make_the_plan_of_the_whole() -> None:
    asked = read_problem(orjson.dumps(problem(FAMILIES[0], 260, 2)))
    whole = plan(asked, explained=False)
    apart = [plan(part, explained=False) for part in parallel.parts(asked)]
    assert len(apart) == 2
    assert {k: p for part in apart for k, p in part.pairs.items()} == dict(whole.pairs)


def test_tangles_make_smaller_parts_than_pairs_that_share_little() -> None:
    star = next(family for family in FAMILIES if family.name == "one partner in many")
    tangled = parallel.parts(read_problem(orjson.dumps(problem(star, 60, 1))))
    ordinary = parallel.parts(read_problem(orjson.dumps(problem(FAMILIES[0], 60, 1))))
    assert len(ordinary) == 1
    assert len(tangled) > 1
    assert sum(len(part.pairs) for part in tangled) == 60
