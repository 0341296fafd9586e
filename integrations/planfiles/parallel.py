"""Plans a very large problem on several processors, group by group.

Groups of pairs that share nobody do not influence each other, so they can be planned
apart and put together again: the plan is the same as in one piece.
"""

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from multiprocessing import get_context

from scheduling.group import connected
from scheduling.plan import PairPlan, Plan, Unplaced
from scheduling.planner import plan
from scheduling.problem import PairRequest, Problem
from scheduling.together import EXACT_PAIRS, Effort, effort_for

WORTH_SHARING = 1500
"""Less to do than for so many pairs is done here: starting processes would take longer."""
_PAIRS_TO_A_PART = 250
_TANGLED = 10
"""A pair of a group too large to be planned exactly takes about as long as this many others."""


def plan_shared(problem: Problem, *, explained: bool, processes: int) -> Plan:
    """The plan of a problem, shared out to ``processes`` where that is worth it."""
    if processes < 2 or sum(map(_toil, connected(problem.pairs))) < WORTH_SHARING:
        return plan(problem, explained=explained)
    effort = effort_for(len(problem.pairs))
    work = partial(_plan_part, explained=explained, effort=effort)
    found: dict[str, PairPlan | Unplaced] = {}
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        for part in pool.map(work, parts(problem)):
            found.update(part.pairs)
    return Plan({pair.id: found[pair.id] for pair in problem.pairs})


def _plan_part(part: Problem, explained: bool, effort: Effort) -> Plan:
    return plan(part, explained=explained, effort=effort)


def parts(problem: Problem) -> list[Problem]:
    """The problem in parts of whole groups, each with its own people only."""
    found: list[Problem] = []
    pending: list[PairRequest] = []
    toil = 0
    for group in connected(problem.pairs):
        pending += group
        toil += _toil(group)
        if toil >= _PAIRS_TO_A_PART:
            found.append(_part(problem, pending))
            pending, toil = [], 0
    return [*found, _part(problem, pending)] if pending else found


def _toil(group: Sequence[PairRequest]) -> int:
    """About how many pairs that share nobody could be planned in the time a group takes."""
    return len(group) if len(group) <= EXACT_PAIRS else len(group) * _TANGLED


def _part(problem: Problem, pairs: Sequence[PairRequest]) -> Problem:
    names = {person for pair in pairs for person in pair.members}
    people = {name: person for name, person in problem.people.items() if name in names}
    return replace(problem, people=people, pairs=tuple(pairs))
