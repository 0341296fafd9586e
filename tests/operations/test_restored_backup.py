"""A backup of the store is put back while the tenant went on: the rehearsal of the runbook."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from integrations.ports import Transaction
from integrations.records import OutboxMail, Pair, PairState
from integrations.workflows.app import App
from integrations.workflows.changes.case import rule_of
from integrations.workflows.operating.restoring import take_over
from integrations.workflows.operating.writing import let_writing_go_on
from integrations.workflows.ordering import orders
from integrations.workflows.rulebook.rule_previews import apply_rule
from tests.acceptance.keeping import hint, live_until
from tests.support.world import Empty, World, book_all, enrolled, firm_of, virtually
from tests.workflows.changes.reconciling import answers, junior, now, session
from tests.workflows.changes.stage import DAY, HOUR, Stage, on_stage

BY = "operator"
Order = Callable[[App, Transaction, Pair], object]


def _backup(store: Path) -> bytes:
    with closing(sqlite3.connect(store)) as connection:
        return connection.serialize()


def _put_back(store: Path, backup: bytes) -> None:
    for beside in ("-wal", "-shm"):
        store.with_name(store.name + beside).unlink(missing_ok=True)
    store.write_bytes(backup)


def _forget_transactions(world: World) -> None:
    """Nobody knows for how long Exchange remembers the id of a create: it may have forgotten."""
    calendars, directory = world.tenant.calendars, world.tenant.directory
    for box in world.firm.program_mailboxes:
        for event in calendars.events_of(directory.user(box.mail)):
            calendars.forget_transaction(event)


def _series(world: World) -> int:
    boxes = world.firm.program_mailboxes
    return sum(len(world.tenant.events_of(box.mail)) for box in boxes)


async def _caught_up(app: App) -> None:
    """What an operator does: tell Tandem, let it look, look, let it write."""
    await take_over(app, by=BY)
    await live_until(app, app.clock.now() + HOUR)
    await let_writing_go_on(app, by=BY)


@virtually
async def test_what_was_booked_since_the_backup_is_found_and_not_booked_again(empty: Empty) -> None:
    world = empty.world(firm_of(3))
    app = await world.begin()
    await enrolled(world, app)
    await app.close()
    backup = _backup(world.store_file)
    app = await world.begin()
    await book_all(app)
    await app.close()
    series, mails = _series(world), world.mails_by_kind()

    _put_back(world.store_file, backup)
    _forget_transactions(world)
    app = await world.begin()
    await _caught_up(app)
    await book_all(app)
    assert await world.read(lambda tx: tx.pairs.count_by_state()) == {PairState.BOOKED: 3}
    assert _series(world) == series
    assert world.mails_by_kind()["invitation"] == mails["invitation"]
    assert world.tenant.complaints == []
    await app.close()


def test_a_date_that_moved_since_the_backup_stands_where_it_moved_to(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        date = (await stage.dates())[1]
        backup = _backup(stage.world.store_file)
        app = await stage.world.begin()
        await app.clock.sleep(date.start - 3 * DAY - now())
        await answers(stage, await junior(stage), date)
        await hint(stage, app)
        await live_until(app, now() + HOUR)
        moved = await session(stage, date.id)
        assert moved.start != date.start
        await app.close()
        mails = Counter(mail.kind for mail in stage.world.tenant.mail_log)

        await stage.eyes.close()
        _put_back(stage.world.store_file, backup)
        _forget_transactions(stage.world)
        app = await stage.world.begin()
        await _caught_up(app)
        await live_until(app, now() + 2 * HOUR)
        assert (await session(stage, date.id)).start == moved.start
        await stage.assert_store_is_calendar()
        assert Counter(mail.kind for mail in stage.world.tenant.mail_log) == mails
        assert stage.world.tenant.complaints == []
        await app.close()

    on_stage(empty, play)


async def _lost_order(stage: Stage, order: Order) -> Pair:
    """Give an order through Tandem and carry it out, then lose it; the pair as it was then."""
    backup = _backup(stage.world.store_file)
    app, pair_id = await stage.world.begin(), await stage.pair_id()
    await app.store.run(lambda tx: order(app, tx, tx.pairs.require(pair_id)))
    await live_until(app, now() + 2 * HOUR)
    await app.close()
    pair = await stage.read(lambda tx: tx.pairs.require(pair_id))
    await stage.eyes.close()
    _put_back(stage.world.store_file, backup)
    _forget_transactions(stage.world)
    return pair


def _paused(_: App, tx: Transaction, pair: Pair) -> None:
    day = now().date()
    orders.pause(tx, pair, day + 5 * DAY, day + 24 * DAY, now())


def _ended(_: App, tx: Transaction, pair: Pair) -> None:
    orders.withdraw(tx, pair, now())


def _every_three_weeks(app: App, tx: Transaction, pair: Pair) -> None:
    rule = rule_of(tx, pair)
    slower = rule.model_copy(update={"cadence": replace(rule.cadence, interval_weeks=3)})
    apply_rule(app, tx, pair.program_id, slower)


@pytest.mark.parametrize("again", [False, True], ids=["lost", "given again"])
@pytest.mark.parametrize("order", [_paused, _ended, _every_three_weeks])
def test_what_was_ordered_since_the_backup_is_neither_undone_nor_done_twice(
    empty: Empty, order: Order, *, again: bool
) -> None:
    async def play(stage: Stage) -> None:
        before = (await stage.case()).pair
        after = await _lost_order(stage, order)
        assert (after.state, after.generation) != (before.state, before.generation)
        box = await stage.box()
        shown, mails = await stage.shown(box), stage.mails()
        app = await stage.world.begin()
        await take_over(app, by=BY)
        await live_until(app, now() + HOUR)
        if again:
            await app.store.run(lambda tx: order(app, tx, tx.pairs.require(after.id)))
        await let_writing_go_on(app, by=BY)
        await live_until(app, now() + DAY)
        await app.close()
        assert await stage.shown(box) == shown
        # Tandem's own note of the end or the pause may come once more.
        if after.state is PairState.WITHDRAWN and not again:
            needs = await stage.read(lambda tx: tx.needs.open([after.id]))
            assert [need.code for need in needs] == ["shortfall"]
        more = Counter(kind for kind, _, _ in (stage.mails() - mails).elements())
        assert set(more) <= ({"message"} if again else set())
        # A series that took another's place is known again once its order is given again.
        if again or after.generation == before.generation:
            await stage.assert_store_is_calendar()

    on_stage(empty, play)


@virtually
async def test_until_somebody_lets_it_write_a_restored_store_looks_and_writes_nothing(
    empty: Empty,
) -> None:
    world = empty.world(firm_of(1))
    app = await world.begin()
    await enrolled(world, app)
    await take_over(app, by=BY)
    await book_all(app)
    assert world.mails_by_kind() == {}
    assert await world.read(lambda tx: tx.pairs.count_by_state()) == {PairState.PLANNED: 1}
    await app.close()


@virtually
async def test_mails_that_may_have_gone_out_since_the_backup_are_given_up(empty: Empty) -> None:
    world = empty.world(firm_of(1))
    app = await world.begin()
    await enrolled(world, app)
    at = app.clock.now()

    def waiting(purpose: str, due_at: timedelta) -> OutboxMail:
        return OutboxMail(
            person_id=person, purpose=purpose, session_id="s", due_at=at + due_at, pair_id=pair
        )

    pair, person = await app.store.run(
        lambda tx: (tx.pairs.all()[0].id, tx.pairs.all()[0].mentor_id)
    )
    await app.store.run(lambda tx: tx.outbox.add(waiting("did_you_meet", -HOUR)))
    await app.store.run(lambda tx: tx.outbox.add(waiting("milestone", DAY)))
    first = await take_over(app, by=BY)
    again = await take_over(app, by=BY)
    assert (first.mails, again.mails) == (1, 0)
    states = {m.purpose: m.state for m in await world.read(lambda tx: tx.outbox.of_pair(pair))}
    assert states == {"did_you_meet": "before_restore", "milestone": "waiting"}
    await app.close()
