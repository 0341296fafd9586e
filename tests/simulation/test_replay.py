"""A run repeats itself, in whatever process: whatever it finds can be looked at again."""

from __future__ import annotations

import os
import subprocess
import sys

PAIRS, WEEKS = 3, 1
TWO_HOSTS, ANOTHER = "50", "42"
LIVE = f"""\
import sys
from tests.simulation.driver import lived
from tests.simulation.weather import beginning_of
for seed in sys.argv[1:]:
    outcome = lived(beginning_of(int(seed), {PAIRS}, {WEEKS}))
    print(outcome.hash, outcome.faults["died"])
"""


def _living(hash_seed: int, *seeds: str) -> subprocess.Popen[str]:
    """A process of its own that lives these, in which sets have an order of their own."""
    surroundings = {**os.environ, "PYTHONHASHSEED": str(hash_seed)}
    return subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", LIVE, *seeds], env=surroundings, stdout=subprocess.PIPE, text=True
    )


def test_a_seed_is_the_same_life_in_whatever_order_sets_are_and_whatever_was_lived_before() -> None:
    processes = [_living(1, TWO_HOSTS), _living(2, ANOTHER, TWO_HOSTS)]
    (first,), (another, again) = [
        [line.split() for line in process.communicate()[0].splitlines()] for process in processes
    ]
    hash_of_life, deaths = first
    assert len(hash_of_life) == 64
    assert int(deaths) > 0, "nothing went wrong"
    assert again == first
    assert another != first
