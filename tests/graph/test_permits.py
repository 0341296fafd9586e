"""Permits: four slots a mailbox over the whole fleet, one kept for people waiting."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any, TypeVar

import pytest

from integrations.errors import NoPermitError
from integrations.graph.permits import Gates, PermitTerms, person_waiting
from integrations.ports import Transaction
from integrations.runtime import Immortal, LoopClock
from integrations.store import SqlStore, upgrade
from simulator.virtual_time import run_virtually
from tests.graph.world import MAILBOX, OTHER_MAILBOX, START, opened_store

T = TypeVar("T")
TERMS = PermitTerms(
    length=timedelta(seconds=45), needed=timedelta(seconds=30), patience=timedelta(seconds=30)
)


class CountingStore:
    """The real store, and how many transactions were asked of it."""

    def __init__(self, store: SqlStore) -> None:
        self._store, self.transactions = store, 0

    async def run(self, work: Callable[[Transaction], T]) -> T:
        self.transactions += 1
        return await self._store.run(work)

    async def look(self, work: Callable[[Transaction], T]) -> T:
        return await self._store.look(work)

    async def check(self) -> None:
        await self._store.check()

    async def close(self) -> None:
        await self._store.close()


@dataclass
class Fleet:
    """Processes that share a store."""

    store: CountingStore
    clock: LoopClock
    running: int = 0
    most: int = 0
    order: list[int] = field(default_factory=list)

    def process(self, seed: int) -> Gates:
        return Gates(self.store, self.clock, Random(seed), TERMS)

    async def call(self, gates: Gates, seconds: float = 0.2, mark: int = 0, calls: int = 1) -> None:
        """A call of so many seconds; ``most`` keeps how many ran at once."""
        async with gates.hold([MAILBOX] * calls):
            self.order.append(mark)
            self.running += calls
            self.most = max(self.most, self.running)
            await self.clock.sleep(timedelta(seconds=seconds))
            self.running -= calls

    def elapsed(self) -> float:
        return (self.clock.now() - START).total_seconds()

    async def held(self) -> int:
        return len(await self.store.run(lambda t: t.permits.held(MAILBOX, self.clock.now())))

    async def held_a_moment_later(self) -> int:
        await self.clock.sleep(timedelta(seconds=0.5))
        return await self.held()

    async def take_slots(self, slots: range, length: timedelta) -> None:
        """Another process holds these slots for so long, and never gives them back."""

        def acquire(t: Transaction) -> None:
            for slot in slots:
                t.permits.acquire(MAILBOX, f"dead/{slot}", self.clock.now(), length, slots)

        await self.store.run(acquire)


def in_fleet(folder: Path, scenario: Callable[[Fleet], Awaitable[None]]) -> None:
    url = f"sqlite:///{folder / 'store.db'}"
    upgrade(url)

    async def play() -> None:
        clock = LoopClock(START)
        clock.now()
        with opened_store(url, Immortal()) as store:
            await scenario(Fleet(CountingStore(store), clock))

    run_virtually(START, play())


def test_three_routine_calls_run_at_once_and_never_more(tmp_path: Path) -> None:
    async def scenario(fleet: Fleet) -> None:
        gates = fleet.process(1)
        await asyncio.gather(*(fleet.call(gates) for _ in range(30)))
        assert fleet.most == 3
        assert fleet.elapsed() == pytest.approx(30 / 3 * 0.2, rel=0.1)
        assert await fleet.held_a_moment_later() == 0

    in_fleet(tmp_path, scenario)


def test_calls_go_in_the_order_they_came(tmp_path: Path) -> None:
    async def scenario(fleet: Fleet) -> None:
        gates = fleet.process(1)
        await asyncio.gather(*(fleet.call(gates, mark=n) for n in range(20)))
        assert fleet.order == list(range(20))

    in_fleet(tmp_path, scenario)


def test_a_person_at_a_page_takes_the_slot_kept_for_her(tmp_path: Path) -> None:
    async def scenario(fleet: Fleet) -> None:
        gates = fleet.process(1)

        async def person() -> float:
            await fleet.clock.sleep(timedelta(seconds=1))
            with person_waiting():
                await fleet.call(gates, seconds=0.5)
            return fleet.elapsed()

        async def routine() -> None:
            await asyncio.gather(*(fleet.call(gates, seconds=10) for _ in range(9)))

        done_at, _ = await asyncio.gather(person(), routine())
        assert done_at == 1.5
        assert fleet.most == 4

    in_fleet(tmp_path, scenario)


def test_a_busy_mailbox_costs_the_store_little(tmp_path: Path) -> None:
    async def scenario(fleet: Fleet) -> None:
        gates = fleet.process(1)
        await asyncio.gather(*(fleet.call(gates) for _ in range(150)))
        # Two transactions a call would be three hundred in these ten seconds.
        assert fleet.store.transactions < 60

    in_fleet(tmp_path, scenario)


def test_two_processes_together_stay_within_the_slots_and_both_get_on(tmp_path: Path) -> None:
    async def scenario(fleet: Fleet) -> None:
        one, two = fleet.process(1), fleet.process(2)

        async def work(gates: Gates, mark: int) -> None:
            await asyncio.gather(*(fleet.call(gates, seconds=0.2, mark=mark) for _ in range(60)))

        await asyncio.gather(work(one, 1), work(two, 2))
        assert fleet.most == 3
        assert sorted(fleet.order) == [1] * 60 + [2] * 60
        assert fleet.elapsed() < 120 / 3 * 0.2 * 1.25
        assert await fleet.held_a_moment_later() == 0

    in_fleet(tmp_path, scenario)


def test_mailboxes_do_not_wait_for_each_other(tmp_path: Path) -> None:
    async def scenario(fleet: Fleet) -> None:
        gates = fleet.process(1)
        await fleet.take_slots(range(4), timedelta(minutes=5))
        async with gates.hold([OTHER_MAILBOX]):
            assert fleet.elapsed() == 0

    in_fleet(tmp_path, scenario)


def test_without_a_permit_in_time_the_call_is_put_off(tmp_path: Path) -> None:
    async def scenario(fleet: Fleet) -> None:
        await fleet.take_slots(range(4), timedelta(minutes=5))
        with pytest.raises(NoPermitError) as caught:
            await fleet.call(fleet.process(1))
        assert fleet.elapsed() == 30
        assert caught.value.retry_at == START + timedelta(minutes=5)
        assert fleet.order == []

    in_fleet(tmp_path, scenario)


def test_permits_of_a_dead_process_come_free_when_they_run_out(tmp_path: Path) -> None:
    async def scenario(fleet: Fleet) -> None:
        await fleet.take_slots(range(4), timedelta(seconds=20))
        await fleet.call(fleet.process(1), seconds=1)
        assert fleet.elapsed() == pytest.approx(21, abs=0.6)

    in_fleet(tmp_path, scenario)


def test_a_wait_written_by_another_process_is_kept_to_the_second(tmp_path: Path) -> None:
    async def scenario(fleet: Fleet) -> None:
        until = START + timedelta(seconds=17)
        await fleet.store.run(lambda t: t.mailboxes.defer(MAILBOX, until))
        await fleet.call(fleet.process(1), seconds=0)
        assert fleet.clock.now() == until

    in_fleet(tmp_path, scenario)


def test_a_wait_written_while_permits_are_handed_on_is_noticed_within_a_second(
    tmp_path: Path,
) -> None:
    async def scenario(fleet: Fleet) -> None:
        here, there = fleet.process(1), fleet.process(2)
        started: list[float] = []

        async def one() -> None:
            async with here.hold([MAILBOX]):
                started.append(fleet.elapsed())
                await fleet.clock.sleep(timedelta(seconds=0.2))

        async def slow_down() -> None:
            await fleet.clock.sleep(timedelta(seconds=2))
            await there.defer(MAILBOX, START + timedelta(seconds=20))

        await asyncio.gather(slow_down(), *(one() for _ in range(60)))
        late = [moment for moment in started if 3 < moment < 20]
        assert late == []
        assert len(started) == 60

    in_fleet(tmp_path, scenario)


def test_a_wait_noticed_here_stops_the_very_next_call(tmp_path: Path) -> None:
    async def scenario(fleet: Fleet) -> None:
        gates = fleet.process(1)
        started: list[float] = []

        async def one(number: int) -> None:
            async with gates.hold([MAILBOX]):
                started.append(fleet.elapsed())
                await fleet.clock.sleep(timedelta(seconds=0.1))
                if number == 3:
                    await gates.defer(MAILBOX, fleet.clock.now() + timedelta(seconds=9))

        await asyncio.gather(*(one(n) for n in range(9)))
        assert [round(moment, 3) for moment in started] == [0.0] * 3 + [0.1] * 3 + [9.2] * 3

    in_fleet(tmp_path, scenario)


def test_a_wait_longer_than_patience_puts_everybody_off_at_once(tmp_path: Path) -> None:
    async def scenario(fleet: Fleet) -> None:
        gates = fleet.process(1)
        until = START + timedelta(seconds=300)
        await gates.defer(MAILBOX, until)
        results: list[Any] = await asyncio.gather(
            *(fleet.call(gates) for _ in range(5)), return_exceptions=True
        )
        assert all(isinstance(result, NoPermitError) for result in results)
        assert {result.retry_at for result in results} == {until}
        assert fleet.elapsed() == 0

    in_fleet(tmp_path, scenario)


@pytest.mark.parametrize(("items", "permits"), [(1, 1), (2, 2), (3, 3), (20, 3)])
def test_an_envelope_takes_a_permit_per_item_but_three_at_most(
    tmp_path: Path, items: int, permits: int
) -> None:
    async def scenario(fleet: Fleet) -> None:
        async with fleet.process(1).hold([MAILBOX] * items):
            assert await fleet.held() == permits
        assert await fleet.held_a_moment_later() == 0

    in_fleet(tmp_path, scenario)


def test_envelopes_and_single_calls_of_two_processes_all_come_through(tmp_path: Path) -> None:
    async def scenario(fleet: Fleet) -> None:
        processes = fleet.process(1), fleet.process(2)
        await asyncio.gather(
            *(fleet.call(g, mark=n, calls=1 + n % 3) for n in range(15) for g in processes)
        )
        assert fleet.most <= 3
        assert len(fleet.order) == 30

    in_fleet(tmp_path, scenario)


def test_a_call_that_is_given_up_gives_its_permit_back(tmp_path: Path) -> None:
    async def scenario(fleet: Fleet) -> None:
        gates = fleet.process(1)
        tasks = [asyncio.ensure_future(fleet.call(gates, seconds=100)) for _ in range(5)]
        await fleet.clock.sleep(timedelta(seconds=1))
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert await fleet.held_a_moment_later() == 0

    in_fleet(tmp_path, scenario)


def test_calls_that_follow_one_another_closely_share_a_permit(tmp_path: Path) -> None:
    async def scenario(fleet: Fleet) -> None:
        gates = fleet.process(1)
        for _ in range(10):
            await fleet.call(gates, seconds=0.05)
        assert fleet.store.transactions == 1
        assert await fleet.held() == 1

    in_fleet(tmp_path, scenario)


def test_a_permit_kept_for_a_next_call_does_not_keep_other_processes_out(tmp_path: Path) -> None:
    async def scenario(fleet: Fleet) -> None:
        here, there = fleet.process(1), fleet.process(2)
        await asyncio.gather(*(fleet.call(here, seconds=1) for _ in range(3)))
        await fleet.call(there, seconds=0)
        assert 1 <= fleet.elapsed() <= 1.5

    in_fleet(tmp_path, scenario)


def test_what_is_kept_is_given_back_when_the_process_ends(tmp_path: Path) -> None:
    async def scenario(fleet: Fleet) -> None:
        gates = fleet.process(1)
        await fleet.call(gates)
        assert await fleet.held() == 1
        await gates.close()
        assert await fleet.held() == 0

    in_fleet(tmp_path, scenario)


def test_a_permit_that_waited_for_another_mailboxs_lasts_as_long_as_a_call(tmp_path: Path) -> None:
    """It ran out under the call, and a fifth one was let in beside it."""
    assert MAILBOX < OTHER_MAILBOX

    async def scenario(fleet: Fleet) -> None:
        here, there = fleet.process(1), fleet.process(2)

        async def occupied() -> None:
            async with there.hold([OTHER_MAILBOX] * 3):
                await fleet.clock.sleep(timedelta(seconds=25))

        async def both() -> None:
            await fleet.clock.sleep(timedelta(seconds=1))
            async with here.hold([MAILBOX, OTHER_MAILBOX]):
                assert fleet.elapsed() >= 25
                now = fleet.clock.now()
                [mine] = await fleet.store.run(lambda t: t.permits.held(MAILBOX, now))
                assert mine.expires_at - now >= TERMS.needed

        await asyncio.gather(occupied(), both())

    in_fleet(tmp_path, scenario)


def test_a_permit_that_another_host_has_taken_over_meanwhile_is_not_held(tmp_path: Path) -> None:
    async def scenario(fleet: Fleet) -> None:
        here, there = fleet.process(1), fleet.process(2)

        async def occupied() -> None:
            async with there.hold([OTHER_MAILBOX] * 3):
                await fleet.clock.sleep(timedelta(seconds=5))
                now = fleet.clock.now()

                def take_over(t: Transaction) -> None:
                    for permit in t.permits.held(MAILBOX, now):
                        t.permits.release(permit)
                    for slot in range(4):
                        t.permits.acquire(
                            MAILBOX, f"other/{slot}", now, TERMS.length, range(slot, slot + 1)
                        )

                await fleet.store.run(take_over)
                await fleet.clock.sleep(timedelta(seconds=20))

        async def both() -> None:
            await fleet.clock.sleep(timedelta(seconds=1))
            with pytest.raises(NoPermitError):
                async with here.hold([MAILBOX, OTHER_MAILBOX]):
                    raise AssertionError("a call without a permit")

        await asyncio.gather(occupied(), both())

    in_fleet(tmp_path, scenario)
