"""What a coordinator reads, puts off and settles; and the one list a day."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from integrations.language import Language, speaking
from integrations.ports import Transaction
from integrations.records import Need
from integrations.workflows.telling import needs
from integrations.workflows.telling.need_lines import READY_WORDS, NeedLine
from scheduling.changes.acts import ReadyAct
from scheduling.changes.reasons import WORDS, ChangeCode
from simulator.virtual_time import virtual_now
from tests.support.world import Empty
from tests.workflows.changes.stage import MIDWAY, Stage, on_stage
from tests.workflows.messages.post import CONTACT, Post, plain

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
# Wednesday, 05:00 in New York.
BEFORE_EIGHT = datetime(2027, 2, 17, 10, tzinfo=UTC)
FRIDAY_EVENING = datetime(2027, 2, 19, 23, 30, tzinfo=UTC)
TWICE = ChangeCode.DATE_DECLINED_TWICE


async def _raise(stage: Stage, code: ChangeCode = TWICE, n: int = 0, **facts: object) -> str:
    date_ = (await stage.dates())[n]
    need = Need(
        id=f"need-{code}-{n}",
        key=f"{code}:{date_.id}:",
        pair_id=await stage.pair_id(),
        code=code.value,
        raised_at=virtual_now(),
        session_id=date_.id,
        ready=("offer_hours", "leave_out", "pause", "talk"),
        data={"until": "2027-02-22 15:00Z", "moves": 1, "about": "", "spans": [], **facts},
    )
    await stage.world.read(lambda tx: tx.needs.raise_once(need))
    return need.id


async def _open(stage: Stage) -> list[NeedLine]:
    now = virtual_now()
    return await stage.world.read(lambda tx: needs.open_needs(tx, now))


async def _in_new_york(post: Post) -> None:
    def record(tx: Transaction) -> None:
        for program in tx.programs.all():
            tx.programs.put(replace(program, zone="America/New_York"))

    await post.stage.world.read(record)


# --- words -------------------------------------------------------------------------------


def test_every_reason_and_every_act_has_words_for_a_coordinator(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        await Post.of(stage)
        mentor = (await stage.case()).mentor
        for code in ChangeCode:
            await _raise(stage, code, person=mentor.id, to="2027-02-23 15:00Z")
        lines = await _open(stage)
        assert {line.need.code for line in lines} == set(ChangeCode)
        for line in lines:
            assert line.words
            assert "{" not in line.text
            assert mentor.id not in line.text
            assert ("{person}" in WORDS[ChangeCode(line.need.code)]) == (mentor.name in line.words)
            assert not any(ending in line.text for ending in ("00Z", "  ", ".."))
        with speaking(Language("de")):
            german = await _open(stage)
            assert all("Bereit: fünf Stunden anbieten" in said.in_list for said in german)
        for line, said in zip(lines, german, strict=True):
            assert said.words != line.words
            assert not re.search(r"[\[\]|{}]|\b(the|is|and|date|moves|until)\b", said.words)
            assert mentor.id not in said.text
            assert not re.search(r"\b(Ready|Free|held|It is about)\b", said.text)
        assert set(READY_WORDS) == set(ReadyAct)
        assert set(needs.ORDERS) == set(ReadyAct) - {ReadyAct.TALK}

    on_stage(empty, play)


def test_a_row_about_a_date_says_where_it_stands_and_what_is_free(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        await _in_new_york(await Post.of(stage))
        free = virtual_now() + 2 * DAY
        spans = [[free.isoformat(), (free + HOUR).isoformat()]]
        await _raise(stage, spans=spans)
        ((line),) = await _open(stage)
        first = (await stage.dates())[0].start.astimezone(ZoneInfo("America/New_York"))
        case = await stage.case()
        family = " / ".join(p.name.split()[-1] for p in case.people)
        assert line.in_list.startswith(f"{family}: The date was offered at two hours")
        assert f"{first:%A} {first.day} {first:%B %Y}, {first:%H:%M} New York" in line.text
        there = free.astimezone(ZoneInfo("America/New_York"))
        assert f"Free for both: {there:%A} {there.day}" in line.text
        assert "offer five hours · leave this date out · pause until …" in line.text
        assert "says nothing about anybody's interest" in line.text

    on_stage(empty, play)


# --- what is done with rows --------------------------------------------------------------


def test_a_note_stands_beside_its_row_and_never_in_the_journal(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        post = await Post.of(stage)
        need_id, now = await _raise(stage), virtual_now()
        await stage.world.read(lambda tx: needs.note(tx, need_id, " will call on Monday ", now))
        assert [line.note for line in await _open(stage)] == ["will call on Monday"]
        entries = await post.journal("need_noted")
        assert len(entries) == 1
        assert "Monday" not in str(entries[0])
        await stage.world.read(lambda tx: needs.note(tx, need_id, " ", now))
        assert [line.note for line in await _open(stage)] == [None]

    on_stage(empty, play)


def test_a_declined_series_that_is_taken_is_answered_by_nobody_else(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        case = await stage.case()
        mentor, mentee = case.people
        declines = tuple(
            {"person": p.id, "since": MIDWAY.isoformat(), "offered": False, "handled": False}
            for p in (mentor, mentee)
        )
        await stage.world.read(
            lambda tx: tx.pairs.put(replace(case.pair, series_declines=declines))
        )
        need_id = await _raise(stage, ChangeCode.SERIES_DECLINED, about=mentee.id, person=mentee.id)
        await stage.world.read(lambda tx: needs.take(tx, need_id, "mira", virtual_now()))
        handled = {d["person"]: d["handled"] for d in (await stage.case()).pair.series_declines}
        assert handled == {mentor.id: False, mentee.id: True}
        assert [line.need.owner for line in await _open(stage)] == ["mira"]

    on_stage(empty, play)


def test_a_row_that_is_done_is_not_raised_again_while_its_cause_stands(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        need_id, now = await _raise(stage), virtual_now()
        await stage.world.read(lambda tx: needs.done(tx, need_id, now))
        assert await _open(stage) == []
        await _raise(stage)
        assert await _open(stage) == []
        (kept,) = await stage.world.read(lambda tx: tx.needs.open())
        await stage.world.read(lambda tx: tx.needs.close(kept.pair_id, kept.key, "cause_gone", now))
        again = await _raise(stage, ChangeCode.LEAVER)
        await stage.world.read(lambda tx: needs.done(tx, again, now))
        assert await stage.world.read(lambda tx: tx.needs.open()) == []

    on_stage(empty, play)


def test_a_ready_act_gives_its_order_once_and_ends_the_row(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        need_id, now = await _raise(stage), virtual_now()
        given: list[tuple[str, str]] = []

        def order(tx: Transaction, need: Need, name: str) -> None:
            given.append((need.id, name))

        def choose(tx: Transaction, ready: ReadyAct) -> Need:
            return needs.act(tx, need_id, ready, now, by="mira", carry_out=order)

        with pytest.raises(needs.NotReadyError):
            await stage.world.read(lambda tx: choose(tx, ReadyAct.PAIR_AGAIN))
        await stage.world.read(lambda tx: choose(tx, ReadyAct.TALK))
        assert given == []
        assert [line.need.owner for line in await _open(stage)] == ["mira"]
        await stage.world.read(lambda tx: choose(tx, ReadyAct.LEAVE_OUT))
        assert given == [(need_id, "skip")]
        assert await _open(stage) == []
        with pytest.raises(needs.NoSuchNeedError):
            await stage.world.read(lambda tx: choose(tx, ReadyAct.LEAVE_OUT))

    on_stage(empty, play)


# --- the daily list ----------------------------------------------------------------------


def test_one_list_comes_at_eight_where_the_program_is_and_only_if_something_is_new(
    empty: Empty,
) -> None:
    async def play(stage: Stage) -> None:
        post = await Post.of(stage)
        await _in_new_york(post)
        await _raise(stage)
        await _raise(stage, n=1)
        await post.send(5 * DAY)
        (mail,) = post.sent()
        assert mail.recipient == CONTACT["mail"]
        assert mail.at == BEFORE_EIGHT + 3 * HOUR
        assert mail.subject == "Needs you: 2 new"
        assert plain(mail.body).count("The date was offered at two hours") == 2
        (line,) = await post.journal("mail")
        assert (line.person_id, line.data["message"]) == (None, "needs_you")
        assert CONTACT["mail"] not in str(await post.journal("mail_sent"))
        assert all(row.need.told_at == mail.at for row in await _open(stage))

    on_stage(empty, play, at=BEFORE_EIGHT)


def test_what_comes_up_on_a_weekend_is_told_on_monday(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        post = await Post.of(stage)
        await _in_new_york(post)
        await _raise(stage)
        await post.send(3 * DAY)
        (mail,) = post.sent()
        assert mail.at == datetime(2027, 2, 22, 13, tzinfo=UTC)

    on_stage(empty, play, at=FRIDAY_EVENING)


def test_a_row_put_off_is_new_again_when_its_time_has_come(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        post = await Post.of(stage)
        await _in_new_york(post)
        need_id = await _raise(stage)
        await _raise(stage, n=1)
        await post.send(DAY)
        until, now = BEFORE_EIGHT + 4 * DAY, virtual_now()
        await stage.world.read(lambda tx: needs.snooze(tx, need_id, until, now))
        await post.send(8 * DAY)
        first, second = post.sent()
        assert "2 new" in first.subject
        assert second.subject == "Needs you: 1 new"
        assert second.at == datetime(2027, 2, 22, 13, tzinfo=UTC)
        assert "One older row is still open" in plain(second.body)

    on_stage(empty, play, at=BEFORE_EIGHT)


def test_rows_that_settle_themselves_before_eight_are_in_no_list(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        post = await Post.of(stage)
        await _in_new_york(post)
        await _raise(stage)
        (row,) = await stage.world.read(lambda tx: tx.needs.open())
        closed = virtual_now() + HOUR
        await stage.world.read(
            lambda tx: tx.needs.close(row.pair_id, row.key, "cause_gone", closed)
        )
        await post.send(3 * DAY)
        assert post.sent() == []

    on_stage(empty, play, at=BEFORE_EIGHT)


def test_two_programs_with_one_contact_make_one_list(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        post = await Post.of(stage)
        await _in_new_york(post)

        def split(tx: Transaction) -> None:
            (program,) = tx.programs.all()
            rule = tx.rules.current(program.id)
            tx.programs.put(replace(program, id="zz", name="Second"))
            tx.rules.add(replace(rule, id="zz-1", program_id="zz"))
            other = tx.pairs.all()[1]
            tx.pairs.put(replace(other, program_id="zz", rule_id=None))
            tx.needs.raise_once(
                Need(
                    id="other",
                    key="leaver::",
                    pair_id=other.id,
                    code="leaver",
                    raised_at=virtual_now(),
                    data={"person": other.mentor_id, "other": other.mentee_id},
                )
            )

        await stage.world.read(split)
        await _raise(stage)
        await post.send(2 * DAY)
        assert [mail.subject for mail in post.sent()] == ["Needs you: 2 new"]

    on_stage(empty, play, at=BEFORE_EIGHT)
