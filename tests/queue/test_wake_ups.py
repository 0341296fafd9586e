"""Due work carried by real messages: from the store over Azurite to the function, to calendars."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime

import pytest
from azure.functions import QueueMessage

import function_app
from integrations.hosting import SharedHost
from integrations.ports import Transaction
from integrations.queue.messages import from_message
from integrations.queue.storage_queue import StorageQueue
from integrations.records import PairState, WorkState
from integrations.workflows.app import App
from integrations.workflows.booking import launching
from integrations.workflows.work import BOOKING
from tests.support.azurite import Azurite, OnItsOwnLoop, azurite
from tests.support.functions import indexed, tick
from tests.support.world import Empty, World, book_all, enrolled, firm_of, standing, virtually

__all__ = ["azurite"]
pytestmark = pytest.mark.node

Fate = Callable[[int], int]
PAIRS = 8


@dataclass
class Host:
    """The Functions host, over a real queue: takes messages out and hands them to the trigger.

    ``fate`` says how often the n-th message is handed out: 0 = it is lost.
    """

    azurite: Azurite
    queue_name: str
    fate: Fate
    handed_out: int = 0
    seen: list[str] = field(default_factory=list)

    async def deliver(self) -> None:
        """Hand out what is in the queue, but for standing work: it looks after what is booked."""
        for text in self.azurite.taken(self.queue_name):
            if from_message(text.encode()).kind not in BOOKING:
                continue
            self.seen.append(text)
            for _ in range(self.fate(len(self.seen))):
                self.handed_out += 1
                await indexed()["do_work"].call(message=QueueMessage(id="m", body=text))

    async def live(self, world: World, *, minutes: int) -> None:
        """A work timer every minute and its messages, until no booking work is open."""
        for _ in range(minutes):
            await tick("look_for_work")
            await self.deliver()
            if not await world.read(_is_open):
                return
            await asyncio.sleep(60)
        raise AssertionError(f"work is still open after {minutes} minutes")


def _is_open(tx: Transaction) -> bool:
    return any(kind in BOOKING and state == WorkState.OPEN for kind, state in tx.work.count())


@asynccontextmanager
async def hosted(
    world: World, azurite: Azurite, fate: Fate, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Host]:
    """A world whose functions send to and are called from a queue of the emulator."""
    name = azurite.new_name()
    app = await world.begin()
    app.queue = OnItsOwnLoop(StorageQueue.by_connection(azurite.connection, name))
    await enrolled(world, app)
    await launching.launch(app)

    async def open_app() -> App:
        return app

    monkeypatch.setattr(function_app, "tandem", SharedHost(open_app))
    try:
        yield Host(azurite, name, fate)
    finally:
        await app.close()


async def dates(world: World) -> dict[str, list[datetime]]:
    """Every pair's dates in the calendars, as the store has them."""
    return await world.read(
        lambda tx: {
            pair.id: [session.start for session in standing(tx.sessions.of_pair(pair.id))]
            for pair in tx.pairs.all()
        }
    )


@virtually
async def test_work_in_the_store_reaches_the_calendars_by_messages(
    azurite: Azurite, empty: Empty, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = empty.world(firm_of(PAIRS))
    async with hosted(world, azurite, lambda number: 1, monkeypatch) as host:
        await host.live(world, minutes=5)
        assert len(set(host.seen)) >= PAIRS
    assert await world.read(lambda tx: tx.pairs.count_by_state()) == {PairState.BOOKED: PAIRS}
    assert world.mails_by_kind()["invitation"] == 2 * PAIRS
    assert world.tenant.complaints == []


@virtually
async def test_lost_and_doubled_messages_change_nothing_but_the_moment(
    azurite: Azurite, empty: Empty, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone, world = empty.world(firm_of(PAIRS)), empty.world(firm_of(PAIRS))
    app = await alone.begin()
    await enrolled(alone, app)
    await book_all(app)
    await app.close()

    fates = (0, 2, 3)
    async with hosted(world, azurite, lambda number: fates[number % 3], monkeypatch) as host:
        await host.live(world, minutes=10)
        assert len(host.seen) > PAIRS  # what was lost was sent again
        assert host.handed_out > len(host.seen)
    assert await dates(world) == await dates(alone)
    assert world.mails_by_kind() == alone.mails_by_kind()
    assert world.tenant.complaints == []
