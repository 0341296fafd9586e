"""Somebody attends with an account of another organisation, and is known once a person says so."""

from __future__ import annotations

from datetime import datetime

import pytest

from integrations.ports import Transaction
from integrations.workflows.attendance import harvest
from integrations.workflows.attendance.telling import confirm_identity
from tests.acceptance.attending import attending
from tests.acceptance.keeping import live_until
from tests.support.world import Empty
from tests.workflows.changes.reconciling import lines, now
from tests.workflows.changes.stage import DAY, HOUR, Stage, on_stage

pytestmark = pytest.mark.acceptance(32)


def test_a_guest_identity_counts_once_the_link_between_old_and_new_is_confirmed(
    empty: Empty,
) -> None:
    """Given a partner converts to a guest or another tenant, attendance accepts the guest
    identity only after a confirmed link between old and new identity."""

    async def play(stage: Stage) -> None:
        there = await attending(stage)
        tenant, new = stage.world.tenant, "james.stone@client.example"
        await there.attends(there.junior.mail, 0, 60)
        await there.attends(new, 2, 58)
        await live_until(there.app, there.end + 3 * HOUR)
        tenant.change_person(there.senior.mail, guest=True, mailbox="missing")
        verdict, minutes, _ = (await there.said())[-1]
        assert (verdict, minutes) == ("to_confirm", 0)
        (report,) = await stage.read(lambda tx: tx.reports.all())
        assert [p["person"] for p in report.presences].count(None) == 1
        assert there.senior.id not in {p["person"] for p in report.presences}

        other = tenant.mint.guid("account", "somebody@client.example")
        for account, expected in (
            (other, "to_confirm"),
            (tenant.mint.guid("account", new), "held"),
        ):
            at = now()

            def confirm(tx: Transaction, account: str = account, at: datetime = at) -> None:
                person = tx.participants.require(there.senior.id)
                again = confirm_identity(tx, person, directory_id=account, now=at)[1]
                tx.work.schedule_all(harvest.KIND, again, at)

            await there.app.store.run(confirm)
            await live_until(there.app, now() + HOUR)
            assert (await there.said())[-1][0] == expected
        assert (await there.said())[-1] == ("held", 56, "teams")
        assert (await there.session()).held is True
        confirmed = await lines(stage, "identity_confirmed")
        assert len(await stage.read(lambda tx: tx.journal.read(code="identity_confirmed"))) == 2
        assert all(new not in str(line.data) for line in confirmed)
        await live_until(there.app, now() + 3 * DAY)
        assert (await there.said())[-1][0] == "held"
        await there.app.close()

    on_stage(empty, play)
