"""A partner becomes a guest: nothing is booked from a calendar nobody can read, hours are asked."""

from __future__ import annotations

import pytest

from integrations.records import PairState
from tests.acceptance.keeping import live_until
from tests.acceptance.oracle import writes
from tests.support.world import Empty
from tests.workflows.changes.reconciling import announced, junior, lines, mails, now, senior
from tests.workflows.changes.stage import DAY, Stage, on_stage

pytestmark = pytest.mark.acceptance(32)


def test_a_partner_who_becomes_a_guest_is_offered_five_hours_once_and_has_no_dates_to_come(
    empty: Empty,
) -> None:
    """Free/busy is unknown from then on: dates to come end, past ones stay, five hours that suit
    the one inside are offered once, and a row asks the coordinator who the new identity is."""

    async def play(stage: Stage) -> None:
        app = await stage.world.begin()
        began, outside, inside = now(), await senior(stage), await junior(stage)
        past = [day for day in await stage.shown(await stage.box()) if day[0] < began]
        assert past
        assert await stage.dates()
        stage.world.tenant.change_person(outside.mail, guest=True, mailbox="missing")
        await live_until(app, began + 4 * DAY)

        case = await stage.case()
        assert case.pair.state is PairState.BOOKED
        assert await stage.dates() == []
        for mail in (await stage.box(), inside.mail):
            assert await stage.shown(mail) == past
        (need,) = case.needs
        assert need.code == "external"
        assert "confirm_identity" in need.ready
        assert case.pair.offer is not None
        assert case.pair.offer["to"] == [outside.id]
        assert len(case.pair.offer["hours"]) == 5
        assert len(await lines(stage, "external")) == 1
        assert len(await lines(stage, "external_offered")) == 1
        assert "guest" in {b.code for b in case.blockers}
        offers = [m for kind, m in mails(stage, began) if kind == "message"]
        assert offers == [outside.mail.lower()]
        # The end mails once, as a cut of the series or as cancellations.
        assert {kind for kind, _ in mails(stage, began)} <= {"message", "update", "cancellation"}
        assert mails(stage, began) == await announced(stage, began)

        quiet, written = now(), len(writes(stage.world))
        await live_until(app, now() + 4 * DAY)
        assert mails(stage, quiet) == []
        assert len(writes(stage.world)) == written
        assert await stage.dates() == []
        assert stage.world.tenant.complaints == []
        await app.close()

    on_stage(empty, play)
