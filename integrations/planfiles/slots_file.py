"""All mutual slots of a problem as a file (``tandem-slots/1``)."""

import orjson

from scheduling.problem import Problem
from scheduling.slots import count_starts, mutual_runs, prepared_people


def slots_document(problem: Problem) -> bytes:
    """The slots of every pair of a problem read from a file, as JSON."""
    runs = {}
    total = 0
    if problem.pairs:
        rule, start_date = problem.pairs[0].rule, problem.pairs[0].start_date
        prepared = prepared_people(problem, rule, start_date)
        runs = {pair.id: found for pair, found in mutual_runs(prepared, problem.pairs)}
        total = count_starts(runs.values(), rule.slot_step_minutes)
    return orjson.dumps(
        {"format": "tandem-slots/1", "total": total, "slots": runs},
        option=orjson.OPT_SERIALIZE_NUMPY,
    )
