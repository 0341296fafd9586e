"""The loop over due work: what it waits for, what wakes it, and what never runs side by side."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import pytest

from integrations.errors import (
    OutcomeUnknownError,
    RefusedError,
    TokenRefusedError,
    UnreachableError,
)
from integrations.ports import Transaction
from integrations.records import Blocker, Work, WorkState
from integrations.workflows.acting import Claim, NotYet
from integrations.workflows.app import App
from integrations.workflows.standing_work import STANDING, DueAgain, ensure_standing
from integrations.workflows.work import LONGEST_PAUSE, MOST_ATTEMPTS, Handler, Worker, wake
from tests.support.world import Empty, firm_of, quietly, virtually

HOUR = timedelta(hours=1)


class Diary:
    """Handlers that write down when they were called, and do as they are told."""

    def __init__(self, *, takes: timedelta = timedelta(0), every: timedelta | None = None) -> None:
        self.takes, self.every = takes, every
        self.begun: list[tuple[str, str, datetime]] = []
        self.running: set[tuple[str, str]] = set()
        self.met: set[frozenset[str]] = set()
        self.fault: Exception | None = None

    def handlers(self, *kinds: str) -> Mapping[str, Handler]:
        return {kind: self._handler(kind) for kind in kinds}

    def _handler(self, kind: str) -> Handler:
        async def handle(app: App, claim: Claim, subject: str) -> None:
            self.begun.append((kind, subject, app.clock.now()))
            self.met |= {frozenset((kind, k)) for k, s in self.running if s == subject}
            self.running.add((kind, subject))
            await app.clock.sleep(self.takes)
            self.running.discard((kind, subject))
            if self.fault is not None:
                raise self.fault
            if self.every is not None:
                raise NotYet(app.clock.now() + self.every, "again")

        return handle


async def schedule(app: App, kind: str, subject: str, after: timedelta = timedelta(0)) -> Work:
    at = app.clock.now() + after
    return await app.store.run(lambda tx: tx.work.schedule(kind, subject, at))


async def row(app: App, kind: str) -> Work:
    (found,) = await app.store.run(lambda tx: [w for w in tx.work.all() if w.kind == kind])
    return found


async def blockers(app: App) -> list[Blocker]:
    return await app.store.run(lambda tx: tx.blockers.open())


@virtually
async def test_waiting_for_quiet_does_not_wait_for_standing_work(empty: Empty) -> None:
    app = await empty.world(firm_of(3)).begin()
    diary = Diary(every=HOUR)
    await schedule(app, "watch", "firm")
    await schedule(app, "reconcile_pair", "p1", 5 * HOUR)
    await schedule(app, "book_pair", "p1")
    diary.every = None
    worker = Worker(app, diary.handlers("watch", "book_pair", "reconcile_pair"))
    await worker.run(until_quiet=True, progress=quietly)
    assert [kind for kind, _, _ in diary.begun] == ["book_pair"]
    await app.close()


@virtually
async def test_the_loop_jumps_over_quiet_times_and_wakes_for_its_own_news(empty: Empty) -> None:
    """Between two pieces it looks at nothing, and still begins at once what becomes due."""
    app = await empty.world(firm_of(3)).begin(poll_seconds="86400")
    diary = Diary()
    worker = Worker(app, diary.handlers("watch", "book_pair"))
    began = app.clock.now()
    await schedule(app, "watch", "firm", 3 * HOUR)
    running = asyncio.create_task(worker.run(until_quiet=False, progress=quietly))
    await app.clock.sleep(HOUR)
    await wake(app, await schedule(app, "book_pair", "p1"))
    await app.clock.sleep(4 * HOUR)
    worker.stop()
    await running
    assert [(kind, at - began) for kind, _, at in diary.begun] == [
        ("book_pair", HOUR),
        ("watch", 3 * HOUR),
    ]
    await app.close()


@virtually
async def test_what_another_process_made_due_is_found_within_the_poll(empty: Empty) -> None:
    world = empty.world(firm_of(3))
    app, other = await world.begin(), await world.begin()
    diary = Diary()
    worker = Worker(app, diary.handlers("book_pair"))
    running = asyncio.create_task(worker.run(until_quiet=False, progress=quietly))
    await app.clock.sleep(timedelta(seconds=100))
    made_at = app.clock.now()
    await wake(other, await schedule(other, "book_pair", "p1"))
    await app.clock.sleep(timedelta(minutes=2))
    worker.stop()
    await running
    ((_, _, at),) = diary.begun
    assert timedelta(0) < at - made_at <= app.options.poll
    await app.close()
    await other.close()


@virtually
async def test_work_that_becomes_due_is_begun_while_another_piece_is_being_done(
    empty: Empty,
) -> None:
    app = await empty.world(firm_of(3)).begin(poll_seconds="86400")
    diary = Diary(takes=timedelta(minutes=2))
    began = app.clock.now()
    await schedule(app, "book_pair", "p1")
    await schedule(app, "book_pair", "p2", timedelta(minutes=1))
    await Worker(app, diary.handlers("book_pair")).run(until_quiet=True, progress=quietly)
    assert [at - began for _, _, at in diary.begun] == [timedelta(0), timedelta(minutes=1)]
    await app.close()


@virtually
async def test_a_pair_is_never_booked_and_reconciled_side_by_side(empty: Empty) -> None:
    """By two workers, of two processes, with both rows due at once; other pairs are not held."""
    world = empty.world(firm_of(3))
    apps = [await world.begin(), await world.begin()]
    diary = Diary(takes=timedelta(seconds=40))
    for pair in ("p1", "p2", "p3"):
        await schedule(apps[0], "book_pair", pair)
        await schedule(apps[0], "reconcile_pair", pair)
    kinds = ("book_pair", "reconcile_pair")
    began = apps[0].clock.now()
    runs = (
        Worker(app, diary.handlers(*kinds)).run(until_quiet=True, progress=quietly, kinds=kinds)
        for app in apps
    )
    await asyncio.gather(*runs)
    assert sorted((kind, pair) for kind, pair, _ in diary.begun) == sorted(
        (kind, pair) for kind in kinds for pair in ("p1", "p2", "p3")
    )
    assert diary.met == set()
    assert sum(at == began for _, _, at in diary.begun) == 3
    await asyncio.gather(*(app.close() for app in apps))


@virtually
async def test_standing_work_that_fails_is_shown_and_goes_on(empty: Empty) -> None:
    app = await empty.world(firm_of(3)).begin()
    diary = Diary(every=HOUR)
    diary.fault = UnreachableError("nobody answers")
    worker = Worker(app, diary.handlers("watch"))
    await schedule(app, "watch", "firm")
    for attempt in range(1, MOST_ATTEMPTS + 3):
        await app.clock.sleep((await row(app, "watch")).due_at - app.clock.now())
        assert await worker.do((await row(app, "watch")).id)
        shown = [blocker.code for blocker in await blockers(app)]
        assert shown == (["watch_fails"] if attempt >= MOST_ATTEMPTS else [])
    assert (await row(app, "watch")).state is WorkState.OPEN

    diary.fault = None
    await app.clock.sleep((await row(app, "watch")).due_at - app.clock.now())
    await worker.do((await row(app, "watch")).id)
    assert await blockers(app) == []
    after = await row(app, "watch")
    assert (after.attempts, after.last_error) == (0, None)
    assert after.due_at == app.clock.now() + HOUR
    await app.close()


async def fail(app: App, diary: Diary, fault: Exception, *, times: int) -> None:
    """Let the one row of booking fail as often, each time when it is due."""
    diary.fault = fault
    worker = Worker(app, diary.handlers("book_pair"))
    for _ in range(times):
        await app.clock.sleep((await row(app, "book_pair")).due_at - app.clock.now())
        assert await worker.do((await row(app, "book_pair")).id)
    diary.fault = None


@virtually
@pytest.mark.parametrize(
    "fault",
    [
        UnreachableError("nobody answers"),
        OutcomeUnknownError("an answer was lost"),
        RefusedError(503, "ServiceUnavailable"),
        TokenRefusedError("AADSTS90033"),
    ],
    ids=lambda fault: type(fault).__name__,
)
async def test_an_outage_puts_nothing_aside_however_long_it_lasts(
    empty: Empty, fault: Exception
) -> None:
    """After half an hour each pair that was touched waited for a coordinator."""
    app = await empty.world(firm_of(3)).begin()
    diary = Diary()
    await schedule(app, "book_pair", "p1")
    await fail(app, diary, fault, times=MOST_ATTEMPTS - 1)
    assert await blockers(app) == []
    await fail(app, diary, fault, times=40)
    (blocker,) = await blockers(app)
    assert (blocker.code, blocker.subject_id) == ("trouble_lasts", "p1")
    waiting = await row(app, "book_pair")
    assert waiting.state is WorkState.OPEN
    assert waiting.due_at - app.clock.now() == LONGEST_PAUSE

    await app.clock.sleep(LONGEST_PAUSE)
    await Worker(app, diary.handlers("book_pair")).do(waiting.id)
    assert await blockers(app) == []
    assert (await row(app, "book_pair")).state is WorkState.DONE
    await app.close()


@virtually
async def test_a_fault_of_our_own_is_put_aside_and_an_outage_before_it_does_not_count(
    empty: Empty,
) -> None:
    app = await empty.world(firm_of(3)).begin()
    diary = Diary()
    await schedule(app, "book_pair", "p1")
    await fail(app, diary, UnreachableError("nobody answers"), times=20)
    await fail(app, diary, LookupError("a fault of ours"), times=MOST_ATTEMPTS - 1)
    assert (await row(app, "book_pair")).state is WorkState.OPEN
    await fail(app, diary, LookupError("a fault of ours"), times=1)
    assert (await row(app, "book_pair")).state is WorkState.POISON
    assert "work_put_aside" in [blocker.code for blocker in await blockers(app)]
    await app.close()


@virtually
async def test_failures_before_work_got_through_are_forgotten(empty: Empty) -> None:
    """Those of many weeks added up, because a pair's reconciliation is never done."""
    app = await empty.world(firm_of(3)).begin()
    diary = Diary(every=HOUR)
    await schedule(app, "book_pair", "p1")
    for _ in range(3):
        await fail(app, diary, LookupError("now and then"), times=MOST_ATTEMPTS - 2)
        await app.clock.sleep((await row(app, "book_pair")).due_at - app.clock.now())
        await Worker(app, diary.handlers("book_pair")).do((await row(app, "book_pair")).id)
    after = await row(app, "book_pair")
    assert (after.state, after.attempts, after.last_error) == (WorkState.OPEN, 0, None)
    await app.close()


