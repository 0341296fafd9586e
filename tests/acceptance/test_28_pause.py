"""A pause takes its dates out once, nothing is planned inside, and planning resumes by itself."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest

from integrations.bootstrap import build_worker
from integrations.ports import Transaction
from integrations.records import PairState, SessionState
from integrations.workflows.ordering import orders
from simulator.virtual_time import virtual_now
from tests.support.world import Empty, quietly
from tests.workflows.changes.stage import Stage, on_stage

pytestmark = pytest.mark.acceptance(28)

FIRST, LAST = date(2027, 3, 3), date(2027, 3, 21)
A_MONDAY = datetime(2027, 2, 22, 15, tzinfo=UTC)
AN_HOUR = timedelta(hours=1)


async def _order(stage: Stage) -> None:
    pair_id = await stage.pair_id()

    def pause(tx: Transaction) -> None:
        orders.pause(tx, tx.pairs.require(pair_id), FIRST, LAST, virtual_now())

    await stage.eyes.run(pause)


async def _reconcile(stage: Stage) -> None:
    app = await stage.world.begin()
    worker = build_worker(app)
    kinds = ("reconcile_pair", "book_pair")
    await worker.run(until_quiet=True, progress=quietly, kinds=kinds, until=virtual_now() + AN_HOUR)
    await app.close()


def test_pausing_cancels_each_date_inside_once_and_twice_is_harmless(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        inside = [s for s in await stage.dates() if FIRST <= s.start.date() <= LAST]
        assert inside
        for _ in range(2):
            await _order(stage)
            await _reconcile(stage)
        case = await stage.case()
        assert case.pair.state is PairState.PAUSED
        assert [(case.session(s.id).state, case.session(s.id).cause) for s in inside] == [
            (SessionState.CANCELLED, "paused")
        ] * len(inside)
        await stage.assert_store_is_calendar()
        await stage.assert_told_the_truth()
        kinds = Counter(kind for kind, _, _ in stage.mails().elements())
        assert kinds["cancellation"] == 2 * len(inside)
        words = {m.comment for m in stage.world.tenant.mail_log if m.kind == "cancellation"}
        assert all("22 March 2027" in comment for comment in words)

    on_stage(empty, play, at=A_MONDAY)


def test_planning_resumes_the_day_after_with_nothing_inside_the_pause(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        inside = [s for s in await stage.dates() if FIRST <= s.start.date() <= LAST]
        await _order(stage)
        await _reconcile(stage)
        back = datetime(2027, 3, 22, 15, tzinfo=UTC)
        await asyncio.sleep((back - virtual_now()).total_seconds())
        await _reconcile(stage)
        case = await stage.case()
        assert case.pair.state is PairState.BOOKED
        assert case.pair.past_pauses
        live = [s for s in case.sessions if s.state is SessionState.SCHEDULED]
        assert not any(FIRST <= s.start.date() <= LAST for s in live)
        # What was paused is owed no more, but for what the minimum needs.
        rule = case.rule.cadence
        assert rule.minimum_held is not None
        assert len(live) == max(rule.occurrences - len(inside), rule.minimum_held)
        await stage.assert_store_is_calendar()

    on_stage(empty, play, at=A_MONDAY)
