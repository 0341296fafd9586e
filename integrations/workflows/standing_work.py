"""Standing work: rows that are never done but due again.

A handler of one of these kinds looks after something for good and ends by raising ``NotYet`` with
the time of its next look, or ``DueAgain`` with what the look has left to write down. The loop
without Azure finds the rows by itself; Azure's timers only see to it that they are there and due.
What fails is tried again and never put aside: after too many failures a blocker says so, and it
goes on at its next time.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from integrations.ports import Transaction
from integrations.records import Blocker, BlockerScope, JournalEntry, Work
from integrations.workflows.acting import NotYet
from integrations.workflows.app import App

FIRM = "firm"
"""The subject of standing work that is not one mailbox's."""
_EVER = timedelta(days=36500)


class DueAgain(NotYet):
    """A look has ended; ``keep`` writes down what it saw, as the row is given back.

    One transaction for both, so that what was seen is kept by whoever still holds the row, and by
    nobody else.
    """

    def __init__(self, due_at: datetime, reason: str, keep: Callable[[Transaction], None]) -> None:
        self.keep = keep
        super().__init__(due_at, reason)


@dataclass(frozen=True, slots=True)
class Standing:
    """A kind of standing work: whom it is about, and the blocker that says that it fails."""

    scope: BlockerScope
    fails: str


STANDING: Mapping[str, Standing] = MappingProxyType(
    {
        "plan": Standing(BlockerScope.FIRM, "planning_fails"),
        "check_people": Standing(BlockerScope.FIRM, "people_check_fails"),
        "sweep": Standing(BlockerScope.MAILBOX, "sweep_fails"),
        "watch": Standing(BlockerScope.FIRM, "watch_fails"),
        "send_mails": Standing(BlockerScope.MAILBOX, "mails_fail"),
        "keep_subscriptions": Standing(BlockerScope.FIRM, "subscriptions_fail"),
        "send_verdicts": Standing(BlockerScope.FIRM, "outbound_fails"),
        "follow_sessions": Standing(BlockerScope.FIRM, "attendance_fails"),
        "reduce_evidence": Standing(BlockerScope.FIRM, "retention_fails"),
        "refresh_standings": Standing(BlockerScope.FIRM, "standings_fail"),
        "check_installation": Standing(BlockerScope.FIRM, "checkup_fails"),
    }
)


def ensure_standing(
    tx: Transaction, app: App, now: datetime, kinds: Collection[str] = tuple(STANDING)
) -> None:
    """See to it that there is an open row for the firm, or for each mailbox, of these kinds.

    Rows that are open keep their time; those that are missing, done or put aside are due now.
    Mailboxes that another process has added become known to this one.
    """
    mailboxes = [mailbox.id for mailbox in tx.mailboxes.all()]
    app.mailbox_ids.update(mailboxes)
    rows = {(work.kind, work.subject) for work in _open_rows(tx, now, kinds)}
    for kind in kinds:
        for subject in mailboxes if _is_of_mailboxes(kind) else [FIRM]:
            if (kind, subject) not in rows:
                tx.work.take_up(kind, subject, now)


def make_due(tx: Transaction, app: App, now: datetime, kinds: Collection[str]) -> list[Work]:
    """Have all standing work of these kinds done now; return its rows."""
    ensure_standing(tx, app, now, kinds)
    return [tx.work.schedule(work.kind, work.subject, now) for work in _open_rows(tx, now, kinds)]


def _open_rows(tx: Transaction, now: datetime, kinds: Collection[str]) -> list[Work]:
    """The open rows of these kinds, whoever holds them and whenever they are due."""
    return tx.work.due(now + _EVER, kinds=tuple(kinds), limit=100_000)


def _is_of_mailboxes(kind: str) -> bool:
    return STANDING[kind].scope is BlockerScope.MAILBOX


def renew(tx: Transaction, work: Work, holder: str, due_at: datetime, now: datetime) -> bool:
    """Give the row back until ``due_at``, its failures forgotten; False if the claim was lost."""
    if not tx.work.postpone(work.id, holder, due_at, forgive=work.attempts):
        return False
    if work.last_error is not None:
        kind = STANDING[work.kind]
        tx.blockers.clear(kind.scope, work.subject, now, kind.fails)
    return True


def show_failure(tx: Transaction, work: Work, error: str, now: datetime) -> None:
    """Say, on what the row is about, that its work keeps failing; journalled once."""
    kind = STANDING[work.kind]
    facts = {"work": work.id, "kind": work.kind, "error": error}
    blocker = Blocker(
        scope=kind.scope, subject_id=work.subject, code=kind.fails, since=now, data=facts
    )
    if tx.blockers.set(blocker):
        mailbox_id = work.subject if kind.scope is BlockerScope.MAILBOX else None
        tx.journal.write(
            JournalEntry(at=now, code="standing_work_fails", mailbox_id=mailbox_id, data=facts)
        )
