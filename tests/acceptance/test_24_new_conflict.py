"""An appointment over a date: the date moves once it has stood, never inside the freeze."""

from __future__ import annotations

import pytest

from tests.acceptance.keeping import hint, live_until
from tests.support.world import Empty
from tests.workflows.changes.reconciling import (
    announced,
    junior,
    lines,
    mails,
    now,
    reconciled,
    session,
    takes,
    to_both,
    until,
)
from tests.workflows.changes.stage import DAY, HOUR, Stage, on_stage

pytestmark = pytest.mark.acceptance(24)


def test_a_date_moves_once_its_appointment_has_stood_for_four_working_hours_and_two_looks(
    empty: Empty,
) -> None:
    """The hourly watch finds it; half a working day later the date moves, with one mail each."""

    async def play(stage: Stage) -> None:
        date = (await stage.dates())[1]
        app = await stage.world.begin()
        await until(date.start - 3 * DAY - 3 * HOUR, app)
        # Whatever a first look at the series finds is found before the appointment is there.
        await live_until(app, date.start - 3 * DAY)
        began = now()
        await takes(stage, await junior(stage), date.start, date.end)
        await live_until(app, began + HOUR * 3 / 2)
        assert (await session(stage, date.id)).start == date.start
        assert len(await lines(stage, "conflict_seen")) == 1
        assert mails(stage, began) == []

        # A second look before four working hours are over is not enough.
        await app.clock.sleep(HOUR)
        await hint(stage, app)
        await live_until(app, now() + HOUR)
        assert (await session(stage, date.id)).start == date.start
        assert mails(stage, began) == []

        await live_until(app, began + DAY + 6 * HOUR)
        moved = await session(stage, date.id)
        assert (moved.moves, moved.start != date.start) == (1, True)
        assert len(await lines(stage, "conflict_moved")) == 1
        assert mails(stage, began) == await to_both(stage, "update")
        assert mails(stage, began) == await announced(stage, began)
        await stage.assert_store_is_calendar()
        assert stage.world.tenant.complaints == []
        await app.close()

    on_stage(empty, play)


def test_inside_the_freeze_only_the_person_whose_calendar_changed_is_told(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        date = (await stage.dates())[1]
        app = await stage.world.begin()
        await until(date.start - 20 * HOUR, app)
        began, mentor = now(), await junior(stage)
        await takes(stage, mentor, date.start, date.end)
        await reconciled(stage, app)
        await app.clock.sleep(HOUR)
        await reconciled(stage, app)
        await app.clock.sleep(HOUR)
        await reconciled(stage, app)

        assert (await session(stage, date.id)).start == date.start
        pair_id = await stage.pair_id()
        notes = await stage.read(lambda tx: tx.outbox.of_pair(pair_id))
        assert [(n.person_id, n.purpose) for n in notes] == [(mentor.id, "your_appointment")]
        assert len(await lines(stage, "conflict_in_freeze")) == 1
        assert mails(stage, began) == []
        await stage.assert_store_is_calendar()
        await app.close()

    on_stage(empty, play)


def test_a_date_moves_twice_and_the_third_conflict_is_the_coordinators(empty: Empty) -> None:
    """Each appointment stands its four working hours; where the third one lies the date stays,
    nobody is mailed and a row asks the coordinator."""

    async def play(stage: Stage) -> None:
        date = (await stage.dates())[1]
        app = await stage.world.begin()
        await until(date.start - 9 * DAY, app)
        mentor = await junior(stage)
        stood = [date.start]
        for moves in (1, 2):
            began, date = now(), await session(stage, date.id)
            await takes(stage, mentor, date.start, date.end)
            await hint(stage, app)
            await live_until(app, began + DAY + 6 * HOUR)
            moved = await session(stage, date.id)
            assert moved.moves == moves
            assert moved.start not in stood
            stood.append(moved.start)
            assert mails(stage, began) == await to_both(stage, "update")

        began, date = now(), await session(stage, date.id)
        await takes(stage, mentor, date.start, date.end)
        await hint(stage, app)
        await live_until(app, began + DAY + 6 * HOUR)
        third = await session(stage, date.id)
        assert (third.start, third.moves) == (stood[-1], 2)
        assert [(n.code, n.session_id) for n in (await stage.case()).needs] == [
            ("moves_used_up", date.id)
        ]
        assert len(await lines(stage, "conflict_moved")) == 2
        assert mails(stage, began) == []
        await stage.assert_store_is_calendar()
        assert stage.world.tenant.complaints == []
        await app.close()

    on_stage(empty, play)
