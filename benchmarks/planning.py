"""How long planning takes and how much memory, by size and by family.

    python -m benchmarks.planning [--sizes N ...] [--family NAME ...] [--pairs N]

Every instance is written to a file by one process and planned by another, which does
just what ``tandem plan --from`` does, so the memory seen is the planner's alone: the
peak of the largest process, and of all together with shared pages counted once. Prints a
Markdown table: an ordinary firm of each of ``--sizes``, then each family (or those named)
with ``--pairs`` pairs, 0 for none. Asserts nothing about time.
"""

import argparse
import resource
import sys
import tempfile
import time
from pathlib import Path

import orjson

from benchmarks.families import FAMILIES, problem
from benchmarks.footprint import watched
from integrations.planfiles.commands import load_problem, write_plan

HEADINGS = """\
| family | pairs | read s | plan s | CPU s | placed, moved, soft hits | proven | one MB | all MB |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |"""


def generate(family: str, pairs: int, target: Path) -> None:
    """Write an instance of a family."""
    kind = next(f for f in FAMILIES if f.name == family)
    target.write_bytes(orjson.dumps(problem(kind, pairs, 1)))


def plan_here(source: Path, target: Path) -> None:
    """Plan a file in this process, and print what it took."""
    began = time.perf_counter()
    asked = load_problem(source)
    read, worked = time.perf_counter(), _cpu()
    found = write_plan(asked, target)
    done = time.perf_counter()
    proven = sum(pair.proven_optimal for pair in found.pairs.values())
    score = found.score
    print(
        f"{read - began:.1f} | {done - read:.1f} | {_cpu() - worked:.1f} "
        f"| {score.placed}, {score.moved}, {score.soft_hits} | {proven}"
    )


def _cpu() -> float:
    """CPU seconds of this process and those it started that have ended."""
    used = [resource.getrusage(w) for w in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in used)


def measure(family: str, pairs: int) -> str:
    """One row of the table."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "problem.json", Path(folder) / "plan.json"
        this = [sys.executable, "-m", "benchmarks.planning", "--file", str(source)]
        watched([*this, "--generate", family, str(pairs)])
        printed, footprint = watched([*this, "--to", str(target)])
    return (
        f"| {family} | {pairs} | {printed.strip()} "
        f"| {footprint.largest:.0f} | {footprint.together:.0f} |"
    )


def main() -> None:
    """Print the table, or do one of the parts as a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="*", default=[200, 1000])
    parser.add_argument("--family", action="append", default=[])
    parser.add_argument("--pairs", type=int, default=200)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--generate", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--to", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.generate:
        generate(asked.generate[0], int(asked.generate[1]), asked.file)
    elif asked.file:
        plan_here(asked.file, asked.to)
    else:
        print(HEADINGS)
        for pairs in asked.sizes:
            print(measure(FAMILIES[0].name, pairs), flush=True)
        for family in asked.family or [f.name for f in FAMILIES[1:]]:
            if asked.pairs:
                print(measure(family, asked.pairs), flush=True)


if __name__ == "__main__":
    main()
