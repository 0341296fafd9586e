"""The clock of a simulated run."""

from __future__ import annotations

from datetime import timedelta

from integrations.runtime import LoopClock
from simulator.virtual_time import virtual_now
from tests.support.world import START, virtually


@virtually
async def test_a_clock_that_is_slept_by_before_it_is_read_knows_that_time_passed() -> None:
    """It used to begin counting when first read, so a sleep before that never happened."""
    clock = LoopClock(START)
    await clock.sleep(timedelta(hours=2))
    assert clock.now() == virtual_now() == START + timedelta(hours=2)
