"""Measures mutual slots against the merge baseline.

    python -m benchmarks.speed [--pairs N] [--rounds N]

Prints figures and ratios; asserts nothing about time. Each round runs baseline and
arrays one after the other on the same problem, and the best round of each counts, so
a busy machine harms both alike. The answers of both are compared and must be equal.
"""

import argparse
import gc
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import orjson

from benchmarks.families import FAMILIES, Diary, problem
from benchmarks.merge import Merge
from integrations.planfiles.commands import slots_file
from integrations.planfiles.members import decoded
from integrations.planfiles.problem_file import problem_of, read_problem
from scheduling.slots import mutual_runs, prepared_people

FULL = Diary(per_day=4.6, standing=4, leave_weeks=1)


def large_problem(pairs: int) -> bytes:
    """A firm of one and a half times as many people as pairs, with full calendars."""
    family = replace(FAMILIES[0], junior=FULL, senior=Diary(5, 6, 2))
    return orjson.dumps(problem(family, pairs, 1))


class Stopwatch:
    """Best time of each stage over all rounds, in seconds."""

    def __init__(self) -> None:
        self.best: dict[str, float] = {}
        self._began = 0.0

    def start(self) -> None:
        """Begin a stage."""
        gc.collect()
        self._began = time.perf_counter()

    def stop(self, stage: str) -> None:
        """End a stage."""
        taken = time.perf_counter() - self._began
        self.best[stage] = min(taken, self.best.get(stage, taken))


def merge_round(watch: Stopwatch, source: Path, target: Path) -> dict[str, list[list[int]]]:
    """One run of the baseline."""
    document = orjson.loads(source.read_bytes())
    merge = Merge(document)
    watch.start()
    merge.prepare()
    watch.stop("merge people")
    watch.start()
    runs = merge.all_runs()
    watch.stop("merge pairs")
    del document, merge
    watch.start()
    whole = Merge(_loads(source))
    whole.prepare()
    found = whole.all_runs()
    result = {"format": "tandem-slots/1", "total": whole.total(found), "slots": found}
    target.write_bytes(orjson.dumps(result))
    watch.stop("merge whole")
    return runs


def _loads(source: Path) -> dict[str, object]:
    gc.disable()
    try:
        return dict(orjson.loads(source.read_bytes()))
    finally:
        gc.enable()


def array_round(watch: Stopwatch, source: Path, target: Path) -> dict[str, list[list[int]]]:
    """One run of the product's own stages."""
    document = decoded(source.read_bytes())
    watch.start()
    asked = problem_of(document)
    first = asked.pairs[0]
    prepared = prepared_people(asked, first.rule, first.start_date)
    watch.stop("arrays people")
    watch.start()
    runs = {pair.id: found for pair, found in mutual_runs(prepared, asked.pairs)}
    watch.stop("arrays pairs")
    del asked, prepared, document
    watch.start()
    slots_file(source, target)
    watch.stop("arrays whole")
    return {key: found.tolist() for key, found in runs.items()}


def measure_slots(pairs: int, rounds: int) -> None:
    """Print stages and ratios of both."""
    watch = Stopwatch()
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "problem.json", Path(folder) / "slots.json"
        content = large_problem(pairs)
        source.write_bytes(content)
        asked = read_problem(content)
        entries = sum(len(person.busy.start) for person in asked.people.values())
        print(
            f"{pairs} pairs, {len(asked.people)} people, {entries} busy entries, "
            f"{len(content) / 1e6:.1f} MB"
        )
        del asked, content
        for _ in range(rounds):
            merged = merge_round(watch, source, target)
            arrays = array_round(watch, source, target)
            if merged != arrays:
                raise SystemExit("the two do not find the same slots")
    best = watch.best
    for stage, seconds in best.items():
        print(f"{stage:14} {seconds:8.3f} s")
    merge_core = best["merge people"] + best["merge pairs"]
    array_core = best["arrays people"] + best["arrays pairs"]
    print(f"people and pairs: {array_core / merge_core:.2f} of the merge (goal 0.55)")
    print(f"pairs alone:      {best['arrays pairs'] / best['merge pairs']:.2f} (goal 0.10)")
    print(f"whole command:    {best['arrays whole'] / best['merge whole']:.2f} (goal 0.80)")
    print(
        f"{best['arrays people'] / entries * 1e6:.2f} µs per busy entry, "
        f"{pairs / best['arrays pairs']:.0f} pairs/s"
    )


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    measure_slots(asked.pairs, asked.rounds)


if __name__ == "__main__":
    main()
