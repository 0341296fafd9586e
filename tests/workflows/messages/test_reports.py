"""The coordinator's reports by mail: when they come, to whom, and what stands in them."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from integrations.attendance_records import KeptVerdict
from integrations.ports import Transaction
from integrations.records import JournalEntry, Program, ProgramState
from simulator.mail import Mail
from simulator.virtual_time import virtual_now
from tests.support.world import Empty
from tests.workflows.changes.stage import Stage, on_stage
from tests.workflows.messages.post import CONTACT, Post, plain

DAY, WEEK = timedelta(days=1), timedelta(weeks=1)


async def _judged(stage: Stage, at: datetime) -> str:
    """A verdict on the pair's next date, made at ``at``; the pair's family names."""
    case = await stage.case()
    date = (await stage.dates())[0]

    def record(tx: Transaction) -> None:
        tx.verdicts.add(
            KeptVerdict(
                session_id=date.id,
                version=1,
                pair_id=case.pair.id,
                verdict="held",
                minutes=52,
                kind="teams",
                digest="d",
                at=at,
            )
        )
        tx.journal.write(JournalEntry(at=at, code="verdict", session_id=date.id))
        for program in tx.programs.all():
            tx.programs.put(replace(program, state=ProgramState.RUNNING))

    await stage.world.read(record)
    return " / ".join(person.name.split()[-1] for person in case.people)


def _reports(post: Post, word: str) -> list[Mail]:
    return [mail for mail in post.sent() if f"the {word} before" in mail.subject]


def test_once_a_week_and_once_a_month_a_coordinator_gets_a_table(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        post = await Post.of(stage)
        names = await _judged(stage, virtual_now() - DAY)
        await post.send(4 * WEEK)
        weekly, monthly = _reports(post, "week"), _reports(post, "month")
        assert len(weekly) == 4
        assert len(monthly) == 1
        for mail in (*weekly, *monthly):
            assert mail.recipient.lower() == CONTACT["mail"]
            rows = re.findall(r"<tr><td>(.*?)</td></tr>", mail.body)
            (row,) = [row.split("</td><td>") for row in rows if row.startswith(names)]
            assert row[1] == "1"
            assert "held: 1" in plain(mail.body)
        at = [mail.at.astimezone(UTC) for mail in weekly]
        assert all(later - earlier == WEEK for earlier, later in pairwise(at))
        assert {moment.weekday() for moment in at} == {0}

    on_stage(empty, play)


def test_before_the_first_verdict_there_is_nothing_to_report(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        post = await Post.of(stage)
        await post.send(2 * WEEK)
        assert _reports(post, "week") + _reports(post, "month") == []

    on_stage(empty, play)


def test_a_program_that_is_over_is_not_reported_on(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        post = await Post.of(stage)
        await _judged(stage, virtual_now() - DAY)

        def close(tx: Transaction) -> None:
            programs: list[Program] = tx.programs.all()
            for program in programs:
                tx.programs.put(replace(program, state=ProgramState.CLOSED))

        await stage.world.read(close)
        await post.send(2 * WEEK)
        assert _reports(post, "week") + _reports(post, "month") == []

    on_stage(empty, play)
