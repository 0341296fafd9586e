"""One of the two declines a date: it gets another hour once, then the coordinator decides."""

from __future__ import annotations

import pytest

from tests.acceptance.keeping import hint, live_until
from tests.support.world import Empty
from tests.workflows.changes.reconciling import (
    announced,
    answers,
    junior,
    mails,
    now,
    session,
    to_both,
    until,
)
from tests.workflows.changes.stage import DAY, HOUR, Stage, on_stage

pytestmark = pytest.mark.acceptance(22)


def test_a_declined_date_moves_once_and_the_second_decline_is_the_coordinators(
    empty: Empty,
) -> None:
    """Three days ahead: the same event at another hour, one update each and no word of why; the
    hour declined again stays, and a row asks the coordinator."""

    async def play(stage: Stage) -> None:
        date = (await stage.dates())[1]
        app = await stage.world.begin()
        await until(date.start - 3 * DAY, app)
        began, mentor = now(), await junior(stage)
        await answers(stage, mentor, date)
        await hint(stage, app)
        await live_until(app, now() + HOUR)

        moved = await session(stage, date.id)
        assert moved.start != date.start
        assert moved.event_id == date.event_id
        assert mails(stage, began) == await to_both(stage, "update")
        assert mails(stage, began) == await announced(stage, began)
        sent = [m for m in stage.world.tenant.mail_log if m.at >= began and m.kind == "update"]
        assert all("declin" not in f"{m.subject} {m.comment} {m.body}".lower() for m in sent)
        await stage.assert_store_is_calendar()

        await answers(stage, mentor, moved)
        await hint(stage, app)
        await live_until(app, now() + HOUR)
        assert (await session(stage, date.id)).start == moved.start
        assert [need.code for need in (await stage.case()).needs] == ["date_declined_twice"]
        assert mails(stage, began) == await to_both(stage, "update")
        assert stage.world.tenant.complaints == []
        await app.close()

    on_stage(empty, play)
