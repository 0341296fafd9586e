"""A run repeats itself: whatever it finds can be looked at again."""

from __future__ import annotations

from tests.simulation.driver import simulate

STORMY, ANOTHER = 2, 7


def test_the_same_seed_gives_the_same_hash() -> None:
    assert simulate(STORMY).hash == simulate(STORMY).hash


def test_another_seed_gives_another_hash() -> None:
    assert simulate(STORMY).hash != simulate(ANOTHER).hash
