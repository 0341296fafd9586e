"""What acts leave in the store, from their packed form and in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from integrations.ports import EventSnapshot, Transaction
from integrations.records import Json
from integrations.workflows.app import App
from integrations.workflows.changes.generations import plan_generation
from integrations.workflows.changes.keep import NO_EVENTS, remember
from integrations.workflows.changes.steps import unpacked
from scheduling.changes.acts import StartGeneration


async def store_only(app: App, pair_id: str, acts: Sequence[Json]) -> None:
    """Remember, in one transaction of its own, packed acts that no calendar shows."""
    if acts:
        await app.store.run(lambda tx: remember_all(app, tx, pair_id, acts))


def remember_all(
    app: App,
    tx: Transaction,
    pair_id: str,
    acts: Sequence[Json],
    events: Mapping[str, EventSnapshot] = NO_EVENTS,
) -> None:
    """Remember packed acts; ``events`` by session id are what the calendar answered to them."""
    now = app.clock.now()
    for data in acts:
        act, reason = unpacked(data)
        remember(tx, app, pair_id, act, now, events=events, reason=reason)
        if isinstance(act, StartGeneration):
            plan_generation(tx, pair_id, act, now)
