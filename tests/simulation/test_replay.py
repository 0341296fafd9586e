"""A run repeats itself: whatever it finds can be looked at again."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.simulation.driver import simulate

STORMY = 3
ROOT = Path(__file__).parents[2]
PRINT_HASH = "import sys; from tests.simulation.driver import simulate; print(simulate({}).hash)"


def _hash_elsewhere(seed: int, hash_seed: str) -> str:
    """The hash of a run in a process of its own, in which sets have another order."""
    ended = subprocess.run(  # noqa: S603
        [sys.executable, "-W", "ignore", "-c", PRINT_HASH.format(seed)],
        capture_output=True,
        check=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)},
        text=True,
    )
    return ended.stdout.splitlines()[-1]


def test_the_same_seed_gives_the_same_hash() -> None:
    assert simulate(STORMY).hash == simulate(STORMY).hash


def test_another_seed_gives_another_hash() -> None:
    assert simulate(STORMY).hash != simulate(STORMY + 1).hash


@pytest.mark.slow
def test_a_run_does_not_depend_on_the_order_of_sets_or_on_what_ran_before() -> None:
    assert _hash_elsewhere(STORMY, "1") == _hash_elsewhere(STORMY, "2") == simulate(STORMY).hash
