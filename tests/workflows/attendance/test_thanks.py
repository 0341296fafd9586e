"""Whoever is mentored is reminded to say thanks: at milestones, once each, if the program wants."""

from __future__ import annotations

from dataclasses import replace

import pytest

from integrations.ports import Transaction
from integrations.records import OutboxMail
from integrations.workflows.app import App
from integrations.workflows.attendance.telling import correct
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
