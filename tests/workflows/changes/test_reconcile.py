"""A pair is reconciled: what happened in calendars reaches the store, and nothing is done twice."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from integrations.ports import Transaction
from integrations.records import PairState, Session, SessionState
from integrations.workflows.changes.calendar_view import digest
from integrations.workflows.changes.known_time import NEAR
from integrations.workflows.changes.reconcile import READ_ONLY_PAUSE, alone
from scheduling.timespan import TimeSpan
from simulator.faults import Fault
from simulator.replies import Response
from simulator.requests import LoggedCall
from tests.acceptance.oracle import GET_SCHEDULE, calls, writes
from tests.support.world import Empty
from tests.workflows.changes.reconciling import (
    announced,
    answers,
    junior,
    lines,
    live,
    mails,
    moved_by_coordinator,
    now,
    reconciled,
    senior,
    session,
    takes,
    to_both,
    until,
)
from tests.workflows.changes.stage import DAY, HOUR, MIDWAY, Stage, on_stage


def _written(stage: Stage) -> list[LoggedCall]:
    """Calls that changed something since the stage was set."""
    return [call for call in writes(stage.world) if call.at >= MIDWAY]


async def _coming(stage: Stage, number: int = 1) -> Session:
    """A date to come that is not the very next one."""
    return (await stage.dates())[number]


def test_a_quiet_pair_is_left_alone_until_its_last_date_is_over(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        app = await stage.world.begin()
        before = await stage.case()
        again_at = await reconciled(stage, app)
        after = await stage.case()
        assert again_at == max(s.end for s in await live(stage))
        assert _written(stage) == []
        assert mails(stage, MIDWAY) == []
        assert [e for e in await lines(stage) if e.at >= MIDWAY] == []
        assert after.pair.reconciled_at == MIDWAY
        assert [(s.start, s.state) for s in after.sessions] == [
            (s.start, s.state) for s in before.sessions
        ]

    on_stage(empty, play)


def test_each_date_is_remembered_as_it_was_compared(empty: Empty) -> None:
    """What a sweep compares with is what was seen when the pair was reconciled."""

    async def play(stage: Stage) -> None:
        app = await stage.world.begin()
        await reconciled(stage, app)
        case = await stage.case()
        booking = case.booking
        assert booking is not None
        dates = await stage.dates()
        span = (dates[0].start - DAY, dates[-1].end + DAY)
        shown = await app.graph.calendar.view(booking.mailbox_id, TimeSpan(*span))
        digests = {event.id: digest(event) for event in shown}
        assert [s.seen for s in dates] == [digests[s.event_id or ""] for s in dates]

    on_stage(empty, play)


def test_a_declined_date_moves_by_the_same_event(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        app = await stage.world.begin()
        date = await _coming(stage)
        await until(date.start - 3 * DAY, app)
        began = now()
        await answers(stage, await junior(stage), date)
        await reconciled(stage, app)

        moved = await session(stage, date.id)
        assert moved.start != date.start
        assert moved.event_id == date.event_id
        assert (moved.moves, moved.declines) == (1, 1)
        await stage.assert_store_is_calendar()
        assert mails(stage, began) == await to_both(stage, "update")
        assert mails(stage, began) == await announced(stage, began)
        assert len(await lines(stage, "date_declined")) == 1

        await reconciled(stage, app)
        assert await session(stage, date.id) == moved
        assert len(mails(stage, began)) == 2

    on_stage(empty, play)


def test_a_date_moved_by_a_coordinator_is_followed_without_a_mail_of_ours(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        app = await stage.world.begin()
        date = await _coming(stage)
        await moved_by_coordinator(stage, date, date.start + DAY)
        began = now() + timedelta(seconds=1)
        await app.clock.sleep(timedelta(minutes=1))
        await reconciled(stage, app)

        followed = await session(stage, date.id)
        assert (followed.start, followed.end) == (date.start + DAY, date.end + DAY)
        assert followed.moved_by_person
        assert followed.moves == 0
        assert mails(stage, began) == []
        assert _written(stage) == []
        await stage.assert_store_is_calendar()
        assert len(await lines(stage, "moved_in_calendar")) == 1

    on_stage(empty, play)


def test_a_date_deleted_by_a_coordinator_is_excused_and_not_made_up(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        app = await stage.world.begin()
        date = await _coming(stage)
        stage.world.tenant.cancel_event(date.event_id or "")
        await reconciled(stage, app)

        gone = await session(stage, date.id)
        assert (gone.state, gone.cause) == (SessionState.CANCELLED, "in_calendar")
        assert len(await lines(stage, "cancelled_in_calendar")) == 1
        await stage.assert_store_is_calendar()

    on_stage(empty, play)


def test_a_deleted_series_is_followed_and_handed_to_the_coordinator(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        app = await stage.world.begin()
        case = await stage.case()
        assert case.booking is not None
        past = [s for s in case.sessions if s.end < now()]
        stage.world.tenant.cancel_event(case.booking.event_id)
        await reconciled(stage, app)
        await reconciled(stage, app)

        after = await stage.case()
        assert [n.code for n in after.needs] == ["series_deleted"]
        assert await stage.dates() == []
        assert [s for s in after.sessions if s.end < now()] == past
        assert _written(stage) == []

    on_stage(empty, play)


def test_a_person_who_cannot_be_read_is_said_once_and_nothing_moves(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        app = await stage.world.begin()
        date = await _coming(stage)
        await until(date.start - 3 * DAY, app)
        mentee = await senior(stage)
        stage.world.tenant.faults.plan(Fault("unreadable", mailbox=mentee.mail, times=0))
        await answers(stage, await junior(stage), date)
        for _ in range(3):
            await reconciled(stage, app)
            await app.clock.sleep(HOUR)
        assert (await session(stage, date.id)).start == date.start
        unread = [line for line in await lines(stage, "unreadable") if line.session_id is None]
        assert len(unread) == 1
        assert unread[0].data == {"person": mentee.id}
        assert {b.code for b in (await stage.case()).blockers} == {"calendar_unreadable"}

        stage.world.tenant.faults.clear()
        await reconciled(stage, app)
        assert (await session(stage, date.id)).start != date.start
        assert (await stage.case()).blockers == []

    on_stage(empty, play)


@pytest.mark.parametrize("answer", [None, "accepted", "tentativelyAccepted", "declined"])
@pytest.mark.parametrize("told", [True, False])
def test_our_own_date_is_no_conflict_whatever_was_answered(
    empty: Empty, answer: Response | None, told: bool
) -> None:
    """A declined date is moved for being declined, never for itself."""

    async def play(stage: Stage) -> None:
        app = await stage.world.begin()
        date = await _coming(stage, 0)
        if answer is not None:
            await answers(stage, await senior(stage), date, answer, send_reply=told)
        await reconciled(stage, app)
        await app.clock.sleep(DAY)
        await reconciled(stage, app)
        seen = await lines(stage, "conflict_seen", "conflict_waits", "conflict_moved")
        assert seen == []
        moved = (await session(stage, date.id)).start != date.start
        assert moved == (answer == "declined" and told)

    on_stage(empty, play)


@pytest.mark.parametrize("answer", [None, "accepted", "tentativelyAccepted"])
def test_a_foreign_meeting_at_the_identical_hour_is_a_conflict(
    empty: Empty, answer: Response | None
) -> None:
    async def play(stage: Stage) -> None:
        app = await stage.world.begin()
        date = await _coming(stage, 0)
        mentee = await senior(stage)
        if answer is not None:
            await answers(stage, mentee, date, answer)
        await takes(stage, mentee, date.start, date.end)
        again_at = await reconciled(stage, app)
        (line,) = await lines(stage, "conflict_seen")
        assert (line.session_id, line.data) == (date.id, {"person": mentee.id})
        assert again_at is not None
        assert again_at < date.start

    on_stage(empty, play)


def test_an_appointment_that_stands_moves_the_date_once(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        app = await stage.world.begin()
        date = await _coming(stage, 1)
        await until(date.start - 6 * DAY, app)
        began = now()
        await takes(stage, await junior(stage), date.start, date.end)
        again_at = await reconciled(stage, app)
        assert (await session(stage, date.id)).start == date.start
        for _ in range(4):
            assert again_at is not None
            await until(again_at, app)
            again_at = await reconciled(stage, app)
            if (await session(stage, date.id)).moves:
                break
        moved = await session(stage, date.id)
        assert (moved.moves, moved.conflicts) == (1, ())
        assert mails(stage, began) == await to_both(stage, "update")
        assert mails(stage, began) == await announced(stage, began)
        await stage.assert_store_is_calendar()

    on_stage(empty, play)


def test_an_invitation_deleted_without_a_word_is_noted_once(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        app = await stage.world.begin()
        date = await _coming(stage)
        mentee = await senior(stage)
        stage.world.tenant.delete_from_calendar(mentee.mail, date.event_id or "")
        await reconciled(stage, app)
        await reconciled(stage, app)
        (line,) = await lines(stage, "invitation_gone")
        assert (line.session_id, line.person_id) == (date.id, mentee.id)
        assert (await session(stage, date.id)).start == date.start

    on_stage(empty, play)


def test_a_read_that_is_stale_after_our_own_move_is_not_taken_for_a_coordinators(
    empty: Empty,
) -> None:
    """For a while reads go on to show the date where it was; the store is believed meanwhile."""

    async def play(stage: Stage) -> None:
        app = await stage.world.begin()
        date = await _coming(stage)
        await until(date.start - 3 * DAY, app)
        began = now()
        await answers(stage, await junior(stage), date)
        stage.world.tenant.behaviour.stale_reads = timedelta(seconds=90)
        await app.clock.sleep(timedelta(seconds=100))
        await reconciled(stage, app)
        moved = await session(stage, date.id)
        assert moved.start != date.start
        for _ in range(3):
            await app.clock.sleep(timedelta(seconds=20))
            await reconciled(stage, app)
        assert (await session(stage, date.id)).start == moved.start
        assert await lines(stage, "moved_in_calendar") == []
        assert mails(stage, began) == await to_both(stage, "update")
        await stage.assert_store_is_calendar()

    on_stage(empty, play)


def test_read_only_looks_and_decides_and_writes_nothing(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        app = await stage.world.begin(read_only="on")
        date = await _coming(stage)
        await until(date.start - 3 * DAY, app)
        await answers(stage, await junior(stage), date)
        again_at = await reconciled(stage, app)
        assert again_at == now() + READ_ONLY_PAUSE
        await reconciled(stage, app)
        assert _written(stage) == []
        assert len(await lines(stage, "date_declined")) == 1
        assert (await session(stage, date.id)).start == date.start
        await app.close()

        second = await stage.world.begin()
        await reconciled(stage, second)
        assert (await session(stage, date.id)).start != date.start
        assert len(await lines(stage, "date_declined")) == 1
        await second.close()

    on_stage(empty, play)


def test_a_pair_whose_member_has_left_ends_without_anybodys_calendar(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        app = await stage.world.begin()
        mentee = await senior(stage)
        past = [s for s in (await stage.case()).sessions if s.end < now()]

        def leaves(tx: Transaction) -> None:
            tx.participants.put(replace(tx.participants.require(mentee.id), enabled=False))

        await app.store.run(leaves)
        stage.world.tenant.calls.clear()
        await reconciled(stage, app)
        assert calls(stage.world, "POST", GET_SCHEDULE) == []
        after = await stage.case()
        assert after.pair.state is PairState.WITHDRAWN
        assert await stage.dates() == []
        kept = [(s.id, s.start) for s in past]
        assert [(s.id, s.start) for s in await live(stage)] == kept
        assert [need.code for need in after.needs] == ["leaver"]
        await reconciled(stage, app)
        assert len(await lines(stage, "leaver")) == 1

    on_stage(empty, play)


def test_the_last_date_put_off_just_before_it_began_is_followed(empty: Empty) -> None:
    """It was over for the store, and a series with nothing to come was not looked at any more."""

    async def play(stage: Stage) -> None:
        last = (await stage.dates())[-1]
        app = await stage.world.begin()
        await until(last.start - HOUR / 2, app)
        await moved_by_coordinator(stage, last, last.start + 4 * DAY)
        await until(last.end + HOUR, app)
        await reconciled(stage, app)
        assert (await session(stage, last.id)).start == last.start + 4 * DAY
        assert (await stage.case()).pair.state is PairState.BOOKED
        await stage.assert_store_is_calendar()
        await app.close()

    on_stage(empty, play)


def test_a_pair_is_complete_once_its_last_date_is_over(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        app = await stage.world.begin()
        again_at = await reconciled(stage, app)
        assert again_at is not None
        await until(again_at, app)
        for _ in range(4):
            again_at = await reconciled(stage, app)
            if again_at is None:
                break
            await until(again_at, app)
        assert (await stage.case()).pair.state is PairState.COMPLETED
        assert len(await lines(stage, "completed")) == 1
        pair_id = await stage.pair_id()
        notes = await stage.read(lambda tx: tx.outbox.of_pair(pair_id))
        people = {person.id for person in (await stage.case()).people}
        assert {(note.person_id, note.purpose) for note in notes} == {
            (person, "closing") for person in people
        }

    on_stage(empty, play)


def test_two_pairs_of_one_person_are_never_reconciled_at_once(empty: Empty) -> None:
    """Side by side they could be given the same hour of hers."""

    async def play(stage: Stage) -> None:
        app = await stage.world.begin()
        pair_id = await stage.pair_id()
        running, most = Counter[str](), 0

        async def inside() -> None:
            nonlocal most
            async with alone(app, pair_id):
                running["now"] += 1
                most = max(most, running["now"])
                await app.clock.sleep(timedelta(seconds=1))
                running["now"] -= 1

        await asyncio.gather(*(inside() for _ in range(3)))
        assert most == 1

    on_stage(empty, play)


def test_a_look_that_leads_to_nothing_reads_a_month_of_peoples_time(empty: Empty) -> None:
    """A horizon takes a call for each 62 days of it, and most looks lead to nothing."""

    async def play(stage: Stage) -> None:
        app = await stage.world.begin()
        stage.world.tenant.calls.clear()
        await reconciled(stage, app)
        assert len(calls(stage.world, "POST", GET_SCHEDULE)) == 1

    on_stage(empty, play)


def test_a_date_declined_far_ahead_moves_to_an_hour_that_was_read_free(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        app = await stage.world.begin()
        last = (await stage.dates())[-1]
        assert last.start > now() + NEAR
        # Whatever the month that is read first shows, these hours are taken.
        day = last.start.replace(hour=0, minute=0)
        taken = await takes(stage, await junior(stage), day - 3 * DAY, day + 2 * DAY)
        await answers(stage, await senior(stage), last)
        await reconciled(stage, app)
        moved = await session(stage, last.id)
        assert moved.start != last.start
        assert not taken.start <= moved.start.replace(tzinfo=None) < taken.end

    on_stage(empty, play)
