"""A series after the first: under its own terms from the plan to the booking, however long."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from integrations.bootstrap import build_worker
from integrations.ports import Transaction
from integrations.records import PairState, Session, SessionState
from integrations.workflows.app import App
from integrations.workflows.changes.case import Case
from integrations.workflows.ordering import orders
from integrations.workflows.rulebook.rule_previews import apply_rule
from scheduling.changes.acts import Act, BookSeries, Decision, FollowCancel, decision
from scheduling.changes.reasons import ChangeCode
from simulator.faults import Fault
from simulator.virtual_time import virtual_now
from tests.support.world import Empty, quietly
from tests.workflows.changes.reconciling import reconciled, takes
from tests.workflows.changes.stage import HOUR, Stage, on_stage

QUARTER = HOUR * 4 / 15
"""Longer than a look into calendars may be believed."""


async def lost_its_series(stage: Stage) -> int:
    """Its series was deleted and another one planned for the rest; how many dates it had."""
    case = await stage.case()
    assert case.booking is not None
    stage.world.tenant.cancel_event(case.booking.event_id)
    had = sum(s.start < virtual_now() for s in case.sessions)
    lost = [FollowCancel(session.id) for session in await stage.dates()]
    acts: list[tuple[Act, ...]] = [tuple(lost), (BookSeries(),)]

    def decide(case: Case) -> Decision | None:
        return decision(ChangeCode.ORDER_CARRIED_OUT, *acts.pop(0)) if acts else None

    await stage.live(decide)
    assert len(await planned(stage)) == 9 - had
    return had


async def planned(stage: Stage) -> list[Session]:
    """What the second series is to have, or has."""
    case = await stage.case()
    wanted = (SessionState.PLANNED, SessionState.SCHEDULED)
    dates = [s for s in case.sessions if s.generation == 2 and s.state in wanted]
    return sorted(dates, key=lambda s: s.start)


async def work(app: App, *kinds: str, hours: float = 2) -> None:
    """Whatever is due of these kinds."""
    ends = virtual_now() + hours * HOUR
    await build_worker(app).run(until_quiet=False, progress=quietly, kinds=kinds, until=ends)


def test_a_plan_that_holds_no_more_is_made_anew_for_the_dates_that_are_left(empty: Empty) -> None:
    """It was never looked at again, and would have got all the dates of the program's rule."""

    async def play(stage: Stage) -> None:
        had = await lost_its_series(stage)
        taken = (await planned(stage))[1]
        await takes(stage, (await stage.case()).mentor, taken.start, taken.end)
        await asyncio.sleep(QUARTER.total_seconds())
        await stage.book()
        case = await stage.case()
        assert case.pair.state is PairState.BOOKED
        assert taken.start not in [session.start for session in await stage.dates()]
        assert case.rule.cadence.occurrences == 9 - had
        assert len(await planned(stage)) == len(await stage.dates()) == 9 - had

    on_stage(empty, play)


def test_a_calendar_that_cannot_be_read_leaves_the_plan_and_its_terms_waiting(
    empty: Empty,
) -> None:
    async def play(stage: Stage) -> None:
        had = await lost_its_series(stage)
        before, plan = (await stage.case()).pair, await planned(stage)
        unreadable = Fault("unreadable", mailbox=(await stage.case()).mentor.mail, times=0)
        stage.world.tenant.faults.plan(unreadable)
        await asyncio.sleep(QUARTER.total_seconds())
        app = await stage.world.begin()
        await work(app, "book_pair")
        assert (await stage.case()).pair == before
        assert await planned(stage) == plan
        assert (await stage.case()).booking is None

        stage.world.tenant.faults.clear()
        await work(app, "book_pair")
        case = await stage.case()
        assert (case.pair.state, case.pair.windows_from) == (PairState.BOOKED, before.windows_from)
        assert [s.start for s in await planned(stage)] == [s.start for s in plan]
        assert case.rule.cadence.occurrences == 9 - had
        await app.close()

    on_stage(empty, play)


def test_a_series_that_could_not_be_planned_at_once_is_planned_later_for_what_is_left(
    empty: Empty,
) -> None:
    """The nightly planning took the pair for a new one, and planned all nine dates again."""

    async def play(stage: Stage) -> None:
        mentor = (await stage.case()).mentor
        had = sum(s.start < virtual_now() for s in (await stage.case()).sessions)
        lost = [FollowCancel(session.id) for session in await stage.dates()]
        stage.world.tenant.cancel_event((await stage.case()).bookings[0].event_id)
        acts: list[tuple[Act, ...]] = [tuple(lost), (BookSeries(),)]

        def decide(case: Case) -> Decision | None:
            return decision(ChangeCode.ORDER_CARRIED_OUT, *acts.pop(0)) if acts else None

        stage.world.tenant.faults.plan(Fault("unreadable", mailbox=mentor.mail, times=0))
        await stage.live(decide)
        assert (await stage.case()).pair.state is PairState.ENROLLED
        stage.world.tenant.faults.clear()
        app = await stage.world.begin()
        await stage.read(lambda tx: tx.work.schedule("plan", "firm", virtual_now()))
        await work(app, "plan", "book_pair")
        assert (await stage.case()).pair.state is PairState.BOOKED
        assert len(await planned(stage)) == 9 - had
        await app.close()

    on_stage(empty, play)


def test_a_date_held_over_from_before_fills_its_window_when_the_plan_is_made_anew(
    empty: Empty,
) -> None:
    """Planned anew, the new series got a date in the window in which a kept one stood."""

    async def play(stage: Stage) -> None:
        app = await stage.world.begin()
        moved = (await stage.dates())[1]

        def move(tx: Transaction) -> None:
            orders.move(app, tx, tx.sessions.require(moved.id), moved.start + 2 * HOUR)

        await app.store.run(move)
        await reconciled(stage, app)
        case = await stage.case()
        cadence = replace(case.rule.cadence, interval_weeks=3)
        slower = case.rule.model_copy(update={"cadence": cadence})
        await app.store.run(lambda tx: apply_rule(app, tx, case.program.id, slower))
        await work(app, "reconcile_pair", hours=0.1)
        before, plan = await stage.case(), await planned(stage)
        assert before.pair.state is PairState.BOOKING
        taken = plan[1]
        await takes(stage, before.mentor, taken.start, taken.end)
        await asyncio.sleep(QUARTER.total_seconds())
        await work(app, "book_pair")

        after = await stage.case()
        assert after.pair.state is PairState.BOOKED
        assert after.pair.rule_id == before.pair.rule_id
        assert after.pair.windows_from == before.pair.windows_from
        assert after.rule == before.rule
        kept = after.session(moved.id)
        assert (kept.state, kept.start) == (SessionState.SCHEDULED, moved.start + 2 * HOUR)
        assert [s.window for s in await planned(stage)] == [s.window for s in plan]
        assert taken.start not in [s.start for s in await planned(stage)]
        await stage.assert_store_is_calendar()
        await app.close()

    on_stage(empty, play)
