"""The demonstration's clock moves for one sleeper at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import cast

from integrations.demo.clock import CountedCalls, TenantClock
from integrations.demo.tenant import Control

START = datetime(2027, 2, 3, 9, tzinfo=UTC)


class _Tenant:
    """Keeps the time it was moved on to."""

    def __init__(self) -> None:
        self.now = START

    def advance(self, length: timedelta) -> datetime:
        self.now += length
        return self.now


class _Calls:
    """No calls under way; one that goes out does beforehand what it was asked to."""

    under_way = 0
    beforehand: Callable[[], None] | None = None

    def go_out(self) -> None:
        if self.beforehand is not None:
            self.beforehand()


def _clock(tenant: _Tenant | None = None, calls: _Calls | None = None) -> TenantClock:
    told = cast("Control", tenant or _Tenant())
    return TenantClock(told, START, cast("CountedCalls", calls or _Calls()))


def test_whoever_wakes_acts_before_a_longer_sleep_moves_the_clock() -> None:
    # However far the two are apart, as long as nobody has been idle for the time the clock waits.
    assert {_woken_at(turns_apart) for turns_apart in range(18)} == {START + timedelta(hours=1)}


def _woken_at(turns_apart: int) -> datetime:
    """What the clock shows to the first of two sleepers after a few turns of its own."""
    clock = _clock()

    async def first() -> datetime:
        for _ in range(turns_apart):
            await asyncio.sleep(0)
        await clock.sleep(timedelta(hours=1))
        for _ in range(3):
            await asyncio.sleep(0)
        return clock.now()

    async def both() -> datetime:
        longer = asyncio.create_task(clock.sleep(timedelta(days=1)))
        try:
            return await first()
        finally:
            longer.cancel()

    return asyncio.run(both())


def test_the_tenant_knows_the_time_of_every_call_and_of_every_longer_sleep() -> None:
    tenant, calls = _Tenant(), _Calls()
    clock = _clock(tenant, calls)
    a_moment, an_hour = timedelta(milliseconds=150), timedelta(hours=1)
    asyncio.run(clock.sleep(a_moment))
    assert (clock.now(), tenant.now) == (START + a_moment, START)
    calls.go_out()
    assert tenant.now == clock.now()
    asyncio.run(clock.sleep(a_moment))
    asyncio.run(clock.sleep(an_hour))
    assert tenant.now == clock.now() == START + 2 * a_moment + an_hour
