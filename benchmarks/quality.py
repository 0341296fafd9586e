"""Compares the planner with the proven optimum, family by family.

    python -m benchmarks.quality [--pairs N] [--seeds N] [--seconds S] [--family NAME] ...

Prints a Markdown table, and one line for each group in which the two differ. The
solver gets ``--seconds`` for every group of pairs that share people. With
``--answers FILE`` its answers are kept and not asked for again: they do not depend on
the planner.
"""

import argparse
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

import orjson

from benchmarks.families import FAMILIES, Family, problem
from benchmarks.plain import Document
from benchmarks.reference import GroupModel, Optimum, groups
from integrations.planfiles.problem_file import read_problem
from scheduling.plan import PairPlan, Plan, Score
from scheduling.planner import plan


@dataclass
class Comparison:
    """Sums of one family: the planner's, the solver's, and where they differ."""

    ours: list[int] = field(default_factory=lambda: [0, 0, 0])
    best: list[int] = field(default_factory=lambda: [0, 0, 0])
    groups: int = 0
    most_placed: int = 0
    proven: int = 0
    proven_by_us: int = 0
    seconds: float = 0.0
    differences: list[str] = field(default_factory=list)

    def add(self, found: Score, optimum: Optimum, size: int, proven_by_us: bool) -> None:
        """Count one group."""
        best = Score(optimum.placed, optimum.moved, optimum.soft_hits)
        self.ours = [a + b for a, b in zip(self.ours, found, strict=True)]
        self.best = [a + b for a, b in zip(self.best, best, strict=True)]
        self.groups += 1
        self.most_placed += optimum.most_placed
        self.proven += optimum.proven
        self.proven_by_us += proven_by_us
        if found == best:
            return
        word = "better" if found.better_than(best) else "worse"
        wrong = (optimum.proven and word == "better") or (proven_by_us and word == "worse")
        self.differences.append(
            f"group of {size}: {tuple(found)} is {word} than {tuple(best)}"
            f"{' (proven)' if optimum.proven else ''}{' CONTRADICTION' if wrong else ''}"
        )


@dataclass(frozen=True, slots=True)
class Solver:
    """The reference with so many seconds for each group; remembers answers in a file."""

    seconds: float
    answers: Path | None

    def best(self, document: Document, members: list[Document]) -> Optimum:
        """The best the solver finds for some pairs of an instance that share people."""
        ids = ",".join(pair["id"] for pair in members)
        key = (
            f"{document['family']}/{len(document['pairs'])}/{document['seed']}/{self.seconds}/{ids}"
        )
        known = self._known()
        if key not in known:
            known[key] = asdict(GroupModel(document, members).solve(self.seconds))
            if self.answers is not None:
                self.answers.write_bytes(orjson.dumps(known))
        return Optimum(**known[key])

    def _known(self) -> Document:
        if self.answers is None or not self.answers.exists():
            return {}
        known: Document = orjson.loads(self.answers.read_bytes())
        return known


def compare(family: Family, pairs: int, seeds: int, solver: Solver) -> Comparison:
    """Plan instances of a family and have the solver do the same."""
    found = Comparison()
    for seed in range(1, seeds + 1):
        document = problem(family, pairs, seed)
        asked = read_problem(orjson.dumps(document))
        began = time.process_time()
        planned = plan(asked)
        found.seconds += time.process_time() - began
        for members in groups(document):
            optimum = solver.best(document, members)
            found.add(*_group_score(planned, members, optimum))
    return found


def _group_score(
    planned: Plan, members: list[Document], optimum: Optimum
) -> tuple[Score, Optimum, int, bool]:
    results = [planned.pairs[pair["id"]] for pair in members]
    scores = [r.score if isinstance(r, PairPlan) else Score(0, 0, 0) for r in results]
    total = Score(*(sum(column) for column in zip(*scores, strict=True)))
    return total, optimum, len(members), all(r.proven_optimal for r in results)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=14)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--family", action="append", default=[])
    parser.add_argument("--answers", type=Path, help="where to keep the solver's answers")
    asked = parser.parse_args()
    solver = Solver(asked.seconds, asked.answers)
    print(
        "| family | groups | solver proved | we proved | placed | at most | moved | soft hits "
        "| CPU s |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for family in FAMILIES:
        if asked.family and family.name not in asked.family:
            continue
        c = compare(family, asked.pairs, asked.seeds, solver)
        placed, moved, soft = (f"{a} of {b}" for a, b in zip(c.ours, c.best, strict=True))
        print(
            f"| {family.name} | {c.groups} | {c.proven} | {c.proven_by_us} | {placed} "
            f"| {c.most_placed} | {moved} | {soft} | {c.seconds:.2f} |",
            flush=True,
        )
        for difference in c.differences:
            print(f"<!-- {difference} -->", flush=True)


if __name__ == "__main__":
    main()
