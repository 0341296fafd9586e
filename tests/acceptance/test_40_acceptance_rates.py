"""Acceptance as sponsors see it: what people really answered, as far as it was read."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from integrations.ports.graph import AttendeeAnswer, EventSnapshot
from integrations.records import Session
from integrations.workflows.app import App
from integrations.workflows.changes.calendar_view import with_replies
from integrations.workflows.reporting.history import histories
from integrations.workflows.reporting.sponsor import answers_of, sponsor_tables
from scheduling.timespan import TimeSpan
from tests.acceptance.keeping import hint, live_until
from tests.support.stores import session as stored_session
from tests.support.world import Empty, World, virtually
from tests.workflows.changes.reconciling import answers, junior, now, senior, session, until
from tests.workflows.changes.stage import DAY, HOUR, Stage, on_stage
from tests.workflows.looking import booked, dates, in_outlook, look, mails_of, pair_of

pytestmark = pytest.mark.acceptance(40)


async def _figures(app: App) -> dict[str, Any]:
    """The sponsor's figures of the largest program, as a whole."""
    now = app.clock.now()
    (table,) = await app.store.run(lambda tx: sponsor_tables(histories(tx, now, None, "UTC")))
    return max(table.records(), key=lambda row: row["invited"] or 0)


def _rates(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in ("accepted", "declined", "open", "unknown"))


async def _accept(world: World, app: App, session: Session, *who: int) -> None:
    """Mentor (0) or mentee (1), or both, accept one date."""
    mails = await mails_of(app, await pair_of(app, session))
    for person in who:
        seen = await in_outlook(world, app, session)
        world.tenant.answer(mails[person], seen.event_id, "accepted", day=seen.day)


async def _sweep(world: World, app: App) -> None:
    """The night's look at everything to come."""
    night = app.clock.now().replace(hour=7, minute=30) + timedelta(days=1)
    await app.clock.sleep(night - app.clock.now())
    for box in world.firm.program_mailboxes:
        await look(app, "sweep", box.id)


@virtually
async def test_accepted_is_what_both_were_seen_to_accept_and_unread_answers_stay_apart(
    empty: Empty,
) -> None:
    world, app = await booked(empty, 6)
    before = await _figures(app)
    invited = before["invited"]
    assert invited > 20
    assert _rates(before) == (0, 0, 0, invited)
    assert (before["accepted_rate"], before["declined_rate"]) == (None, None)
    by_both, by_one = (await dates(app))[10:12]
    await _accept(world, app, by_both, 0, 1)
    await _accept(world, app, by_one, 0)
    assert await look(app, "compare_pair", by_both.pair_id) == set()
    noted = await app.store.run(lambda tx: tx.sessions.require(by_both.id))
    assert noted.replies == "accepted accepted"
    await _sweep(world, app)
    after = await _figures(app)
    assert _rates(after) == (1, 0, invited - 1, 0)
    assert after["accepted_rate"] == (100 + invited // 2) // invited
    await app.close()


@pytest.mark.parametrize("response", ["none", "declined", "accepted", "unknown"])
def test_what_somebody_else_answers_is_nobodys_word_on_a_date(response: str) -> None:
    """A silent assistant left dates open that both had accepted; a declining one declined them."""
    date = stored_session("s1")
    said = {"Mia@firm": "accepted", "sam@firm": "accepted", "assistant@firm": response}
    event = EventSnapshot(
        id="event",
        etag="etag",
        ical_uid="uid",
        kind="occurrence",
        span=TimeSpan(date.start, date.end),
        cancelled=False,
        join_url=None,
        answers={mail.lower(): AttendeeAnswer(response=word) for mail, word in said.items()},
    )
    assert with_replies(date, event, ["Mia@firm", "sam@firm"]).replies == "accepted accepted"
    assert with_replies(date, event, ["Mia@firm", "gone@firm"]).replies == "accepted not_told"


def test_a_declined_date_counts_as_declined_though_both_accept_the_next_hour(
    empty: Empty,
) -> None:
    async def play(stage: Stage) -> None:
        app, mentor, mentee = await stage.world.begin(), await junior(stage), await senior(stage)
        date = (await stage.dates())[1]
        await until(date.start - 3 * DAY, app)
        await answers(stage, mentor, date)
        await hint(stage, app)
        await live_until(app, now() + HOUR)
        moved = await session(stage, date.id)
        assert moved.start != date.start
        assert moved.replies == "none none once_declined"
        for person in (mentor, mentee):
            await answers(stage, person, moved, "accepted")
        await look(app, "compare_pair", date.pair_id)
        kept = await session(stage, date.id)
        assert kept.replies == "accepted accepted once_declined"
        figures = answers_of(await stage.read(lambda tx: tx.sessions.of_pair(date.pair_id)))
        assert (figures["accepted"], figures["declined"]) == (0, 1)
        await app.close()

    on_stage(empty, play)
