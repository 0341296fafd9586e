"""A program mailbox that is lost is seen, and its pairs' dates are booked anew from another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta

import pytest

from integrations import telemetry
from integrations.bootstrap import build_worker
from integrations.errors import NotPossibleError
from integrations.ports import Transaction
from integrations.records import BlockerScope, PairState
from integrations.telemetry import Metric
from integrations.workflows.app import App
from integrations.workflows.booking.move_mailbox import MOVING, MovePlan, move_pairs, plan_move
from integrations.workflows.enrolment import standing
from integrations.workflows.enrolment.enrol import enrol, sync_mailboxes
from integrations.workflows.looking import sweep
from integrations.workflows.operating.measures import installation
from integrations.workflows.planning.plan import plan_enrolled
from integrations.workflows.showing.health import health_of
from integrations.workflows.standing_work import ensure_standing
from integrations.workflows.telling.needs import open_needs
from simulator.firm import make_firm
from simulator.people import FirmPerson
from simulator.virtual_time import virtual_now
from tests.support.world import (
    START,
    Empty,
    World,
    book_all,
    dies,
    least_rights,
    virtually,
    work_until,
)

PAIRS = 3


async def _two_mailboxes(empty: Empty) -> World:
    """Three pairs booked from the one mailbox there was; a second one is open now."""
    from dataclasses import replace

    firm = make_firm(PAIRS, 1, START.date() + timedelta(days=7))
    box = firm.program_mailboxes[0]
    second = replace(box, id=f"{box.id[:-4]}beef", mail=f"second-{box.mail}", name="Second")
    both = replace(firm, program_mailboxes=(box, second))
    world = empty.world(both)
    app = await world.begin(program_mailboxes=box.mail)
    await enrol(app, world.roster)
    await plan_enrolled(app)
    await book_all(app)
    await app.close()
    world.tenant.register_app(least_rights(both))
    return world


async def _begin(world: World, *, dies_at: int | None = None) -> App:
    app = await world.build(dies_at=dies_at, program_mailboxes=_second(world).mail)
    await app.open()
    await sync_mailboxes(app)
    return app


def _first(world: World) -> FirmPerson:
    return world.firm.program_mailboxes[0]


def _second(world: World) -> FirmPerson:
    return world.firm.program_mailboxes[1]


async def _plan(app: App, world: World) -> MovePlan:
    return await plan_move(app, _first(world).mail, _second(world).mail)


async def _move(app: App, world: World) -> MovePlan:
    plan = await _plan(app, world)
    await move_pairs(app, plan)
    await _work(app)
    return plan


async def _work(app: App) -> None:
    until = app.clock.now() + timedelta(hours=1)
    await work_until(app, until, MOVING)


def _dates(world: World, mailbox: FirmPerson) -> Counter[tuple[str, datetime]]:
    """Live dates to come in a mailbox's calendar, by who is invited and when."""
    span = (virtual_now(), virtual_now() + timedelta(days=250))
    return Counter(
        (" ".join(sorted(one.responses)), one.start)
        for one in world.tenant.occurrences_of(mailbox.mail, *span)
    )


def _owned(seen: Counter[tuple[str, datetime]]) -> set[tuple[str, datetime]]:
    assert max(seen.values(), default=1) == 1, "two live events for one date"
    return set(seen)


async def _booked(world: World) -> list[str]:
    pairs = await world.read(lambda tx: tx.pairs.all())
    assert {pair.state for pair in pairs} == {PairState.BOOKED}
    return [pair.mailbox_id or "" for pair in pairs]