@virtually
async def test_work_of_a_kind_nobody_here_knows_is_left_for_others(empty: Empty) -> None:
    app = await empty.world(firm_of(3)).begin()
    work = await schedule(app, "of_a_newer_version", "p1")
    assert not await Worker(app, {}).do(work.id)
    after = await row(app, "of_a_newer_version")
    assert (after.state, after.attempts, after.claimed_by) == (WorkState.OPEN, 0, None)
    assert await blockers(app) == []
    await app.close()


@virtually
async def test_standing_rows_are_made_once_and_keep_their_time(empty: Empty) -> None:
    from integrations.workflows.enrolment.enrol import enrol

    world = empty.world(firm_of(3))
    app = await world.begin()
    await enrol(app, world.roster)
    boxes = {box.id for box in world.firm.program_mailboxes}

    def ensure(tx: Transaction) -> list[Work]:
        ensure_standing(tx, app, app.clock.now())
        return tx.work.all()

    first = await app.store.run(ensure)
    assert {(w.kind, w.subject) for w in first} == {
        (kind, subject)
        for kind in STANDING
        for subject in (boxes if kind in ("sweep", "send_mails") else {"firm"})
    }
    await app.clock.sleep(HOUR)
    assert await app.store.run(ensure) == first
    (watch,) = (w for w in first if w.kind == "watch")
    await app.store.run(lambda tx: tx.work.poison(watch.id, "by hand"))
    again = {w.kind: w for w in await app.store.run(ensure)}
    assert (again["watch"].state, again["watch"].due_at) == (WorkState.OPEN, app.clock.now())
    await app.close()


