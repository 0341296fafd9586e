"""Moves, cancellations and single events: in the store, in three calendars and in the mail log."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from integrations.errors import OutcomeUnknownError
from integrations.records import IntentState, Session, SessionState
from integrations.workflows.changes.case import Case
from integrations.workflows.messages.texts import set_text
from scheduling.changes.acts import (
    Act,
    BookDate,
    CancelDate,
    Decision,
    Message,
    MoveDate,
    NoteReply,
    ReplaceDate,
    Tell,
    decision,
)
from scheduling.changes.reasons import ChangeCode
from scheduling.changes.views import CancelCause, ReplyKey
from simulator.faults import Effect, Fault
from tests.support.world import Empty
from tests.workflows.changes.stage import (
    DAY,
    HOUR,
    MIDWAY,
    WEEK,
    Decide,
    Play,
    Stage,
    on_stage,
    photographed,
    span_from,
)

PATCH, POST = "PATCH", "POST"
EVENT, EVENTS, CANCEL = (
    "/users/{user}/events/{event}",
    "/users/{user}/events",
    "/users/{user}/events/{event}/cancel",
)


def once(act: Act, session: Session, *more: Act) -> Decide:
    """The decision is made for as long as the session is as it was."""

    def decide(case: Case) -> Decision | None:
        now = next((s for s in case.sessions if s.id == session.id), None)
        same = now is not None and (now.start, now.state, now.moves, now.single) == (
            session.start,
            session.state,
            session.moves,
            session.single,
        )
        return decision(ChangeCode.DATE_DECLINED, act, *more) if same else None

    return decide


def nothing(case: Case) -> None:
    """Nothing is decided."""


async def moved(stage: Stage) -> Decide:
    session = (await stage.dates())[1]
    return once(MoveDate(session.id, span_from(session.start + 2 * HOUR)), session)


async def cancelled(stage: Stage) -> Decide:
    session = (await stage.dates())[1]
    return once(CancelDate(session.id, CancelCause.LEFT_OUT), session)


async def replaced(stage: Stage) -> Decide:
    """To the day of the date before it, where no occurrence may go."""
    before, session = (await stage.dates())[:2]
    return once(ReplaceDate(session.id, span_from(before.start + 3 * HOUR)), session)


async def booked_apart(stage: Stage) -> Decide:
    session = (await stage.dates())[1]
    cancel = once(CancelDate(session.id, CancelCause.DECLINED), session)
    book = BookDate(session.id, session.window, span_from(session.start + DAY))

    def decide(case: Case) -> Decision | None:
        now = case.session(session.id)
        if now.state is SessionState.CANCELLED:
            return decision(ChangeCode.MAKE_UP, book)
        return cancel(case)

    return decide


ACTS = {"move": moved, "cancel": cancelled, "replace": replaced, "book": booked_apart}
acts = pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)


def undisturbed(empty: Empty, act: Play) -> tuple[object, ...]:
    async def play(stage: Stage) -> tuple[object, ...]:
        assert not await stage.live(await act(stage))
        return await stage.outcome()

    return on_stage(empty, play)


async def assert_all_agree(stage: Stage) -> None:
    await stage.assert_store_is_calendar()
    await stage.assert_told_the_truth()


def kinds(stage: Stage) -> Counter[str]:
    return Counter(kind for kind, _, _ in stage.mails().elements())


def test_a_move_changes_one_hour_in_store_and_calendars_and_mails_each_once(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        session = (await stage.dates())[1]
        await stage.live(await moved(stage))
        after = (await stage.case()).session(session.id)
        assert (after.start, after.moves) == (session.start + 2 * HOUR, 1)
        assert after.event_id == session.event_id
        await assert_all_agree(stage)
        assert kinds(stage) == {"update": 2}

    on_stage(empty, play)


def test_a_cancellation_takes_one_date_out_with_its_words(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        session = (await stage.dates())[1]
        pause = CancelDate(session.id, CancelCause.PAUSED, resumes_on=date(2027, 3, 22))
        await stage.live(once(pause, session))
        after = (await stage.case()).session(session.id)
        assert (after.state, after.cause) == (SessionState.CANCELLED, "paused")
        await assert_all_agree(stage)
        assert kinds(stage) == {"cancellation": 2}
        assert "22 March 2027" in stage.world.tenant.mail_log[-1].comment

    on_stage(empty, play)


def test_a_date_on_the_day_of_its_neighbour_becomes_a_single_event(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        before, session = (await stage.dates())[:2]
        await stage.live(await replaced(stage))
        after = (await stage.case()).session(session.id)
        assert (after.start, after.single) == (before.start + 3 * HOUR, True)
        assert (after.state, after.cause, after.moves) == (SessionState.SCHEDULED, None, 1)
        assert after.event_id != session.event_id
        await assert_all_agree(stage)
        assert kinds(stage) == {"cancellation": 2, "invitation": 2}
        assert [mail.kind for mail in stage.world.tenant.mail_log[-4:]] == [
            *("cancellation", "cancellation", "invitation", "invitation")
        ]

    on_stage(empty, play)


def test_a_move_that_exchange_lets_none_make_becomes_a_single_event(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        before, session = (await stage.dates())[:2]
        await stage.live(once(MoveDate(session.id, span_from(before.start + 3 * HOUR)), session))
        after = (await stage.case()).session(session.id)
        assert (after.start, after.single) == (before.start + 3 * HOUR, True)
        await assert_all_agree(stage)
        assert kinds(stage) == {"cancellation": 2, "invitation": 2}

    on_stage(empty, play)


def test_a_made_up_date_is_a_single_event_that_can_be_moved_and_cancelled(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        session = (await stage.dates())[1]
        await stage.live(await booked_apart(stage))
        apart = (await stage.case()).session(session.id)
        assert (apart.single, apart.make_up) == (True, True)
        await assert_all_agree(stage)
        await stage.live(once(MoveDate(apart.id, span_from(apart.start + HOUR)), apart))
        await assert_all_agree(stage)
        apart = (await stage.case()).session(session.id)
        assert (apart.start, apart.moves) == (session.start + DAY + HOUR, 1)
        await stage.live(once(CancelDate(apart.id, CancelCause.LEFT_OUT), apart))
        await assert_all_agree(stage)
        assert kinds(stage) == {"cancellation": 4, "invitation": 2, "update": 2}

    on_stage(empty, play)


def test_a_date_booked_apart_is_invited_to_in_the_words_of_the_program(empty: Empty) -> None:
    """Its text stood in the code, where no program could have another one."""

    async def invited(stage: Stage) -> tuple[str, str]:
        session = (await stage.dates())[1]
        await stage.live(await booked_apart(stage), page_url="https://tandem.firm.example/pairs")
        apart = (await stage.case()).session(session.id)
        event, _ = stage.world.tenant._event_of(apart.event_id or "")
        return event.fields["subject"], event.fields["body"]["content"]

    async def usual(stage: Stage) -> None:
        case, session = await stage.case(), (await stage.dates())[1]
        subject, body = await invited(stage)
        assert subject == " / ".join(person.name.split()[-1] for person in case.people)
        assert "This date stands apart from your series" in body
        at = (session.start + DAY).astimezone(ZoneInfo(case.zone))
        assert f"{at:%H:%M} {case.zone.rpartition('/')[2].replace('_', ' ')}" in body
        page = f"https://tandem.firm.example/pairs/{case.pair.id}"
        assert re.findall(r'href="(https://tandem[^"]*)"', body) == [page]

    async def own(stage: Stage) -> None:
        text = "Subject: Eine Stunde\n\n<p>{{ when }} {{ page }} {{ contact }}</p>"
        program = (await stage.case()).program
        await stage.read(lambda tx: set_text(tx, program.id, "single_invitation", text))
        subject, body = await invited(stage)
        assert subject == "Eine Stunde"
        assert "stands apart" not in body

    on_stage(empty, usual)
    on_stage(empty, own)


def test_a_date_booked_apart_again_gets_an_event_of_its_own(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        session = (await stage.dates())[1]
        events = {session.event_id}
        for days in (1, 2):
            gone = (await stage.case()).session(session.id)
            await stage.live(once(CancelDate(gone.id, CancelCause.DECLINED), gone))
            gone = (await stage.case()).session(session.id)
            book = BookDate(gone.id, gone.window, span_from(session.start + days * DAY))
            await stage.live(once(book, gone))
            events.add((await stage.case()).session(session.id).event_id)
        await assert_all_agree(stage)
        assert len(events) == 3
        assert kinds(stage) == {"cancellation": 4, "invitation": 4}

    on_stage(empty, play)


# --- answers lost, refused, late ----------------------------------------------------------


@acts
@pytest.mark.parametrize("effect", ["cut_after", "cut_before", "error", "throttle"])
@pytest.mark.parametrize("nth", [1, 2])
def test_no_fault_of_an_answer_changes_what_comes_of_an_act(
    empty: Empty, act: Play, effect: Effect, nth: int
) -> None:
    async def play(stage: Stage) -> tuple[object, ...]:
        for method, path in ((PATCH, EVENT), (POST, EVENTS), (POST, CANCEL)):
            retry = 40 if effect == "throttle" else None
            fault = Fault(effect, method=method, path=path, nth=nth, retry_after=retry)
            stage.world.tenant.faults.plan(fault)
        await stage.live(await act(stage))
        await assert_all_agree(stage)
        return await stage.outcome()

    assert on_stage(empty, play) == undisturbed(empty, act)


@pytest.mark.slow
@acts
def test_a_death_at_any_point_loses_and_doubles_nothing(empty: Empty, act: Play) -> None:
    expected = undisturbed(empty, act)
    pictures, decide = photographed(empty, act)

    async def recover(stage: Stage) -> None:
        await stage.live(decide)
        await assert_all_agree(stage)
        assert await stage.outcome() == expected

    assert len(pictures) > 5
    for picture in pictures:
        on_stage(empty, recover, at=picture.at, photo=picture)


@pytest.mark.slow
@acts
def test_a_death_is_mended_even_if_its_decision_does_not_come_again(
    empty: Empty, act: Play
) -> None:
    """Whatever was begun is ended, whatever was not begun is left alone: nothing stays open."""

    async def recover(stage: Stage) -> None:
        await stage.live(nothing)
        await assert_all_agree(stage)

    for picture in photographed(empty, act)[0]:
        on_stage(empty, recover, at=picture.at, photo=picture)


@pytest.mark.parametrize("act", [moved, replaced])
def test_a_write_that_did_not_happen_is_not_made_once_its_date_has_begun(
    empty: Empty, act: Play
) -> None:
    """A host that woke two days after its predecessor's death moved a date that was going on."""

    async def recover(stage: Stage) -> bool:
        before = await stage.shown(await stage.box())
        under_way = any(i.state is IntentState.SENDING for i in (await stage.case()).open_intents)
        if under_way:
            await stage.live(nothing)
            await assert_all_agree(stage)
        assert await stage.shown(await stage.box()) == before
        return under_way

    late = MIDWAY + 5 * WEEK
    pictures, _ = photographed(empty, act)
    assert sum(on_stage(empty, recover, at=late, photo=picture) for picture in pictures) > 0


