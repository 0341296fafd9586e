"""Small instances against the optimum that a solver proves from the plain rules."""

import orjson
import pytest

from benchmarks.families import FAMILIES, problem
from benchmarks.reference import GroupModel, groups
from integrations.planfiles.problem_file import read_problem
from scheduling.plan import PairPlan
from scheduling.planner import plan


@pytest.mark.slow
@pytest.mark.parametrize("name", ["tight, with limits", "no common slot"])
def test_a_small_firm_is_planned_to_the_proven_optimum(name: str) -> None:
    document = problem(next(f for f in FAMILIES if f.name == name), 3, 11)
    planned = plan(read_problem(orjson.dumps(document)), explained=False)
    proven = 0
    for members in groups(document):
        optimum = GroupModel(document, members).solve(seconds=20)
        if not optimum.proven:
            continue
        proven += 1
        results = [planned.pairs[pair["id"]] for pair in members]
        scores = [r.score for r in results if isinstance(r, PairPlan)]
        found = tuple(map(sum, zip(*scores, strict=True))) if scores else (0, 0, 0)
        assert found == (optimum.placed, optimum.moved, optimum.soft_hits)
    assert proven > 0
