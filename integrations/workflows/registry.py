"""Which workflow does which kind of due work."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from integrations.workflows.acting import Claim
from integrations.workflows.app import App
from integrations.workflows.attendance import harvest, judging, rounds
from integrations.workflows.booking import beginning, book, check_ins, mailboxes, wave_trial
from integrations.workflows.changes import reconcile
from integrations.workflows.enrolment import standing
from integrations.workflows.looking import comparing, subscriptions, sweep, watch
from integrations.workflows.operating import checkup, retention
from integrations.workflows.planning import standing_plan
from integrations.workflows.rulebook import rule_trials
from integrations.workflows.showing import standings
from integrations.workflows.telling import outbound, outbox
from integrations.workflows.work import Handler, Worker


async def _check_installation(app: App, claim: Claim, subject: str) -> None:
    """Part of what is checked is work like any other, so it takes somebody who does all of it."""
    await checkup.check_installation(app, Worker(app, HANDLERS), claim)


HANDLERS: Mapping[str, Handler] = MappingProxyType(
    {
        beginning.KIND: beginning.begin_program,
        book.KIND: book.book_pair,
        check_ins.KIND: check_ins.invite_to_check_ins,
        checkup.KIND: _check_installation,
        comparing.KIND: comparing.compare_pair,
        harvest.KIND: harvest.harvest,
        judging.KIND: rounds.judge_again,
        rounds.KIND: rounds.follow_sessions,
        retention.KIND: retention.let_go,
        mailboxes.KIND: mailboxes.check_mailbox,
        outbound.KIND: outbound.send_verdicts,
        outbox.KIND: outbox.send_mails,
        rule_trials.KIND: rule_trials.try_rule,
        reconcile.KIND: reconcile.reconcile_pair,
        standing.KIND: standing.check_people,
        standing_plan.KIND: standing_plan.plan_and_launch,
        standings.KIND: standings.refresh_standings,
        subscriptions.KIND: subscriptions.keep_subscriptions,
        sweep.KIND: sweep.sweep,
        watch.KIND: watch.watch,
        wave_trial.KIND: wave_trial.send_test_invitation,
    }
)
