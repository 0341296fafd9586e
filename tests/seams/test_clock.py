"""The clocks of simulated runs and of the command line's tests."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from integrations.runtime import LoopClock
from simulator.virtual_time import virtual_now
from tests.support.terminal import HurriedClock
from tests.support.world import START, virtually


@virtually
async def test_a_clock_that_is_slept_by_before_it_is_read_knows_that_time_passed() -> None:
    """It used to begin counting when first read, so a sleep before that never happened."""
    clock = LoopClock(START)
    await clock.sleep(timedelta(hours=2))
    assert clock.now() == virtual_now() == START + timedelta(hours=2)


async def test_a_wait_that_is_jumped_over_lets_others_run() -> None:
    """A command hung: its permits were watched in a loop that never let their taker run."""
    clock, told = HurriedClock(), asyncio.Event()
    telling = asyncio.create_task(_tell(told))
    waits = 0
    while not told.is_set() and waits < 10:
        await clock.sleep(timedelta(seconds=1))
        waits += 1
    assert told.is_set()
    assert clock.now() - START == timedelta(seconds=waits)
    await telling


async def _tell(told: asyncio.Event) -> None:
    told.set()
