"""Whoever is mentored is reminded to say thanks: at milestones, once each, if the program wants."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from integrations.ports import Transaction
from integrations.records import OutboxMail, Session
from integrations.workflows.app import App
from integrations.workflows.attendance.telling import correct
from integrations.workflows.attendance.thanks import remind_of_thanks
from integrations.workflows.changes.case import load_case
from scheduling.attendance.evidence import Correction, VerdictKind
from simulator.virtual_time import virtual_now
from tests.support.world import Empty
from tests.workflows.changes.stage import DAY, HOUR, Stage, on_stage
from tests.workflows.messages.post import Post


async def _meetings_held(stage: Stage, app: App, *, thanks: bool, required: int) -> None:
    """The past dates of the pair, on record one after the other, each an hour after its end."""
    case, now = await stage.case(), virtual_now()

    def record(tx: Transaction) -> None:
        rule = tx.rules.require(case.pair.rule_id or "")
        cadence = {**rule.body["cadence"], "minimum_held": required}
        tx.rules.put(replace(rule, body={**rule.body, "cadence": cadence, "thanks": thanks}))
        for session in sorted(case.sessions, key=lambda one: one.start):
            if session.end < now:
                for _ in range(2):
                    held = Correction(VerdictKind.HELD, 55, session.end + HOUR)
                    correct(tx, app, session, held)

    await app.store.run(record)


async def _reminders(stage: Stage) -> list[OutboxMail]:
    pair_id = await stage.pair_id()
    mails = await stage.read(lambda tx: tx.outbox.of_pair(pair_id))
    return [mail for mail in mails if mail.purpose == "thanks"]


@pytest.mark.parametrize(
    ("thanks", "required", "after"), [(False, 2, []), (True, 2, [1, 2]), (True, 8, [1])]
)
def test_the_mentee_alone_is_reminded_once_at_each_milestone_if_the_program_wants(
    empty: Empty, thanks: bool, required: int, after: list[int]
) -> None:
    async def play(stage: Stage) -> None:
        app = await stage.world.begin()
        await _meetings_held(stage, app, thanks=thanks, required=required)
        mails = await _reminders(stage)
        assert sorted(mail.data["held"] for mail in mails) == after
        case = await stage.case()
        assert {mail.person_id for mail in mails} <= {case.mentee.id}
        await app.close()

    on_stage(empty, play)


def test_the_reminder_reaches_the_inbox_and_names_no_goal(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        post = await Post.of(stage)
        app = await stage.world.begin()
        await _meetings_held(stage, app, thanks=True, required=8)
        await app.close()
        await post.send(2 * DAY)
        case = await stage.case()
        (mail,) = [one for one in post.sent() if "a word of thanks" in one.body]
        assert mail.recipient.lower() == case.mentee.mail.lower()
        assert f"Meetings with {case.mentor.name} on record: 1." in mail.body

    on_stage(empty, play)


async def _remind(stage: Stage, app: App, session_number: int, at: datetime | None = None) -> None:
    """As after a verdict: remind of a date at an instant, now if none is given."""

    def remind(tx: Transaction) -> None:
        now = at or virtual_now()
        case = load_case(tx, pair_id, now, default_zone="UTC")
        in_order = sorted(case.sessions, key=lambda one: one.start)
        remind_of_thanks(tx, case, in_order[session_number], now)

    pair_id = await stage.pair_id()
    await app.store.run(remind)


async def _wants_thanks(stage: Stage, app: App, held: dict[int, bool]) -> list[Session]:
    """A program that wants it, of which these dates, by number, were held or not."""
    case = await stage.case()
    in_order = sorted(case.sessions, key=lambda one: one.start)

    def record(tx: Transaction) -> None:
        rule = tx.rules.require(case.pair.rule_id or "")
        cadence = {**rule.body["cadence"], "minimum_held": 8}
        tx.rules.put(replace(rule, body={**rule.body, "cadence": cadence, "thanks": True}))
        for number, was in held.items():
            tx.sessions.put(replace(in_order[number], held=was))

    await app.store.run(record)
    return in_order


def test_a_milestone_of_a_fortnight_ago_is_past_and_one_is_told_of_once(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        app = await stage.world.begin()
        first, *_ = await _wants_thanks(stage, app, {0: True})
        await _remind(stage, app, 0, first.end + 15 * DAY)
        assert await _reminders(stage) == []
        for hours in (1, 2, 30):
            await _remind(stage, app, 0, first.end + hours * HOUR)
        assert len(await _reminders(stage)) == 1
        await app.close()

    on_stage(empty, play)


def test_meetings_that_were_not_held_bring_no_milestone_nearer(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        app = await stage.world.begin()
        dates = await _wants_thanks(stage, app, {0: False, 1: True})
        await _remind(stage, app, 1, dates[1].end + HOUR)
        assert [mail.data["held"] for mail in await _reminders(stage)] == [1]
        await app.close()

    on_stage(empty, play)


@pytest.mark.parametrize("trouble", [{"enabled": False}, {"gone": True}])
def test_who_has_left_is_reminded_of_nothing(empty: Empty, trouble: dict[str, bool]) -> None:
    async def play(stage: Stage) -> None:
        app = await stage.world.begin()
        first, *_ = await _wants_thanks(stage, app, {0: True})
        mentee = (await stage.case()).mentee
        await app.store.run(lambda tx: tx.participants.put(replace(mentee, **trouble)))  # type: ignore[arg-type]
        await _remind(stage, app, 0, first.end + HOUR)
        assert await _reminders(stage) == []
        await app.close()

    on_stage(empty, play)
