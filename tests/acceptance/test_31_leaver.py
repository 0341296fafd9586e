"""When an account is switched off its dates to come end with neutral words; history stays."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from integrations.bootstrap import build_worker
from integrations.ports import Transaction
from integrations.records import PairState
from simulator.virtual_time import virtual_now
from tests.support.world import Empty, quietly
from tests.workflows.changes.stage import Stage, on_stage

pytestmark = pytest.mark.acceptance(31)

A_TUESDAY = datetime(2027, 2, 23, 15, tzinfo=UTC)
AN_HOUR = timedelta(hours=1)


async def _night_and_morning(stage: Stage) -> None:
    """The nightly check of accounts, and what becomes due by it."""
    app = await stage.world.begin()

    def due(tx: Transaction) -> None:
        tx.work.schedule("check_people", "firm", virtual_now())

    await app.store.run(due)
    worker = build_worker(app)
    for kinds in (("check_people",), ("reconcile_pair",)):
        await worker.run(
            until_quiet=True, progress=quietly, kinds=kinds, until=virtual_now() + AN_HOUR
        )
    await app.close()


@pytest.mark.parametrize("mailbox", ["licensed", "none"])
def test_a_leavers_dates_to_come_end_and_past_ones_stay(empty: Empty, mailbox: str) -> None:
    async def play(stage: Stage) -> None:
        case = await stage.case()
        before = await stage.shown(await stage.box())
        past = [day for day in before if day[0] < virtual_now()]
        assert len(past) < len(before)
        stage.world.tenant.change_person(case.mentee.mail, enabled=False, mailbox=mailbox)
        await _night_and_morning(stage)
        case = await stage.case()
        assert case.pair.state is PairState.WITHDRAWN
        assert [need.code for need in case.needs] == ["leaver"]
        assert "pair_again" in case.needs[0].ready
        assert await stage.shown(await stage.box()) == past
        assert case.open_intents == []
        words = {m.comment for m in stage.world.tenant.mail_log if m.kind == "cancellation"}
        assert not any(name in comment for comment in words for name in _names(case.mentee.name))

    on_stage(empty, play, at=A_TUESDAY)


def _names(name: str) -> list[str]:
    return name.split()
