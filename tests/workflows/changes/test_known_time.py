"""Both people's time as the core is told of it: our own dates out, everything else in."""

from __future__ import annotations

from datetime import timedelta

from integrations.workflows.app import App
from integrations.workflows.changes.calendar_view import read_calendar
from integrations.workflows.changes.known_time import (
    NEAR,
    TimeRead,
    horizon_of,
    read_near_time,
    read_time,
)
from scheduling.changes.views import KnownTime, UnreadableTime
from scheduling.timespan import TimeSpan
from tests.support.world import Empty
from tests.workflows.changes.reconciling import junior, now, senior, takes
from tests.workflows.changes.stage import HOUR, WEEK, Stage, on_stage


async def _read(stage: Stage, app: App, *, near: bool = False) -> TimeRead:
    case = await stage.case()
    horizon = horizon_of(case, now())
    reading = await read_calendar(app, case, horizon)
    return await (read_near_time if near else read_time)(app, case, reading, horizon)


def _busy(read: TimeRead, person: str, span: TimeSpan) -> bool:
    assert isinstance(read.time, KnownTime)
    items = read.time.of(person).busy.items()
    return any(item.start < span.end and span.start < item.end for item in items)


def test_our_own_date_blocks_nobody_and_a_foreign_one_at_the_same_hour_does(
    empty: Empty,
) -> None:
    async def play(stage: Stage) -> None:
        app = await stage.world.begin()
        first, second = (await stage.dates())[:2]
        mentee, mentor = await senior(stage), await junior(stage)
        await takes(stage, mentee, second.start, second.end)
        read = await _read(stage, app)
        free, taken = (TimeSpan(s.start, s.end) for s in (first, second))
        assert not _busy(read, mentee.id, free)
        assert _busy(read, mentee.id, taken)
        assert not _busy(read, mentor.id, taken)
        assert read.missing == ()
        assert read.until is None
        await app.close()

    on_stage(empty, play)


def test_an_invitation_that_somebody_deleted_is_missing_and_takes_nothing_else_out(
    empty: Empty,
) -> None:
    async def play(stage: Stage) -> None:
        app = await stage.world.begin()
        date, mentee = (await stage.dates())[1], await senior(stage)
        day = date.series_start.date()
        stage.world.tenant.delete_from_calendar(mentee.mail, date.event_id or "", day=day)
        assert (await _read(stage, app)).missing == ((date.id, mentee.id),)
        await app.close()

    on_stage(empty, play)


def test_whose_calendar_cannot_be_read_is_named_and_the_others_time_is_kept(
    empty: Empty,
) -> None:
    async def play(stage: Stage) -> None:
        app = await stage.world.begin()
        mentee, mentor = await senior(stage), await junior(stage)
        stage.world.tenant.change_person(mentee.mail, mailbox="missing")
        time = (await _read(stage, app, near=True)).time
        assert isinstance(time, UnreadableTime)
        assert time.people == (mentee.id,)
        assert time.readable is not None
        assert time.readable.id == mentor.id
        await app.close()

    on_stage(empty, play)


def test_the_near_time_ends_after_four_weeks_and_says_nothing_beyond(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        app = await stage.world.begin()
        dates, mentee = await stage.dates(), await senior(stage)
        far = dates[-1]
        assert far.start > now() + NEAR + WEEK
        await takes(stage, mentee, far.start - 2 * HOUR, far.start - HOUR)
        near, whole = await _read(stage, app, near=True), await _read(stage, app)
        assert near.until == now() + NEAR
        assert isinstance(near.time, KnownTime)
        assert near.time.until == near.until
        assert near.says_of(dates[0])
        assert not near.says_of(far)
        assert whole.says_of(far)
        hour = TimeSpan(far.start - 2 * HOUR, far.start - HOUR)
        assert not _busy(near, mentee.id, hour)
        assert _busy(whole, mentee.id, hour)
        await app.close()

    on_stage(empty, play)


def test_the_horizon_holds_every_date_that_stands_and_four_weeks_of_make_ups(
    empty: Empty,
) -> None:
    async def play(stage: Stage) -> None:
        case, dates = await stage.case(), await stage.dates()
        horizon = horizon_of(case, now())
        assert horizon.start == now()
        assert horizon.end >= dates[-1].end + timedelta(weeks=case.rule.limits.make_up_weeks - 2)
        assert all(horizon.start < date.start and date.end < horizon.end for date in dates)

    on_stage(empty, play)
