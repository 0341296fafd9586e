"""What leaves a program mailbox, when, how often, and what the journal says of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from integrations.ports import Transaction
from integrations.records import BlockerScope, PairState, SessionState
from integrations.workflows.messages import Notice
from scheduling.changes.acts import EndSeries, Message, StartPause, Tell, Truncation
from scheduling.changes.views import Pause
from scheduling.timespan import TimeSpan
from simulator.faults import Effect, Fault
from simulator.virtual_time import virtual_now
from tests.support.world import Empty
from tests.workflows.changes.stage import MIDWAY, Stage, on_stage
from tests.workflows.messages.post import Post, plain, purposes

HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(weeks=1)
# A Wednesday, within mail hours of every office of the firm but the far east.
MIDDAY = MIDWAY
NIGHT = datetime(2027, 2, 18, 3, tzinfo=UTC)
SATURDAY = datetime(2027, 2, 20, 15, tzinfo=UTC)


async def _next_date(stage: Stage) -> tuple[str, datetime]:
    first = (await stage.dates())[0]
    return first.id, first.start


async def _closing(stage: Stage) -> list[Tell]:
    session_id, _ = await _next_date(stage)
    return [Tell(p.id, Message.CLOSING, session_id) for p in (await stage.case()).people]


def test_a_note_reaches_each_of_the_two_once_and_is_journalled(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        post = await Post.of(stage)
        notes = await _closing(stage)
        assert await post.put(*notes) == 2
        assert await post.put(*notes) == 0
        await post.send(DAY)
        await post.send(DAY)
        people = (await stage.case()).people
        assert Counter(post.sent_to()) == Counter(p.mail.lower() for p in people)
        lines = await post.journal("mail")
        assert Counter(line.person_id for line in lines) == Counter(p.id for p in people)
        assert {(line.data["kind"], line.data["message"]) for line in lines} == {
            ("message", "closing")
        }
        assert all(row.state == "sent" for row in await post.rows())
        await stage.assert_told_the_truth()

    on_stage(empty, play, at=MIDDAY)


@pytest.mark.parametrize("at", [NIGHT, SATURDAY])
def test_a_note_waits_for_a_working_day_where_its_reader_is(empty: Empty, at: datetime) -> None:
    async def play(stage: Stage) -> None:
        post = await Post.of(stage)
        await post.put(*(await _closing(stage)))
        await post.send(4 * DAY)
        case = await stage.case()
        zones = {p.mail.lower(): ZoneInfo(case.zone_of(p)) for p in case.people}
        assert len(post.sent()) == 2
        for mail in post.sent():
            local = mail.at.astimezone(zones[mail.recipient.lower()])
            assert local.weekday() < 5
            assert (8, 0) <= (local.hour, local.minute) <= (18, 30)

    on_stage(empty, play, at=at)


def test_an_hour_that_is_off_is_told_at_any_hour_and_beyond_the_cap(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        post = await Post.of(stage)
        session_id, _ = await _next_date(stage)
        reader = (await stage.case()).mentee
        notices = [Notice("resumed", reader.id, f"r{n}") for n in range(2)]
        await post.put(*notices)
        await post.send(timedelta(hours=20))
        assert len(post.sent()) == 2
        await post.put(Tell(reader.id, Message.HOUR_IS_OFF, session_id, at_once=True))
        told_at = virtual_now()
        await post.send(timedelta(minutes=5))
        assert [m.at >= told_at for m in post.sent()] == [False, False, True]
        assert "is off" in plain(post.sent()[-1].body)

    on_stage(empty, play, at=datetime(2027, 2, 22, 9, tzinfo=UTC))


def test_a_third_mail_of_the_week_waits_for_the_next_week(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        post = await Post.of(stage)
        case = await stage.case()
        reader = case.mentee
        await post.put(*(Notice("resumed", reader.id, f"r{n}") for n in range(5)))
        await post.send(3 * WEEK)
        zone = ZoneInfo(case.zone_of(reader))
        weeks = Counter(mail.at.astimezone(zone).isocalendar()[1] for mail in post.sent())
        assert sorted(weeks.values()) == [1, 2, 2]

    on_stage(empty, play, at=MIDDAY)


def test_a_mailbox_sends_no_more_in_a_minute_than_it_may(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        post = await Post.of(stage)
        people = (await stage.case()).people
        await _allow(stage, 100)
        await post.put(*(Notice("resumed", p.id, f"r{n}") for n in range(20) for p in people))
        await post.send(HOUR, mails_per_minute="10")
        times = [mail.at for mail in post.sent()]
        assert len(times) == 40
        for at in times:
            assert sum(at <= other < at + timedelta(minutes=1) for other in times) <= 10

    on_stage(empty, play, at=MIDDAY)


async def _allow(stage: Stage, mails: int) -> None:
    def record(tx: Transaction) -> None:
        for program in tx.programs.all():
            rule = tx.rules.current(program.id)
            limits = {**rule.body.get("limits", {}), "mails_per_week": mails}
            tx.rules.put(replace(rule, body={**rule.body, "limits": limits}))

    await stage.world.read(record)


async def _session_becomes(stage: Stage, session_id: str, **changes: object) -> None:
    def record(tx: Transaction) -> None:
        tx.sessions.put(replace(tx.sessions.require(session_id), **changes))  # type: ignore[arg-type]

    await stage.world.read(record)


async def _pair_becomes(stage: Stage, **changes: object) -> None:
    pair_id = await stage.pair_id()

    def record(tx: Transaction) -> None:
        tx.pairs.put(replace(tx.pairs.require(pair_id), **changes))  # type: ignore[arg-type]

    await stage.world.read(record)


@pytest.mark.parametrize(
    ("message", "changes", "why"),
    [
        (Message.PROPOSAL, {"state": SessionState.CANCELLED}, "date_changed"),
        (Message.PROPOSAL, {"start": MIDWAY + 30 * DAY}, "date_changed"),
        (Message.YOUR_APPOINTMENT, {"conflicts": ()}, "appointment_gone"),
    ],
)
def test_a_note_whose_date_changed_meanwhile_is_dropped(
    empty: Empty, message: Message, changes: dict[str, object], why: str
) -> None:
    async def play(stage: Stage) -> None:
        post = await Post.of(stage)
        session_id, _ = await _next_date(stage)
        reader = (await stage.case()).mentor
        to = (await stage.dates())[1]
        span = TimeSpan(to.start, to.end) if message is Message.PROPOSAL else None
        await post.put(Tell(reader.id, message, session_id, span))
        await _session_becomes(stage, session_id, **changes)
        await post.send(5 * DAY)
        assert post.sent() == []
        (line,) = await post.journal("mail_dropped")
        assert (line.data["why"], line.person_id) == (why, reader.id)
        assert await post.journal("mail") == []

    on_stage(empty, play, at=NIGHT)


def test_a_pause_that_was_lifted_in_the_night_is_told_to_nobody(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        post = await Post.of(stage)
        first = virtual_now().date()
        await _pair_becomes(
            stage,
            pause={"first": first.isoformat(), "last": (first + 20 * DAY).isoformat()},
            state=PairState.PAUSED,
        )
        await post.put(StartPause(Pause(first, first + 20 * DAY)))
        await _pair_becomes(stage, pause=None, state=PairState.BOOKED)
        await post.send(3 * DAY)
        assert post.sent() == []
        assert len(await post.journal("mail_dropped")) == 2

    on_stage(empty, play, at=NIGHT)


def test_nobody_writes_to_an_account_that_is_gone(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        post = await Post.of(stage)
        case = await stage.case()
        gone = replace(case.mentor, enabled=False)
        await stage.world.read(lambda tx: tx.participants.put(gone))
        await _pair_becomes(stage, state=PairState.WITHDRAWN)
        await post.put(EndSeries(Truncation(None, ())))
        await post.send(3 * DAY)
        assert post.sent_to() == [case.mentee.mail.lower()]
        assert post.sent()[0].subject.endswith(": no further dates")

    on_stage(empty, play, at=MIDDAY)


# --- whatever fails ----------------------------------------------------------------------

SEND_MAIL = "/users/{user}/sendMail"


def _fails(stage: Stage, effect: Effect, **members: Any) -> None:
    stage.world.tenant.faults.plan(Fault(effect, "POST", SEND_MAIL, **members))


@pytest.mark.parametrize("effect", ["cut_before", "cut_after"])
def test_a_lost_answer_may_lose_an_ordinary_mail_and_never_doubles_it(
    empty: Empty, effect: Effect
) -> None:
    async def play(stage: Stage) -> None:
        post = await Post.of(stage)
        _fails(stage, effect)
        await post.put(Notice("resumed", (await stage.case()).mentor.id, "r"))
        await post.send(2 * DAY)
        assert len(post.sent()) == (effect == "cut_after")
        assert len(await post.journal("mail")) == 1
        assert len(await post.journal("mail_in_doubt")) == 1
        assert [row.state for row in await post.rows()] == ["sent"]

    on_stage(empty, play, at=MIDDAY)


@pytest.mark.parametrize("effect", ["cut_before", "cut_after"])
def test_an_urgent_note_is_sent_until_that_is_certain(empty: Empty, effect: Effect) -> None:
    async def play(stage: Stage) -> None:
        post = await Post.of(stage)
        _fails(stage, effect, times=3)
        session_id, _ = await _next_date(stage)
        reader = (await stage.case()).mentee
        await post.put(Tell(reader.id, Message.HOUR_IS_OFF, session_id, at_once=True))
        await post.send(2 * HOUR)
        assert len(post.sent()) == (4 if effect == "cut_after" else 1)
        assert len({mail.body for mail in post.sent()}) == 1
        lines, doubts = await post.journal("mail"), await post.journal("mail_in_doubt")
        assert len(lines) == 1
        assert len(lines) <= len(post.sent()) <= len(lines) + len(doubts)

    on_stage(empty, play, at=MIDDAY)


def test_a_throttled_mailbox_is_asked_again_and_nothing_is_doubled(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        post = await Post.of(stage)
        _fails(stage, "throttle", times=2, retry_after=90)
        await post.put(*(await _closing(stage)))
        await post.send(HOUR)
        assert len(post.sent()) == len(set(post.sent_to())) == 2
        assert await post.journal("mail_in_doubt") == []
        await stage.assert_told_the_truth()

    on_stage(empty, play, at=MIDDAY)


def test_an_address_that_is_refused_becomes_a_blocker_and_no_loop(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        post = await Post.of(stage)
        _fails(stage, "error", status=400, code="ErrorInvalidRecipients")
        reader = (await stage.case()).mentor
        await post.put(Notice("resumed", reader.id, "r1"))
        await post.send(2 * DAY)
        assert post.sent() == []
        assert purposes(await post.rows()) == {("resumed", reader.id): "refused"}
        assert await _blockers(stage, BlockerScope.PERSON, reader.id) == ["reader_refused"]
        await post.put(Notice("resumed", reader.id, "r2"))
        await post.send(DAY)
        assert len(post.sent()) == 1
        assert await _blockers(stage, BlockerScope.PERSON, reader.id) == []

    on_stage(empty, play, at=MIDDAY)


def test_a_mailbox_that_may_not_send_says_so_and_sends_once_it_may(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        post = await Post.of(stage)
        _fails(stage, "error", status=403, code="ErrorAccessDenied", times=3)
        await post.put(*(await _closing(stage)))
        box = (await stage.case()).mailbox_id
        await post.send(HOUR / 2)
        assert await _blockers(stage, BlockerScope.MAILBOX, box) == ["mail_refused"]
        await post.send(5 * HOUR)
        assert len(post.sent()) == len(set(post.sent_to())) == 2
        assert await _blockers(stage, BlockerScope.MAILBOX, box) == []
        await stage.assert_told_the_truth()

    on_stage(empty, play, at=MIDDAY)


async def _blockers(stage: Stage, scope: BlockerScope, subject: str) -> list[str]:
    found = await stage.world.read(lambda tx: tx.blockers.open(scope, [subject]))
    return [blocker.code for blocker in found]


@pytest.mark.parametrize("dies_at", range(6, 48, 4))
def test_a_death_may_lose_an_ordinary_mail_but_never_an_urgent_one(
    empty: Empty, dies_at: int
) -> None:
    async def play(stage: Stage) -> None:
        post = await Post.of(stage)
        session_id, _ = await _next_date(stage)
        mentor, mentee = (await stage.case()).people
        await post.put(
            Tell(mentee.id, Message.HOUR_IS_OFF, session_id, at_once=True),
            Notice("resumed", mentor.id, "r"),
        )
        died = await post.send(HOUR, dies_at=dies_at)
        await post.send(HOUR)
        sent = Counter(post.sent_to())
        lines = Counter(line.person_id for line in await post.journal("mail"))
        doubts = Counter(line.person_id for line in await post.journal("mail_in_doubt"))
        assert lines == {mentor.id: 1, mentee.id: 1}
        assert 1 <= sent[mentee.mail.lower()] <= 1 + doubts[mentee.id]
        assert 1 - doubts[mentor.id] <= sent[mentor.mail.lower()] <= 1
        assert died or not doubts
        assert (await stage.case()).open_intents == []

    on_stage(empty, play, at=MIDDAY)
