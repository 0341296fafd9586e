"""Being told to wait: to the second, for the whole mailbox, and nothing is lost or doubled."""

from __future__ import annotations

from datetime import timedelta

import pytest

from simulator.faults import Fault
from tests.acceptance.oracle import (
    EVENTS,
    assert_booked_once,
    begin_listening,
    calls,
    planned_world,
)
from tests.support.world import Empty, book_all, virtually

pytestmark = pytest.mark.acceptance(16)

LATENCY = timedelta(milliseconds=200)
ASKED = timedelta(seconds=17)


@virtually
async def test_a_429_on_the_third_of_ten_writes_keeps_everybody_away_for_its_17_seconds(
    empty: Empty,
) -> None:
    """429 with Retry-After 17 on the third of ten writes: no call goes out for that mailbox
    before 17 s, all ten end booked, none twice."""
    world = await planned_world(empty, 10)
    app, listening = await begin_listening(world)
    world.tenant.behaviour.latency = LATENCY
    # One more than the third, because the first create is the mailbox's own trial.
    world.tenant.faults.plan(Fault("throttle", method="POST", path=EVENTS, nth=4, retry_after=17))
    await book_all(app)

    await assert_booked_once(world)
    [refused] = [call for call in world.tenant.calls if call.status == 429]
    told_at = refused.at + LATENCY
    [box] = world.firm.program_mailboxes
    left = [at for at, request in listening.requests if f"/users/{box.id}/" in request.url.path]
    assert not [at for at in left if told_at < at < told_at + ASKED]
    next_one = min(at for at in left if at > told_at)
    assert next_one - told_at < ASKED + timedelta(seconds=2), "waited much longer than was asked"
    creates = calls(world, "POST", EVENTS)
    assert [call.status for call in creates].count(201) == 1 + 10
    assert len(creates) == 1 + 10 + 1
    await app.close()


@virtually
async def test_the_wait_binds_an_incarnation_that_was_not_there_when_it_was_asked(
    empty: Empty,
) -> None:
    """Retry-After is kept in the store: another instance waits as long."""
    world = await planned_world(empty, 6)
    app = await world.begin()
    [box] = world.firm.program_mailboxes
    until = app.clock.now() + timedelta(minutes=3)
    await app.store.run(lambda tx: tx.mailboxes.defer(box.id, until))
    await app.close()
    world.tenant.calls.clear()

    second = await world.begin()
    await book_all(second)
    assert world.tenant.calls, "it went on after the wait"
    assert not [c for c in world.tenant.calls if c.mailbox == box.mail and c.at < until]
    await assert_booked_once(world)
    await second.close()
