"""Pretended time jumps to whatever is next, however far away."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from simulator.virtual_time import run_virtually, virtual_now

START = datetime(2027, 1, 4, 14, tzinfo=UTC)


@pytest.mark.parametrize("days", [1, 100, 195, 305, 3650])
def test_sleeping_ends_however_long_it_takes(days: int) -> None:
    """After half a year of pretended time a sleeper was never woken: the loop turned for ever."""

    async def sleep() -> datetime:
        await asyncio.sleep(days * 86400 + 0.37)
        return virtual_now()

    assert run_virtually(START, sleep()) == START + timedelta(days=days, seconds=0.37)
