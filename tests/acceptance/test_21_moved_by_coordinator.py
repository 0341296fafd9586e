"""Somebody with rights on the organizer's calendar moves a date: the store follows."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.acceptance.keeping import live_until
from tests.support.world import Empty
from tests.workflows.changes.reconciling import (
    lines,
    mails,
    moved_by_coordinator,
    now,
    session,
    until,
)
from tests.workflows.changes.stage import DAY, HOUR, Stage, on_stage

pytestmark = pytest.mark.acceptance(21)


@pytest.mark.parametrize(
    ("away", "code"),
    [(timedelta(hours=2), "moved_in_calendar"), (8 * DAY, "moved_outside_tolerance")],
)
def test_a_date_moved_in_outlook_stays_there_and_tandem_mails_nobody(
    empty: Empty, away: timedelta, code: str
) -> None:
    """Within an hour the store follows; nothing is moved back, near or far."""

    async def play(stage: Stage) -> None:
        date = (await stage.dates())[1]
        app = await stage.world.begin()
        await until(date.start - 2 * DAY + HOUR, app)
        await moved_by_coordinator(stage, date, date.start + away)
        began = now() + timedelta(seconds=1)
        await live_until(app, now() + 2 * HOUR)

        followed = await session(stage, date.id)
        assert followed.start == date.start + away
        assert (followed.moves, followed.moved_by_person) == (0, True)
        (line,) = await lines(stage, code)
        assert line.session_id == date.id
        ours = [mail for mail in mails(stage, began) if mail[0] != "message"]
        respaced = await lines(stage, "respaced")
        assert len(ours) == 2 * len(respaced)
        await stage.assert_store_is_calendar()
        await app.close()

    on_stage(empty, play)
