"""Replay one seed: ``python -m tests.simulation SEED [--verbose]``."""

from __future__ import annotations

import argparse
import logging
import sys
import time

from integrations.runtime import ease_garbage_collection
from tests.simulation.driver import simulate


def main() -> int:
    """Run one seed and print what the oracle says."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("seed", type=int, nargs="+")
    parser.add_argument("--verbose", action="store_true", help="print every point passed")
    options = parser.parse_args()
    logging.disable(logging.INFO if options.verbose else logging.CRITICAL)
    ease_garbage_collection()
    broken = False
    for seed in options.seed:
        began = time.process_time()
        outcome = simulate(seed)
        if options.verbose:
            sys.stdout.write("\n".join((*outcome.lines, "")))
        for violation in outcome.violations:
            sys.stdout.write(f"{violation}\n")
        faults = ", ".join(f"{kind} {number}" for kind, number in sorted(outcome.faults.items()))
        sys.stdout.write(
            f"seed {seed}: {outcome.hash[:16]}, {outcome.calls} calls, faults: {faults or 'none'},"
            f" {len(outcome.violations)} violations, {time.process_time() - began:.1f} s of CPU\n"
        )
        broken = broken or bool(outcome.violations)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
