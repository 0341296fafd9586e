"""How long the invented firm takes to make, and what it is like.

    python -m benchmarks.firm_size [PAIRS ...]

Prints a line for each size: seconds by the wall and of CPU, people, calendar entries of each
and memory.
"""

from __future__ import annotations

import resource
import sys
from time import perf_counter, process_time

from simulator.firm import make_firm


def main(sizes: list[int]) -> None:
    """Make one firm of each size and print its line."""
    print(f"{'pairs':>7} {'seconds':>8} {'of CPU':>8} {'people':>7} {'entries':>12} {'MB':>8}")
    for pairs in sizes:
        before, worked = perf_counter(), process_time()
        firm = make_firm(pairs)
        seconds, cpu = perf_counter() - before, process_time() - worked
        entries = sum(len(person.appointments) for person in firm.people) / len(firm.people)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(
            f"{pairs:7} {seconds:8.2f} {cpu:8.2f} {len(firm.people):7} {entries:12.0f} {peak:8.0f}"
        )


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]] or [24, 200, 1_000, 10_000])
