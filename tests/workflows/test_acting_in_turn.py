"""Writes one after the other: what became of one is stored together with the next one's intent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TypeVar

import pytest

from integrations.errors import ClaimLostError
from integrations.ports import Store, Transaction
from integrations.records import Intent, IntentState
from integrations.workflows.acting import Act, Claim, Happened, NotHappened, perform_in_turn
from integrations.workflows.app import App
from tests.support.world import Empty, firm_of, virtually

T = TypeVar("T")


@dataclass
class CountingStore:
    """The real store, and how many transactions were asked of it."""

    inner: Store
    transactions: int = 0

    async def run(self, work: Callable[[Transaction], T]) -> T:
        self.transactions += 1
        return await self.inner.run(work)

    async def look(self, work: Callable[[Transaction], T]) -> T:
        return await self.inner.look(work)

    async def check(self) -> None:
        await self.inner.check()

    async def close(self) -> None:
        await self.inner.close()


@dataclass
class Hand:
    """Makes writes that always succeed, and remembers the intents as each of them was made."""

    app: App
    seen: list[dict[str, IntentState]] = field(default_factory=list)

    def act(self, key: str) -> Act[str]:
        async def send(intent: Intent) -> str | Happened[str]:
            self.seen.append(await states(self.app))
            return key

        async def look(intent: Intent) -> NotHappened:
            return NotHappened()

        def keep(tx: Transaction, intent: Intent, value: str) -> None:
            tx.switches.set(value, "kept")

        return Act(key=key, kind="tried", mailbox_id="box", send=send, look=look, keep=keep)


async def states(app: App) -> dict[str, IntentState]:
    return {i.key: i.state for i in await app.store.run(lambda tx: tx.intents.all())}


async def claimed(app: App, holder: str) -> Claim:
    def take(tx: Transaction) -> Claim:
        work = tx.work.schedule("book_pair", "p1", app.clock.now())
        assert tx.work.claim(work.id, holder, app.clock.now(), app.options.claim_length)
        return Claim(work.id, holder)

    return await app.store.run(take)


@virtually
async def test_an_act_is_settled_with_the_intent_of_the_next(empty: Empty) -> None:
    app = await empty.world(firm_of(2)).begin()
    hand, claim = Hand(app), await claimed(app, "a")
    store = CountingStore(app.store)
    acts = [hand.act(key) for key in ("one", "two", "three")]
    await perform_in_turn(replace(app, store=store), claim, acts)
    sending, done = IntentState.SENDING, IntentState.DONE
    assert hand.seen == [
        {"one": sending},
        {"one": done, "two": sending},
        {"one": done, "two": done, "three": sending},
    ]
    assert await states(app) == {"one": done, "two": done, "three": done}
    assert store.transactions == 4
    await app.close()


@virtually
async def test_an_act_stays_settled_though_the_next_is_not_begun(empty: Empty) -> None:
    """The claim runs out during the first call and is somebody else's by its answer."""
    app = await empty.world(firm_of(2)).begin()
    hand, claim = Hand(app), await claimed(app, "a")
    one = hand.act("one")

    async def overtaken(intent: Intent) -> str | Happened[str]:
        await app.clock.sleep(app.options.claim_length + timedelta(seconds=1))
        await claimed(app, "b")
        return await one.send(intent)

    with pytest.raises(ClaimLostError):
        await perform_in_turn(app, claim, [replace(one, send=overtaken), hand.act("two")])
    assert await states(app) == {"one": IntentState.DONE}
    assert await app.store.run(lambda tx: tx.switches.get("one")) == "kept"
    await app.close()


@virtually
async def test_what_is_to_be_stored_first_stands_before_the_first_call(empty: Empty) -> None:
    app = await empty.world(firm_of(2)).begin()
    hand, claim = Hand(app), await claimed(app, "a")

    def first(tx: Transaction) -> None:
        tx.switches.set("verified", "on")

    one = hand.act("one")
    stood: list[str | None] = []

    async def send(intent: Intent) -> str | Happened[str]:
        stood.append(await app.store.run(lambda tx: tx.switches.get("verified")))
        return await one.send(intent)

    await perform_in_turn(app, claim, [replace(one, send=send)], first=first)
    assert stood == ["on"]
    await app.close()


@virtually
async def test_what_is_to_be_stored_is_stored_where_there_is_nothing_to_do(empty: Empty) -> None:
    app = await empty.world(firm_of(2)).begin()
    claim = await claimed(app, "a")
    await perform_in_turn(app, claim, [], first=lambda tx: tx.switches.set("verified", "on"))
    assert await app.store.run(lambda tx: tx.switches.get("verified")) == "on"
    await app.close()
