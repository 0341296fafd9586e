"""Somebody with rights on the organizer's calendar moves a date: the store follows."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from integrations.records import Session
from integrations.workflows.app import App
from tests.acceptance.keeping import live_until
from tests.support.world import Empty
from tests.workflows.changes.reconciling import (
    announced,
    lines,
    mails,
    moved_by_coordinator,
    now,
    senior,
    session,
    takes,
    to_both,
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


async def _moved_next_to(stage: Stage, app: App, date: Session, follower: Session) -> datetime:
    """A coordinator moves a date to three days before the one that follows; its new start."""
    to = follower.start - 3 * DAY
    await until(date.start - 2 * DAY + HOUR, app)
    await moved_by_coordinator(stage, date, to)
    await app.clock.sleep(timedelta(minutes=1))
    return to


def test_a_date_that_follows_a_moved_one_too_closely_moves_and_the_moved_one_stays(
    empty: Empty,
) -> None:
    """Outside tolerance the move stands; the next date finds another hour in its own window."""

    async def play(stage: Stage) -> None:
        _, date, follower, *later = await stage.dates()
        app = await stage.world.begin()
        to = await _moved_next_to(stage, app, date, follower)
        began = now()
        await live_until(app, now() + DAY)

        assert (await session(stage, date.id)).start == to
        assert len(await lines(stage, "moved_outside_tolerance")) == 1
        respaced = await session(stage, follower.id)
        assert respaced.moves == 1
        assert (respaced.start.date() - to.date()).days >= 6
        assert (later[0].start.date() - respaced.start.date()).days >= 6
        (line,) = await lines(stage, "respaced")
        assert line.session_id == follower.id
        assert [(await session(stage, s.id)).start for s in later] == [s.start for s in later]
        assert (await stage.case()).needs == []
        assert mails(stage, began) == await to_both(stage, "update")
        assert mails(stage, began) == await announced(stage, began)
        await stage.assert_store_is_calendar()
        await app.close()

    on_stage(empty, play)


def test_where_the_date_that_follows_finds_no_other_hour_the_coordinator_is_asked(
    empty: Empty,
) -> None:
    """Nothing is moved back, nothing else moves and nobody is mailed; one row says so."""

    async def play(stage: Stage) -> None:
        _, date, follower, *_ = dates = await stage.dates()
        app = await stage.world.begin()
        left = (follower.end + 2 * DAY, follower.end + 13 * DAY + 4 * HOUR)
        await takes(stage, await senior(stage), *left)
        to = await _moved_next_to(stage, app, date, follower)
        began = now()
        await live_until(app, now() + DAY)

        assert (await session(stage, date.id)).start == to
        others = [s for s in dates if s.id != date.id]
        assert [(await session(stage, s.id)).start for s in others] == [s.start for s in others]
        assert [(n.code, n.session_id) for n in (await stage.case()).needs] == [
            ("too_close", follower.id)
        ]
        assert mails(stage, began) == []
        await stage.assert_store_is_calendar()
        await app.close()

    on_stage(empty, play)
