"""All writing stopped by one switch, whatever process would write; then nothing of it is lost."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest

from integrations.errors import WritingStoppedError
from integrations.ports import Transaction
from integrations.records import PairState, WorkState
from integrations.workflows.app import App
from integrations.workflows.booking import launching
from integrations.workflows.enrolment.enrol import enrol
from integrations.workflows.looking.subscriptions import KIND as SUBSCRIPTIONS
from integrations.workflows.operating.writing import let_writing_go_on, stop_writing
from integrations.workflows.ordering import orders
from integrations.workflows.planning.plan import plan_enrolled
from integrations.workflows.work import WITHHELD
from integrations.writing import is_stopped, writing_stopped
from scheduling.timespan import TimeSpan
from tests.acceptance.oracle import assert_booked_once, planned_world, remembered, writes
from tests.acceptance.test_17_paced_start import most_in_a_minute
from tests.support.world import Empty, World, firm_of, virtually, work_until

BY = "coordinator-1"
KINDS = ("book_pair", "check_mailbox", "reconcile_pair", "send_mails")


async def _worked(app: App, length: timedelta) -> None:
    ends = app.clock.now() + length
    await work_until(app, ends, KINDS)


async def _written(world: World) -> int:
    return len(writes(world))


@virtually
async def test_stopped_before_the_start_nothing_leaves_and_then_everything_is_booked_once(
    empty: Empty,
) -> None:
    world = await planned_world(empty, 6)
    app = await world.begin()
    assert await stop_writing(app, by=BY)
    assert not await stop_writing(app, by=BY), "stopping twice is harmless"
    await launching.launch(app)
    await _worked(app, timedelta(hours=5))
    assert writes(world) == []
    assert len(world.tenant.mail_log) == 0
    waiting = (await remembered(world)).in_state(PairState.PLANNED)
    assert waiting, "they wait"
    assert await let_writing_go_on(app, by=BY) > 0
    assert await let_writing_go_on(app, by=BY) == 0
    await _worked(app, timedelta(minutes=10))
    memory = await assert_booked_once(world, waiting)
    said = [(e.code, e.data["by"]) for e in memory.journal if e.code.startswith("writing_")]
    assert said == [("writing_stopped", BY), ("writing_resumed", BY)]
    await app.close()


@virtually
async def test_another_process_stops_writing_half_way_and_lets_it_go_on_at_the_usual_pace(
    empty: Empty,
) -> None:
    """Places in the pace that passed meanwhile are taken anew: hours of mails are no flood."""
    world = await planned_world(empty, 20)
    app, other = await world.begin(mails_per_minute="29"), await world.begin()
    await launching.launch(app)
    await _worked(app, timedelta(seconds=40))
    await stop_writing(other, by=BY)
    written = await _written(world)
    halfway = (await remembered(world)).in_state(PairState.BOOKED)
    assert 0 < len(halfway) < 15
    await _worked(app, timedelta(hours=4))
    assert await _written(world) == written, "nothing left the other process either"
    await let_writing_go_on(other, by=BY)
    await _worked(app, timedelta(hours=1))
    memory = await remembered(world)
    await assert_booked_once(world, set(memory.pairs) - memory.without_slot())
    assert most_in_a_minute(world) < 30
    await other.close()
    await app.close()


@virtually
async def test_reading_and_planning_go_on_while_writing_is_stopped(empty: Empty) -> None:
    world = empty.world(firm_of(3))
    app = await world.begin()
    await stop_writing(app, by=BY)
    await enrol(app, world.roster)
    report = await plan_enrolled(app)
    assert report.placed > 0
    assert writes(world) == []
    await app.close()


@virtually
async def test_no_kind_of_write_passes_the_door_while_writing_is_stopped(empty: Empty) -> None:
    """Those, too, that are no acts of a pair: each is refused where calls leave."""
    world = await planned_world(empty, 2)
    app = await world.begin()
    box = (await world.read(lambda tx: tx.mailboxes.all()))[0].id
    await stop_writing(app, by=BY)
    now = app.clock.now()
    span, graph = TimeSpan(now, now + timedelta(hours=1)), app.graph
    tries = (
        lambda: graph.calendar.create_trial(box, span, "Europe/London", "t", "tag"),
        lambda: graph.calendar.move(box, "event", span, "Europe/London", None),
        lambda: graph.calendar.cancel(box, "event", "no"),
        lambda: graph.calendar.delete(box, "event"),
        lambda: graph.mail.send(box, ("a@firm.example", "A"), "s", "b"),
        lambda: graph.subscriptions.create(box, "https://x.example/", "s", now),
        lambda: graph.subscriptions.renew("one", now),
        lambda: graph.subscriptions.delete("one"),
    )
    await graph.calendar.view(box, span)
    before = len(world.tenant.calls)
    for attempt in tries:
        with pytest.raises(WritingStoppedError):
            await attempt()
    assert len(world.tenant.calls) == before, "none of them was so much as tried"
    await graph.calendar.view(box, span)
    assert len(world.tenant.calls) == before + 1, "reading goes on"
    await app.close()


@virtually
async def test_orders_and_mails_given_meanwhile_are_carried_out_once_afterwards(
    empty: Empty,
) -> None:
    world = await planned_world(empty, 2)
    app = await world.begin()
    await launching.launch(app)
    await _worked(app, timedelta(hours=1))
    pair_id = (await world.read(lambda tx: tx.pairs.all()))[0].id
    await stop_writing(app, by=BY)
    mails = len(world.tenant.mail_log)

    def end(tx: Transaction) -> None:
        orders.withdraw(tx, tx.pairs.require(pair_id), app.clock.now(), BY)

    await app.store.run(end)
    await _worked(app, timedelta(hours=30))
    assert len(world.tenant.mail_log) == mails
    held = await world.read(lambda tx: [w for w in tx.work.all() if w.last_error == WITHHELD])
    assert {(w.kind, w.subject) for w in held} == {("reconcile_pair", pair_id)}
    await let_writing_go_on(app, by=BY)
    await _worked(app, timedelta(hours=30))
    assert (await remembered(world)).pairs[pair_id].state is PairState.WITHDRAWN
    kinds = Counter(mail.kind for mail in world.tenant.mail_log[mails:])
    assert kinds == {"cancellation": 2, "message": 2}
    assert not [w for w in await world.read(lambda tx: tx.work.all()) if w.last_error]
    await app.close()


@virtually
async def test_the_environments_read_only_is_stronger_than_the_switch(empty: Empty) -> None:
    world = await planned_world(empty, 2)
    app = await world.begin(read_only="on")
    await stop_writing(app, by=BY)
    await let_writing_go_on(app, by=BY)
    assert not await writing_stopped(app.store)
    await launching.launch(app)
    await _worked(app, timedelta(hours=2))
    assert writes(world) == []
    await app.close()


@virtually
async def test_a_subscription_waits_like_any_other_write(empty: Empty) -> None:
    world = await planned_world(empty, 2)
    app = await world.begin(webhook_url="https://tandem.firm.example/webhooks/graph")
    await stop_writing(app, by=BY)
    now = app.clock.now()
    await app.store.run(lambda tx: tx.work.schedule(SUBSCRIPTIONS, "firm", now))
    await work_until(app, now + timedelta(hours=1), (SUBSCRIPTIONS,))
    assert [c.path for c in world.tenant.calls if c.method != "GET" and "token" not in c.path] == []
    rows = await world.read(lambda tx: [w for w in tx.work.all() if w.kind == SUBSCRIPTIONS])
    assert [row.state for row in rows] == [WorkState.OPEN]
    assert await world.read(is_stopped)
    await app.close()
