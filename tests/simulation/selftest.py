"""Is the oracle awake? ``python -m tests.simulation.selftest`` (``make soak-selftest``).

Plants one fault after the other and lives seeds until it is caught, fifty at most. Words on the
command line choose the faults whose names contain them. Ends with 1 if a fault survives.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import sys
from dataclasses import dataclass

from tests.simulation.driver import simulate
from tests.simulation.planted import PLANTED

MOST_SEEDS = int(os.environ.get("SEEDS", "50"))


@dataclass(frozen=True, slots=True)
class Hunt:
    """A planted fault and what caught it: the first seed and the invariants; None: nothing did."""

    name: str
    seed: int | None
    invariants: tuple[str, ...]


def hunt(name: str) -> Hunt:
    """Live with a fault until it is caught."""
    logging.disable(logging.CRITICAL)
    for seed in range(1, MOST_SEEDS + 1):
        with PLANTED[name]():
            broken = {one.invariant for one in simulate(seed).violations}
        # What is broken without the fault, too, has not caught it.
        if broken:
            broken -= {one.invariant for one in simulate(seed).violations}
        if broken:
            return Hunt(name, seed, tuple(sorted(broken)))
    return Hunt(name, None, ())


def main() -> int:
    """Hunt for all of them, and print who was caught by what."""
    wanted = [n for n in PLANTED if not sys.argv[1:] or any(w in n for w in sys.argv[1:])]
    workers = int(os.environ.get("WORKERS", str(os.cpu_count() or 1)))
    survivors = 0
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        for found in pool.imap(hunt, wanted):
            survivors += found.seed is None
            by = "SURVIVES" if found.seed is None else f"seed {found.seed:>2}"
            sys.stdout.write(f"{found.name:<34} {by:<9} {', '.join(found.invariants)}\n")
            sys.stdout.flush()
    sys.stdout.write(f"{len(wanted)} faults planted, {len(wanted) - survivors} caught\n")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