@virtually
async def test_what_a_look_saw_is_kept_by_whoever_still_holds_the_row(empty: Empty) -> None:
    """A look that took longer than its claim leaves it to the one who looks now."""
    app = await empty.world(firm_of(2)).begin()
    kept: list[str] = []

    async def slow(app: App, claim: Claim, subject: str) -> None:
        name = "first" if not kept and claim.holder.endswith("/1") else "second"
        if name == "first":
            await app.clock.sleep(2 * app.options.claim_length)

        def keep(tx: Transaction) -> None:
            kept.append(name)

        raise DueAgain(app.clock.now() + HOUR, "the next look", keep)

    work = await schedule(app, "watch", "firm")
    worker = Worker(app, {"watch": slow})
    overtaken = asyncio.ensure_future(worker.do(work.id))
    await app.clock.sleep(app.options.claim_length + timedelta(seconds=1))
    await worker.do(work.id)
    await overtaken
    assert kept == ["second"]
    await app.close()


@virtually
async def test_what_work_leaves_is_stored_as_it_is_done_by_whoever_still_holds_it(
    empty: Empty,
) -> None:
    app = await empty.world(firm_of(2)).begin()
    stored: list[tuple[str, WorkState]] = []

    async def slow(app: App, claim: Claim, subject: str) -> Callable[[Transaction], None]:
        overtaken = claim.holder.endswith("/1")
        if overtaken:
            await app.clock.sleep(2 * app.options.claim_length)

        def last(tx: Transaction) -> None:
            (work,) = tx.work.all()
            stored.append(("overtaken" if overtaken else "holder", work.state))

        return last

    work = await schedule(app, "book_pair", "p1")
    worker = Worker(app, {"book_pair": slow})
    overtaken = asyncio.ensure_future(worker.do(work.id))
    await app.clock.sleep(app.options.claim_length + timedelta(seconds=1))
    await worker.do(work.id)
    await overtaken
    assert stored == [("holder", WorkState.DONE)]
    await app.close()