@virtually
async def test_dates_to_come_are_booked_anew_at_the_same_hours_and_the_old_ones_end(
    empty: Empty,
) -> None:
    world = await _two_mailboxes(empty)
    before = _owned(_dates(world, _first(world)))
    app, mails = await _begin(world), len(world.tenant.mail_log)
    plan = await _plan(app, world)
    assert (len(plan.booked), plan.unbooked, plan.reachable) == (PAIRS, [], True)
    assert len(world.tenant.mail_log) == mails, "showing it mails nobody"
    assert _owned(_dates(world, _first(world))) == before

    await _move(app, world)
    assert await _booked(world) == [_second(world).id] * PAIRS
    assert _dates(world, _first(world)) == Counter()
    assert _owned(_dates(world, _second(world))) == before
    assert len(world.tenant.mail_log) - mails == plan.mails
    journal = await world.read(lambda tx: tx.journal.read(code="mail"))
    assert len(journal) == len(world.tenant.mail_log)
    assert (await _plan(app, world)).booked == []
    await app.close()


@virtually
async def test_a_mailbox_without_licence_is_seen_once_and_its_pairs_move_without_it(
    empty: Empty,
) -> None:
    world = await _two_mailboxes(empty)
    before = _owned(_dates(world, _first(world)))
    world.tenant.change_person(_first(world).mail, mailbox="softDeleted")
    app = await _begin(world)
    for _ in range(2):
        await _look(app, sweep.KIND, _first(world).id)
    sessions = await world.read(lambda tx: [s.state for s in tx.sessions.all()])
    assert "cancelled" not in sessions, "a lost mailbox is no deleted series"
    assert await _seen(app) == (["mailbox_gone"], 1)

    plan = await _plan(app, world)
    assert not plan.reachable
    mails = len(world.tenant.mail_log)
    await _move(app, world)
    assert await _booked(world) == [_second(world).id] * PAIRS
    assert _owned(_dates(world, _second(world))) == before
    sent = world.tenant.mail_log[mails:]
    assert {mail.sender for mail in sent} == {_second(world).mail}
    assert len(sent) == plan.mails
    assert await _seen(app) == ([], 0)
    await app.close()


@virtually
async def test_a_mailbox_that_was_given_up_wakes_nobody(empty: Empty) -> None:
    """Its pairs are moved and its rights taken away: no alert says for ever that it is not read."""
    from dataclasses import replace

    world = await _two_mailboxes(empty)
    app = await _begin(world)
    await _look(app, sweep.KIND, _first(world).id)
    others = replace(world.firm, program_mailboxes=(_second(world),))
    world.tenant.register_app(least_rights(others))
    await app.clock.sleep(START + timedelta(days=3) - virtual_now())
    await _look(app, sweep.KIND, _first(world).id)
    assert (await _measured(app))[telemetry.BLOCKERS_STOPPING] == 1, "it is missed as yet"

    world.tenant.register_app(least_rights(world.firm))
    await _move(app, world)
    world.tenant.register_app(least_rights(others))
    await app.clock.sleep(timedelta(days=3))
    for mailbox in (_first(world), _second(world)):
        await _look(app, sweep.KIND, mailbox.id)
    measured = await _measured(app)
    assert measured[telemetry.BLOCKERS_STOPPING] == 0
    assert measured[telemetry.SWEEP_AGE] == 0
    await app.close()


async def _measured(app: App) -> Mapping[Metric, float]:
    now = app.clock.now()
    return await app.store.run(lambda tx: installation(tx, app.options, now))


@virtually
async def test_what_a_lost_mailbox_left_in_calendars_moves_nothing_afterwards(empty: Empty) -> None:
    """The lost mailbox went on being asked for free/busy, so that nobody could be read."""
    world = await _two_mailboxes(empty)
    world.tenant.change_person(_first(world).mail, mailbox="missing")
    app = await _begin(world)
    await _move(app, world)
    moved, mails = _dates(world, _second(world)), len(world.tenant.mail_log)
    await app.store.run(lambda tx: ensure_standing(tx, app, app.clock.now()))
    until = app.clock.now() + timedelta(days=3)
    await work_until(app, until)
    assert _dates(world, _second(world)) == moved
    assert len(world.tenant.mail_log) == mails
    blockers = await app.store.run(lambda tx: tx.blockers.open(BlockerScope.PERSON))
    assert [blocker.code for blocker in blockers] == []
    await app.close()