def test_read_only_mode_writes_nothing_and_leaves_nothing_behind(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        before = await stage.outcome()
        await stage.live(await moved(stage), read_only="on")
        assert await stage.outcome() == before
        await stage.live(nothing)
        await assert_all_agree(stage)

    on_stage(empty, play)


# --- people in between --------------------------------------------------------------------


def test_a_date_that_a_person_moved_meanwhile_stays_where_they_put_it(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        decide = await moved(stage)
        session = (await stage.dates())[1]
        await by_hand(stage, session, session.start + 4 * HOUR)
        await stage.live(decide)
        assert session.start + 4 * HOUR in [
            start for start, _ in await stage.shown(await stage.box())
        ]
        assert (await stage.case()).session(session.id).start == session.start
        assert (await stage.case()).open_intents == []

    on_stage(empty, play)


def test_a_change_key_that_exchange_renewed_by_itself_is_no_obstacle(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        decide = await moved(stage)
        session = (await stage.dates())[1]
        await by_hand(stage, session, session.start + 4 * HOUR)
        await by_hand(stage, session, session.start)
        ours = len(stage.world.tenant.mail_log)
        await stage.live(decide)
        await stage.assert_store_is_calendar()
        assert len(stage.world.tenant.mail_log) == ours + 2

    on_stage(empty, play)


def test_a_date_that_is_gone_already_is_cancelled_without_a_mail(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        decide = await cancelled(stage)
        session = (await stage.dates())[1]
        stage.world.tenant.cancel_event(session.event_id or "")
        ours = len(stage.world.tenant.mail_log)
        await stage.live(decide)
        await stage.assert_store_is_calendar()
        assert len(stage.world.tenant.mail_log) == ours
        announced = await stage.read(lambda tx: tx.journal.read(code="mail"))
        assert all(entry.data["kind"] != "cancellation" for entry in announced)

    on_stage(empty, play)


def test_a_date_that_is_gone_cannot_be_moved_and_the_decision_is_dropped(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        decide = await moved(stage)
        session = (await stage.dates())[1]
        stage.world.tenant.cancel_event(session.event_id or "")
        await stage.live(decide)
        case = await stage.case()
        assert case.session(session.id).moves == 0
        assert case.open_intents == []

    on_stage(empty, play)


async def by_hand(stage: Stage, session: Session, start: datetime) -> None:
    """Somebody with rights on the program mailbox moves a date in Outlook."""
    body = {
        name: {"dateTime": f"{at:%Y-%m-%dT%H:%M:%S}", "timeZone": "UTC"}
        for name, at in (("start", start), ("end", start + HOUR))
    }
    stage.world.tenant.change_event(session.event_id or "", body)


# --- what goes with a decision ------------------------------------------------------------


def test_what_a_decision_notes_is_kept_with_its_write_or_not_at_all(empty: Empty) -> None:
    async def noted(stage: Stage) -> Decide:
        session = (await stage.dates())[1]
        reply = ReplyKey(session.event_id or "", (await stage.case()).mentor.id)
        move = MoveDate(session.id, span_from(session.start + 2 * HOUR))
        return once(move, session, NoteReply(session.id, reply))

    async def look(stage: Stage) -> bool:
        noted = [s for s in (await stage.case()).sessions if s.answered]
        assert noted == [s for s in (await stage.case()).sessions if s.moves]
        return bool(noted)

    seen = [
        on_stage(empty, look, at=picture.at, photo=picture)
        for picture in photographed(empty, noted)[0]
    ]
    assert set(seen) == {True, False}


def test_who_will_be_waited_for_in_vain_is_told_though_nothing_can_be_written(
    empty: Empty,
) -> None:
    async def play(stage: Stage) -> None:
        stage.world.tenant.faults.plan(Fault("error", method=POST, path=CANCEL, times=0))
        session = (await stage.dates())[0]
        case = await stage.case()
        tell = Tell(case.mentor.id, Message.HOUR_IS_OFF, session.id, at_once=True)
        cancel = CancelDate(session.id, CancelCause.SHORT_NOTICE, at_once=True, replaced=True)
        with pytest.raises(OutcomeUnknownError):
            await stage.live(once(tell, session, cancel))
        waiting = await stage.read(lambda tx: tx.outbox.of_pair(case.pair.id))
        assert [(mail.person_id, mail.purpose) for mail in waiting] == [
            (case.mentor.id, "hour_is_off")
        ]

    on_stage(empty, play)


def test_a_mailbox_that_makes_no_teams_meetings_keeps_its_date(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        before = await stage.outcome()
        box = await stage.box()
        stage.world.tenant.change_person(box, mailbox="noTeams")
        with pytest.raises(AssertionError, match="never comes to rest"):
            await stage.live(await replaced(stage))
        assert (await stage.outcome())[2:] == before[2:]

    on_stage(empty, play)
