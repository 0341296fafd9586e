"""Sweeps: what changed in a program mailbox makes its pair due, and nothing else does."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from integrations.bootstrap import build_worker
from integrations.ports import Transaction
from integrations.records import BlockerScope, PairState, Session
from integrations.workflows.app import App
from integrations.workflows.looking import sweep
from tests.acceptance.oracle import begin_listening
from tests.support.world import Empty, World, dies, later, virtually
from tests.workflows.looking import (
    booked,
    date_near,
    dates,
    graph_time,
    in_outlook,
    look,
    mails_of,
    pair_of,
    reconciled,
    swept_mailboxes,
    taken,
    until,
)

PAIRS = 6
# The firm's program is New York's: 09:00 there on a Tuesday, and the first night after it.
TUESDAY = datetime(2027, 1, 12, 14, tzinfo=UTC)


def box_of(world: World) -> str:
    return world.firm.program_mailboxes[0].id


async def swept(world: World, app: App) -> set[str]:
    """Pairs found by one sweep of every program mailbox, made now."""
    found: set[str] = set()
    for box in world.firm.program_mailboxes:
        found |= await look(app, "sweep", box.id)
    return found


async def next_night(app: App) -> None:
    """Let it become the hour of the nightly sweep."""
    night = app.clock.now().replace(hour=7, minute=30) + timedelta(days=1)
    await until(app, night)


async def far_date(app: App) -> Session:
    return await date_near(app, after=app.clock.now() + timedelta(days=40))


@virtually
async def test_a_firm_in_which_nothing_changed_has_no_pair_due(empty: Empty) -> None:
    world, app = await booked(empty, PAIRS)
    assert await swept(world, app) == set()
    await next_night(app)
    assert await swept(world, app) == set()
    await app.close()


@virtually
async def test_dates_never_compared_yet_are_due_at_the_first_sweep(empty: Empty) -> None:
    world, app = await booked(empty, PAIRS)

    def forget(tx: Transaction) -> None:
        tx.sessions.put_many([replace(s, seen=None) for s in tx.sessions.all()])

    await app.store.run(forget)
    pairs = {session.pair_id for session in await dates(app)}
    assert await swept(world, app) == pairs
    await app.close()


@virtually
async def test_the_nightly_sweep_finds_a_move_a_cancel_and_an_answer(empty: Empty) -> None:
    """With no webhook at all: acceptance 26, the full comparison."""
    world, app = await booked(empty, PAIRS)
    await swept(world, app)
    by_pair: dict[str, Session] = {}
    for session in await dates(app):
        if session.start > app.clock.now() + timedelta(days=30):
            by_pair.setdefault(session.pair_id, session)
    moved, cancelled, answered, *untouched = by_pair.values()
    assert untouched
    to = moved.start + timedelta(hours=1)
    change = {"start": graph_time(to), "end": graph_time(to + timedelta(hours=1))}
    world.tenant.change_event(moved.event_id or "", change)
    world.tenant.cancel_event(cancelled.event_id or "")
    seen = await in_outlook(world, app, answered)
    mentor, _ = await mails_of(app, await pair_of(app, answered))
    world.tenant.answer(mentor, seen.event_id, "declined", day=seen.day)

    await next_night(app)
    assert await swept(world, app) == {moved.pair_id, cancelled.pair_id, answered.pair_id}
    assert swept_mailboxes(world) == 2 * len(world.firm.program_mailboxes)
    await app.close()


@virtually
async def test_a_series_deleted_from_the_mailbox_makes_its_pair_due(empty: Empty) -> None:
    world, app = await booked(empty, PAIRS)
    await swept(world, app)
    lost = await far_date(app)
    series = await app.store.run(lambda tx: tx.bookings.require(f"{lost.pair_id}/1"))
    tenant = world.tenant
    tenant.writes.delete(tenant._organizers_item(series.event_id, None), None)
    tenant.storage.commit()
    await next_night(app)
    assert await swept(world, app) == {lost.pair_id}
    await app.close()


@virtually
async def test_a_proposed_time_for_tomorrow_is_found_within_the_hour(empty: Empty) -> None:
    world, app = await booked(empty, PAIRS)
    await until(app, TUESDAY)
    await swept(world, app)
    soon = await date_near(app, after=TUESDAY + timedelta(hours=3))
    assert soon.start < TUESDAY + timedelta(hours=47)
    seen = await in_outlook(world, app, soon)
    mentor, _ = await mails_of(app, await pair_of(app, soon))
    proposed = (soon.start + timedelta(hours=1), soon.end + timedelta(hours=1))
    world.tenant.answer(
        mentor, seen.event_id, "tentativelyAccepted", day=seen.day, proposed=proposed
    )
    world.tenant.calls.clear()
    await app.clock.sleep(later(1))
    assert await swept(world, app) == {soon.pair_id}
    assert swept_mailboxes(world) == len(world.firm.program_mailboxes), "one call a mailbox"
    assert await swept(world, app) == set(), "asked twice within the hour"
    assert swept_mailboxes(world) == len(world.firm.program_mailboxes)
    await app.clock.sleep(later(1))
    assert await swept(world, app) == {soon.pair_id}, "until it is reconciled it is due again"
    await reconciled(app)
    await app.clock.sleep(later(1))
    assert await swept(world, app) == set()
    await app.close()


@virtually
async def test_a_date_moved_from_far_into_the_next_days_is_found_within_the_hour(
    empty: Empty,
) -> None:
    world, app = await booked(empty, PAIRS)
    await until(app, TUESDAY)
    await swept(world, app)
    second = next(s for s in await dates(app) if s.start > TUESDAY + timedelta(days=7))
    to = TUESDAY + timedelta(hours=20)
    change = {"start": graph_time(to), "end": graph_time(to + timedelta(hours=1))}
    world.tenant.change_event(second.event_id or "", change)
    await app.clock.sleep(later(1))
    assert await swept(world, app) == {second.pair_id}
    await app.close()


@virtually
async def test_nobodys_events_are_left_alone(empty: Empty) -> None:
    """A coordinator keeps a meeting of her own in the program mailbox, over all of tomorrow."""
    world, app = await booked(empty, PAIRS)
    await until(app, TUESDAY)
    await swept(world, app)
    for box in world.firm.program_mailboxes:
        owner = world.tenant.directory.user(box.mail)
        start = TUESDAY + timedelta(hours=20)
        body = {
            "subject": "coordinators",
            "start": graph_time(start),
            "end": graph_time(start + timedelta(hours=1)),
        }
        world.tenant.writes.create(owner, body)
    world.tenant.storage.commit()
    before = len(world.tenant.mail_log)
    await app.clock.sleep(later(1))
    assert await swept(world, app) == set()
    await next_night(app)
    assert await swept(world, app) == set()
    assert len(world.tenant.mail_log) == before
    await app.close()


@virtually
async def test_pairs_that_are_over_are_not_due_whatever_their_calendar_shows(
    empty: Empty,
) -> None:
    world, app = await booked(empty, PAIRS)
    gone = await far_date(app)
    world.tenant.cancel_event(gone.event_id or "")

    def withdraw(tx: Transaction) -> None:
        pair = tx.pairs.require(gone.pair_id)
        tx.pairs.put(replace(pair, state=PairState.WITHDRAWN))

    await app.store.run(withdraw)
    assert await swept(world, app) == set()
    await app.close()


@virtually
async def test_nights_and_weekends_cost_one_look_each(empty: Empty) -> None:
    """Saturday and Sunday of New York, with the loop as it runs without Azure."""
    world, app = await booked(empty, PAIRS)
    saturday = datetime(2027, 1, 16, 5, 30, tzinfo=UTC)
    await until(app, saturday - timedelta(hours=3))
    await swept(world, app)
    await until(app, saturday)
    world.tenant.calls.clear()
    await build_worker(app).run(
        until_quiet=False,
        progress=_quietly,
        kinds=["sweep"],
        until=saturday + timedelta(days=2) - timedelta(minutes=45),
    )
    assert swept_mailboxes(world) == 2 * len(world.firm.program_mailboxes)
    await app.close()


@virtually
async def test_a_working_day_of_one_mailbox_costs_sixteen_calls(empty: Empty) -> None:
    world, app = await booked(empty, PAIRS)
    midnight = datetime(2027, 1, 13, 5, tzinfo=UTC)
    await until(app, midnight - timedelta(hours=3))
    await swept(world, app)
    await until(app, midnight)
    world.tenant.calls.clear()
    await build_worker(app).run(
        until_quiet=False,
        progress=_quietly,
        kinds=["sweep"],
        until=midnight + timedelta(hours=24),
    )
    assert swept_mailboxes(world) == 16 * len(world.firm.program_mailboxes)
    await app.close()


async def _quietly() -> None:
    """Nobody watches."""


@virtually
async def test_a_whole_sweep_can_be_asked_for_at_once(empty: Empty) -> None:
    """Notifications were missed: the far date is found now and not tonight."""
    world, app = await booked(empty, PAIRS)
    await swept(world, app)
    gone = await far_date(app)
    world.tenant.cancel_event(gone.event_id or "")
    await app.clock.sleep(timedelta(minutes=5))
    assert await swept(world, app) == set()
    mailbox_id = (await pair_of(app, gone)).mailbox_id or ""
    now = app.clock.now()
    row = await app.store.run(lambda tx: sweep.whole_due(tx, mailbox_id, now))
    await build_worker(app).do(row.id)
    assert await taken(app) == {gone.pair_id}
    await app.close()


@virtually
async def test_a_mailbox_that_may_not_be_read_is_one_blocker_until_it_can_be(
    empty: Empty,
) -> None:
    world, app = await booked(empty, PAIRS)
    await app.close()

    def forbid(request: httpx.Request, response: httpx.Response) -> httpx.Response:
        if request.url.path.endswith("/calendarView"):
            error = {"error": {"code": "ErrorAccessDenied", "message": "no"}}
            return httpx.Response(403, json=error, request=request)
        return response

    app, _ = await begin_listening(world, forbid)
    assert await swept(world, app) == set()
    assert await blocked_mailboxes(world) == sorted(b.id for b in world.firm.program_mailboxes)
    await app.close()

    app = await world.begin()
    await app.clock.sleep(later(1))
    assert await swept(world, app) == set()
    assert await blocked_mailboxes(world) == []
    await app.close()


async def blocked_mailboxes(world: World) -> list[str]:
    """Mailboxes with a blocker; nothing else has one for the same reason."""
    blockers = await world.read(lambda tx: tx.blockers.open())
    refused = [b for b in blockers if b.code == "calendar_refused"]
    assert all(b.scope is BlockerScope.MAILBOX for b in refused)
    return sorted(blocker.subject_id for blocker in refused)


@virtually
async def test_a_sweep_that_dies_anywhere_is_made_again_by_the_next(empty: Empty) -> None:
    """Whatever it was doing: the pair is due once the next incarnation has swept."""
    world, app = await booked(empty, 3)
    gone = await far_date(app)
    mailbox_id = (await pair_of(app, gone)).mailbox_id or ""
    world.tenant.cancel_event(gone.event_id or "")
    await app.close()
    deaths = 0
    for point in range(1, 60, 2):
        died = await dies(_one_sweep(await world.build(dies_at=point), mailbox_id))
        deaths += died
        assert await _after(world, mailbox_id) == {gone.pair_id}, f"after death at point {point}"
        if not died:
            break
    assert deaths > 3
    assert not died


async def _after(world: World, mailbox_id: str) -> set[str]:
    """What the next incarnation finds due, its own sweep included; and all is as at first."""
    app = await world.begin()
    await app.clock.sleep(app.options.claim_length)
    due = await taken(app) | await look(app, "sweep", mailbox_id)
    now = app.clock.now()
    await app.store.run(lambda tx: sweep.whole_due(tx, mailbox_id, now))
    await app.close()
    return due


async def _one_sweep(app: App, mailbox_id: str) -> None:
    await app.open()
    now = app.clock.now()
    row = await app.store.run(lambda tx: tx.work.schedule("sweep", mailbox_id, now))
    await build_worker(app).do(row.id)
    await app.close()


@pytest.mark.parametrize(
    ("friday_night", "nights"),
    [
        # Clocks go forward over 02:00 of Sunday 14 March, and back over 01:00 of 7 November.
        (datetime(2027, 3, 13, 4, tzinfo=UTC), 2),
        (datetime(2027, 11, 6, 3, tzinfo=UTC), 2),
    ],
)
@virtually
async def test_a_weekend_of_clock_changes_has_one_sweep_a_night(
    empty: Empty, friday_night: datetime, nights: int
) -> None:
    world, app = await booked(empty, 3)
    await until(app, friday_night)
    await swept(world, app)
    world.tenant.calls.clear()
    await build_worker(app).run(
        until_quiet=False,
        progress=_quietly,
        kinds=["sweep"],
        until=friday_night + timedelta(hours=50),
    )
    assert swept_mailboxes(world) == nights * len(world.firm.program_mailboxes)
    await app.close()
