"""The webhook over a store with known series and subscriptions, and posts to it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeVar

import httpx

from integrations.ports import Transaction
from integrations.records import Mailbox, PairState, SessionState, Subscription, Work
from integrations.web.app import WEBHOOK_PATH, asgi_app
from integrations.workflows.app import App
from simulator.transport import TenantTransport
from tests.support.stores import booking, enrol, pair, person, session
from tests.support.world import START, Empty, World, firm_of

T = TypeVar("T")

STATE = "s" * 64
OTHER_STATE = "o" * 64


@dataclass
class Hooks:
    """An application whose webhook is posted to as Graph would."""

    world: World
    app: App
    opened: int = 0
    url: str = f"https://tandem.example{WEBHOOK_PATH}"
    client: httpx.AsyncClient = field(init=False)

    def __post_init__(self) -> None:
        self.client = httpx.AsyncClient(transport=TenantTransport(asgi_app(self._open)))

    async def _open(self) -> App:
        self.opened += 1
        return self.app

    async def post(self, *entries: object, **headers: str) -> httpx.Response:
        """Post a collection of entries."""
        return await self.send(json.dumps({"value": list(entries)}).encode(), **headers)

    async def send(self, body: bytes, query: str = "", **headers: str) -> httpx.Response:
        """Post any body."""
        return await self.client.post(self.url + query, content=body, headers=headers)

    async def read(self, look: Callable[[Transaction], T]) -> T:
        """Look into the store."""
        return await self.world.read(look)

    async def due(self) -> dict[tuple[str, str], float]:
        """Seconds until each open row is due, by kind and subject."""
        now = self.app.clock.now()
        rows: list[Work] = await self.read(lambda tx: tx.work.all())
        return {(row.kind, row.subject): (row.due_at - now).total_seconds() for row in rows}

    async def journalled(self, code: str) -> list[dict[str, Any]]:
        """What stands in the journal under a code."""
        return [entry.data for entry in await self.read(lambda tx: tx.journal.read(code=code))]


async def begin_hooks(empty: Empty) -> Hooks:
    """Two pairs with a series each, one with a single date, in a mailbox that is subscribed to."""
    world = empty.world(firm_of(1))
    app = await world.begin()
    await app.store.run(seed)
    return Hooks(world, app)


def seed(tx: Transaction) -> None:
    """The records behind :func:`begin_hooks`."""
    enrol(tx)
    tx.participants.put_many([person("ann"), person("bob")])
    tx.pairs.put(pair("p1", state=PairState.BOOKED))
    tx.pairs.add(pair("p2", mentor_id="ann", mentee_id="bob", state=PairState.PAUSED))
    tx.pairs.add(pair("p3", state=PairState.BOOKING))
    tx.mailboxes.add(Mailbox(id="box2", address="second@example.com"))
    tx.bookings.put_many([booking("p1"), booking("p2"), booking("p3")])
    tx.sessions.put_many(
        [
            session("s1", "p1", 0, state=SessionState.SCHEDULED, event_id="date-1"),
            session("s2", "p2", 0, state=SessionState.SCHEDULED, event_id="single-2", single=True),
        ]
    )
    tx.subscriptions.put_many([subscription("sub-1", "box", STATE)])
    tx.subscriptions.put_many([subscription("sub-2", "box2", OTHER_STATE)])


def subscription(key: str, mailbox: str, state: str) -> Subscription:
    """A subscription that lives for some days."""
    return Subscription(
        id=key,
        mailbox_id=mailbox,
        client_state=state,
        expires_at=START + timedelta(days=6),
        created_at=START,
    )


def change(event_id: str = "event-p1-1", **more: Any) -> dict[str, Any]:
    """An entry that tells of a changed event."""
    return {
        "subscriptionId": "sub-1",
        "subscriptionExpirationDateTime": "2027-01-10T08:00:00Z",
        "clientState": STATE,
        "tenantId": "t",
        "changeType": "updated",
        "resource": f"Users/box/Events/{event_id}",
        "resourceData": {"@odata.type": "#Microsoft.Graph.Event", "id": event_id},
        **more,
    }


def lifecycle(event: str, **more: Any) -> dict[str, Any]:
    """An entry that tells of the subscription itself."""
    entry = {"subscriptionId": "sub-1", "clientState": STATE, "tenantId": "t"}
    return {**entry, "lifecycleEvent": event, **more}
