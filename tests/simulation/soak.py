"""Many seeds, on all cores: ``python -m tests.simulation.soak`` (``make soak``).

``SEEDS`` is how many (2000), ``SEED_BASE`` the first one (1), ``WORKERS`` how many processes (as
many as there are cores). The last line is ``N seeds, F faults injected, V violations``.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from integrations.runtime import ease_garbage_collection
from tests.simulation.driver import simulate


@dataclass(frozen=True, slots=True)
class Lived:
    """What a process reports of one seed."""

    seed: int
    told: tuple[str, ...]
    invariants: tuple[str, ...]
    faults: Counter[str]
    calls: int
    seconds: float


@dataclass
class Summary:
    """All seeds together."""

    seeds: int = 0
    calls: int = 0
    seconds: float = 0.0
    violations: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    invariants: Counter[str] = field(default_factory=Counter)
    failed: list[int] = field(default_factory=list)

    def add(self, lived: Lived) -> None:
        """Count one seed."""
        self.seeds += 1
        self.calls += lived.calls
        self.seconds += lived.seconds
        self.violations += len(lived.told)
        self.faults += lived.faults
        self.invariants.update(lived.invariants)
        if lived.told:
            self.failed.append(lived.seed)

    @property
    def last_line(self) -> str:
        """What a script reads."""
        faults = sum(self.faults.values())
        return f"{self.seeds} seeds, {faults} faults injected, {self.violations} violations"


def live(seed: int) -> Lived:
    """Live one seed; a run that breaks off is a violation, too."""
    logging.disable(logging.CRITICAL)
    ease_garbage_collection()
    began = time.process_time()
    try:
        outcome = simulate(seed)
    except Exception:  # noqa: BLE001 - the other seeds go on
        told = f"seed {seed}: broke off:\n{traceback.format_exc()}"
        return Lived(seed, (told,), ("broke_off",), Counter(), 0, time.process_time() - began)
    return Lived(
        seed,
        tuple(str(one) for one in outcome.violations),
        tuple(one.invariant for one in outcome.violations),
        outcome.faults,
        outcome.calls,
        time.process_time() - began,
    )


def soaked(seeds: range, workers: int) -> Iterator[Lived]:
    """Live all these seeds side by side, in the order in which they end."""
    if workers == 1:
        yield from map(live, seeds)
        return
    context = multiprocessing.get_context("spawn")
    with context.Pool(workers, maxtasksperchild=200) as pool:
        yield from pool.imap_unordered(live, seeds)


def main() -> int:
    """Soak, and say how it went; 1 if a promise was broken."""
    first, number = int(os.environ.get("SEED_BASE", "1")), int(os.environ.get("SEEDS", "2000"))
    workers = int(os.environ.get("WORKERS", str(os.cpu_count() or 1)))
    say, summary, began = sys.stdout.write, Summary(), time.monotonic()
    for lived in soaked(range(first, first + number), workers):
        summary.add(lived)
        for told in lived.told:
            say(f"{told}\n")
        if lived.told:
            say(f"  replay: python -m tests.simulation {lived.seed} --verbose\n")
        if summary.seeds % 100 == 0:
            say(f"... {summary.seeds} seeds, {summary.violations} violations\n")
        sys.stdout.flush()
    minutes = (time.monotonic() - began) / 60
    kinds = ", ".join(f"{kind} {count}" for kind, count in summary.faults.most_common())
    say(f"faults: {kinds or 'none'}\n")
    say(f"{summary.calls} calls, {summary.seconds:.0f} s of CPU, {minutes:.1f} minutes\n")
    if summary.failed:
        broken = ", ".join(f"{name} {count}" for name, count in summary.invariants.most_common())
        say(f"broken: {broken}\nfailing seeds: {' '.join(map(str, sorted(summary.failed)))}\n")
    say(f"{summary.last_line}\n")
    return 1 if summary.violations else 0


if __name__ == "__main__":
    sys.exit(main())
