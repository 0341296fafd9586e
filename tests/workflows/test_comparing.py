"""Comparing one pair: what a hint costs, and which changes have the pair reconciled."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from integrations.ports import Transaction
from integrations.records import Session
from integrations.workflows.app import App
from tests.acceptance.oracle import INSTANCES, calls
from tests.support.world import Empty, World, virtually
from tests.workflows.looking import (
    booked,
    date_near,
    dates,
    in_outlook,
    look,
    mails_of,
    pair_of,
)

PAIRS = 3


async def compared(app: App, session: Session) -> bool:
    """Whether the session's pair is due once it has been compared, and no other is."""
    found = await look(app, "compare_pair", session.pair_id)
    assert found <= {session.pair_id}
    return bool(found)


async def coming(app: App) -> Session:
    return await date_near(app, after=app.clock.now() + timedelta(days=20))


async def answered(
    world: World, app: App, session: Session, answer: Literal["accepted", "declined"]
) -> None:
    """The mentor answers one date."""
    seen = await in_outlook(world, app, session)
    mentor, _ = await mails_of(app, await pair_of(app, session))
    world.tenant.answer(mentor, seen.event_id, answer, day=seen.day)


@virtually
async def test_a_pair_in_whose_calendar_nothing_is_new_costs_one_call(empty: Empty) -> None:
    world, app = await booked(empty, PAIRS)
    world.tenant.calls.clear()
    assert not await compared(app, await coming(app))
    assert len(calls(world, "GET", INSTANCES)) == len(world.tenant.calls) == 1
    await app.close()


@virtually
async def test_an_acceptance_is_nothing_new_and_a_decline_is(empty: Empty) -> None:
    world, app = await booked(empty, PAIRS)
    session = await coming(app)
    await answered(world, app, session, "accepted")
    assert not await compared(app, session)
    await answered(world, app, session, "declined")
    assert await compared(app, session)
    await app.close()


@virtually
async def test_a_date_that_somebody_took_out_has_its_pair_reconciled(empty: Empty) -> None:
    world, app = await booked(empty, PAIRS)
    session = await coming(app)
    world.tenant.cancel_event(session.event_id or "")
    assert await compared(app, session)
    await app.close()


@virtually
async def test_a_series_that_is_gone_has_its_pair_reconciled(empty: Empty) -> None:
    world, app = await booked(empty, PAIRS)
    session = await coming(app)
    series = await app.store.run(lambda tx: tx.bookings.require(f"{session.pair_id}/1"))
    world.tenant.cancel_event(series.event_id)
    assert await compared(app, session)
    await app.close()


@virtually
async def test_a_pair_without_dates_to_come_is_reconciled_unseen(empty: Empty) -> None:
    """Nothing tells which of its events a hint could be about."""
    _, app = await booked(empty, PAIRS)
    session = await coming(app)

    def forget(tx: Transaction) -> None:
        for one in tx.sessions.of_pair(session.pair_id):
            tx.sessions.remove(one.id)

    assert await dates(app)
    await app.store.run(forget)
    assert await compared(app, session)
    await app.close()
