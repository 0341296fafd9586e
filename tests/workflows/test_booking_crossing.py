"""Pairs of one person whose plans cross: one's date goes where the other's stands at first."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import combinations

from integrations.bootstrap import build_worker
from integrations.ports import Transaction
from integrations.records import Pair, PairState, Session
from integrations.workflows.app import App
from integrations.workflows.booking import book, launching
from integrations.workflows.booking.crossing import PATIENCE
from integrations.workflows.work import Worker
from simulator.faults import Fault
from tests.support.world import Empty, World, enrolled, firm_of, quietly, virtually

EVENT, EVENTS = "/users/{user}/events/{event}", "/users/{user}/events"
AWAY = timedelta(days=1)


def crossed(tx: Transaction) -> tuple[Pair, Pair]:
    """Have one of the first's dates go where one of the second's stands until it is moved."""
    first, second = next(
        (one, other)
        for one, other in combinations(tx.pairs.in_state(PairState.PLANNED), 2)
        if {one.mentor_id, one.mentee_id} & {other.mentor_id, other.mentee_id}
    )
    leaving = tx.sessions.of_pair(second.id)[3]
    here = leaving.series_start
    arriving = min(tx.sessions.of_pair(first.id), key=lambda s: abs(s.series_start - here))
    tx.sessions.put_many([moved(arriving, here), moved(leaving, here + AWAY)])
    return first, second


def moved(session: Session, to: datetime) -> Session:
    return replace(session, start=to, end=to + (session.end - session.start), moved=True)


async def half_booked(world: World, app: App) -> tuple[Worker, Pair, Pair]:
    """The second has its series, but its moves fail."""
    await enrolled(world, app)
    first, second = await app.store.run(crossed)
    await launching.launch(app)
    worker = build_worker(app)
    world.tenant.faults.plan(Fault("error", method="PATCH", path=EVENT, times=1000, status=503))
    await do(app, worker, second)
    assert await state_of(world, second) is PairState.BOOKING
    world.tenant.faults.clear()
    return worker, first, second


async def do(app: App, worker: Worker, pair: Pair) -> None:
    """The pair's own booking, as its work does it."""
    now = app.clock.now()
    due = await app.store.run(lambda tx: tx.work.due(now, kinds=[book.KIND], limit=1000))
    (work,) = [one for one in due if one.subject == pair.id]
    await worker.do(work.id)


async def state_of(world: World, pair: Pair) -> PairState:
    return (await world.read(lambda tx: tx.pairs.require(pair.id))).state


@virtually
async def test_a_date_waits_until_the_other_pair_has_left_its_hour(empty: Empty) -> None:
    """Both stood in her calendar at that hour until the other one's turn came."""
    world = empty.world(firm_of(12))
    app = await world.begin()
    worker, first, second = await half_booked(world, app)
    await do(app, worker, first)
    assert await state_of(world, first) is PairState.BOOKING
    await app.clock.sleep(timedelta(minutes=30))
    await worker.run(until_quiet=True, progress=quietly)
    assert await state_of(world, second) is PairState.BOOKED
    assert await state_of(world, first) is PairState.BOOKED
    await app.close()


@virtually
async def test_a_date_waits_for_a_series_that_may_stand_there_too(empty: Empty) -> None:
    """The answer to its creation was lost, and reads had to wait: it stood there all the same."""
    world = empty.world(firm_of(12))
    app = await world.begin()
    await enrolled(world, app)
    first, second = await app.store.run(crossed)
    await launching.launch(app)
    worker = build_worker(app)
    # The first of each are those of the mailbox's trial.
    world.tenant.faults.plan(Fault("cut_after", method="POST", path=EVENTS, nth=2))
    throttled = Fault("throttle", method="GET", path=EVENTS, nth=2, times=9, retry_after=60)
    world.tenant.faults.plan(throttled)
    await do(app, worker, second)
    assert await state_of(world, second) is PairState.PLANNED
    world.tenant.faults.clear()
    await app.clock.sleep(timedelta(minutes=1))
    await do(app, worker, first)
    assert await state_of(world, first) is PairState.BOOKING
    await app.clock.sleep(timedelta(minutes=30))
    await worker.run(until_quiet=True, progress=quietly)
    assert await state_of(world, second) is PairState.BOOKED
    assert await state_of(world, first) is PairState.BOOKED
    await app.close()


@virtually
async def test_an_outage_while_it_is_read_back_holds_up_a_booking_until_it_is_over(
    empty: Empty,
) -> None:
    """The series stood without its moves, and nobody looked after it, until somebody noticed."""
    world = empty.world(firm_of(2))
    app = await world.begin()
    await enrolled(world, app)
    await launching.launch(app)
    worker, faults = build_worker(app), world.tenant.faults
    pair = await world.read(lambda tx: tx.pairs.all()[0])
    # The first of each are those of the mailbox's trial.
    faults.plan(Fault("cut_after", method="POST", path=EVENTS, nth=2))
    faults.plan(Fault("error", method="GET", path=EVENTS, nth=2, times=1000, status=503))
    await do(app, worker, pair)
    assert await state_of(world, pair) is PairState.PLANNED
    faults.clear()
    await worker.run(
        until_quiet=False, progress=quietly, until=app.clock.now() + timedelta(hours=1)
    )
    assert await state_of(world, pair) is PairState.BOOKED
    assert await world.read(lambda tx: tx.blockers.open(None, [pair.id])) == []
    invitations = [m for m in world.tenant.mail_log if m.kind == "invitation"]
    assert len(invitations) == 2 * len(await world.read(lambda tx: tx.pairs.all()))
    await app.close()


@virtually
async def test_a_date_does_not_wait_for_ever_for_a_booking_that_is_held_up(empty: Empty) -> None:
    world = empty.world(firm_of(12))
    app = await world.begin()
    worker, first, second = await half_booked(world, app)
    await do(app, worker, first)
    await app.clock.sleep(PATIENCE)
    await do(app, worker, first)
    assert await state_of(world, first) is PairState.BOOKED
    assert await state_of(world, second) is PairState.BOOKING
    await app.close()