@virtually
async def test_an_account_that_is_switched_off_is_seen_and_seen_to_be_back(empty: Empty) -> None:
    world = await _two_mailboxes(empty)
    app = await _begin(world)
    for enabled, seen in ((False, (["mailbox_gone"], 1)), (True, ([], 0))):
        world.tenant.change_person(_first(world).mail, enabled=enabled)
        await app.store.run(lambda tx: tx.switches.set(standing.MEMORY, None))
        await _look(app, standing.KIND, "firm")
        assert await _seen(app) == seen
    await app.close()


async def _look(app: App, kind: str, subject: str) -> None:
    now = app.clock.now()

    def due(tx: Transaction) -> str:
        tx.switches.set(f"swept/{subject}", None)
        return tx.work.schedule(kind, subject, now).id

    await build_worker(app).do(await app.store.run(due))


async def _seen(app: App) -> tuple[list[str], int]:
    """Blockers of mailboxes that stop, as on the health page, and rows that need somebody."""
    now = app.clock.now()
    health = await app.store.run(lambda tx: health_of(tx, now))
    blockers = await app.store.run(lambda tx: tx.blockers.open(BlockerScope.MAILBOX))
    assert {b.code for b in blockers} <= {line.code for line in health.blockers}
    rows = await app.store.run(lambda tx: open_needs(tx, now))
    gone = [row for row in rows if row.need.code == "mailbox_gone"]
    assert all("tandem mailbox move" in row.words for row in gone)
    return [b.code for b in blockers if b.code == "mailbox_gone"], len(gone)


@virtually
async def test_pairs_that_are_not_booked_only_change_their_organizer(empty: Empty) -> None:
    world = await _two_mailboxes(empty)
    app = await _begin(world)

    def unbook(tx: Transaction) -> None:
        from dataclasses import replace

        for pair in tx.pairs.all():
            for booking in tx.bookings.of_pair(pair.id):
                tx.bookings.remove(f"{pair.id}/{booking.generation}")
            tx.pairs.put(replace(pair, state=PairState.PLANNED))

    await world.read(unbook)
    plan = await _plan(app, world)
    assert (plan.mails, len(plan.unbooked)) == (0, PAIRS)
    await move_pairs(app, plan)
    pairs = await world.read(lambda tx: tx.pairs.all())
    assert {(pair.mailbox_id, pair.state) for pair in pairs} == {
        (_second(world).id, PairState.PLANNED)
    }
    await app.close()


@virtually
async def test_nothing_moves_to_a_mailbox_that_is_not_open(empty: Empty) -> None:
    world = await _two_mailboxes(empty)
    app = await _begin(world)
    for wrong in (_first(world).mail, "nobody@firm.example"):
        with pytest.raises(NotPossibleError):
            await plan_move(app, _first(world).mail, wrong)
    await app.close()


@pytest.mark.parametrize("point", [25, 60, 110, 170, 240])
@pytest.mark.parametrize("reachable", [True, False], ids=["reachable", "lost"])
def test_a_power_cut_on_the_way_leaves_no_window_with_two_events(
    empty: Empty, point: int, reachable: bool
) -> None:
    @virtually
    async def live() -> None:
        world = await _two_mailboxes(empty)
        before = _owned(_dates(world, _first(world)))
        if not reachable:
            world.tenant.change_person(_first(world).mail, mailbox="missing")
        app = await _begin(world, dies_at=point)
        assert await dies(_move(app, world)), "the point lies on the way"
        heir = await _begin(world)
        await _move(heir, world)
        # What was claimed by the dead is free after a while.
        await heir.clock.sleep(timedelta(minutes=5))
        await _work(heir)
        assert await _booked(world) == [_second(world).id] * PAIRS
        assert _owned(_dates(world, _second(world))) == before
        if reachable:
            assert _dates(world, _first(world)) == Counter()
        journal = await world.read(lambda tx: tx.journal.read(code="mail"))
        assert len(journal) == len(world.tenant.mail_log)
        await heir.close()

    live()
