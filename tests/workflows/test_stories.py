"""A pair's story: one short line per decision, told from where the date stood to where it went."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from integrations.demo.account import account_of
from integrations.records import PairState
from integrations.workflows.ordering import orders
from integrations.workflows.showing.stories import stories
from tests.support.world import Empty
from tests.workflows.changes.reconciling import (
    answers,
    moved_by_coordinator,
    now,
    reconciled,
    session,
    until,
)
from tests.workflows.changes.stage import DAY, Stage, on_stage


def test_each_line_says_where_the_date_stood_then_and_where_it_went(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        app = await stage.world.begin()
        date, case = (await stage.dates())[1], await stage.case()
        await until(date.start - 3 * DAY, app)
        await answers(stage, case.mentor, date)
        await reconciled(stage, app)
        moved = await session(stage, date.id)
        by_hand = moved.start + timedelta(minutes=30)
        assert moved.start != date.start
        await moved_by_coordinator(stage, moved, by_hand)
        await reconciled(stage, app)

        zone = ZoneInfo(case.zone)
        [story] = [s for s in await stage.read(stories) if s.pair_id == case.pair.id]
        declined, by_coordinator = story.lines
        assert story.place in case.zone.replace("_", " ")
        assert f"declined by {case.mentor.name}, so {said(date.start, zone)} → " in declined
        assert f"{moved.start.astimezone(zone):%H:%M}" in declined
        assert by_coordinator.endswith(
            f"moved in Outlook, {said(moved.start, zone)} → {by_hand.astimezone(zone):%H:%M}"
        )
        await app.close()

    on_stage(empty, play)


def test_waiting_and_deeds_have_no_line_and_another_pair_has_its_own_story(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        app = await stage.world.begin()
        day = (await stage.dates())[1]
        await app.store.run(lambda tx: orders.skip(app, tx, tx.sessions.require(day.id)))
        await reconciled(stage, app)
        told = await stage.read(stories)
        pairs = await stage.read(lambda tx: tx.pairs.all())
        assert {story.pair_id for story in told} == {pair.id for pair in pairs}
        assert [story.names for story in told] == sorted(story.names for story in told)
        [line] = next(story.lines for story in told if story.pair_id == day.pair_id)
        zone = ZoneInfo((await stage.case()).zone)
        assert line.strip().endswith(
            f"{said(day.start, zone)}: the date was left out as somebody asked"
        )
        await app.close()

    on_stage(empty, play)


def test_the_account_counts_dates_pairs_and_mails(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        app = await stage.world.begin()
        first, second, third = (await stage.dates())[:3]
        before = await stage.read(lambda tx: account_of(tx, now()))
        await app.store.run(lambda tx: orders.skip(app, tx, tx.sessions.require(third.id)))
        await reconciled(stage, app)
        await until(second.start - 3 * DAY, app)
        await answers(stage, (await stage.case()).mentor, second)
        await reconciled(stage, app)
        after = await stage.read(lambda tx: account_of(tx, now()))
        assert first.end < now()
        assert after.past > before.past
        assert after.moved == before.moved + 1
        assert after.left_out == before.left_out + 1
        assert after.pairs == before.pairs
        assert after.pairs[PairState.BOOKED] > 0
        assert before.most_later < after.most_later <= 2
        assert f"{after.past} stood in both calendars" in after.words[0]
        await app.close()

    on_stage(empty, play)


def said(at: datetime, zone: ZoneInfo) -> str:
    local = at.astimezone(zone)
    return f"{local.day} {local:%b %H:%M}"
