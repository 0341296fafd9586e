"""A program mailbox that cannot be used any more: seen once, by a blocker and *Needs you*.

Its account is switched off or deleted, which the directory tells at night, or it has lost its
licence, which each sweep meets. Its pairs are not concerned one by one: a row for each program.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from integrations.ports import DirectoryUser, Transaction
from integrations.records import (
    GOING_ON,
    Blocker,
    BlockerScope,
    JournalEntry,
    Need,
    Pair,
)
from integrations.workflows.app import App
from scheduling.changes.reasons import ChangeCode

CODE = "mailbox_gone"
NO_MAILBOX = "no_mailbox"
_ACCOUNT = "account"


def keep_account(
    tx: Transaction, app: App, mailbox_id: str, user: DirectoryUser | None, now: datetime
) -> None:
    """Keep what the directory says of a program mailbox's account."""
    if user is None or not user.enabled:
        seen_gone(tx, app, mailbox_id, _ACCOUNT, now)
    else:
        seen_well(tx, mailbox_id, _ACCOUNT, now)


def seen_gone(tx: Transaction, app: App, mailbox_id: str, why: str, now: datetime) -> None:
    """Have it seen that the mailbox is gone; again and again is as once."""
    if mailbox_id not in missed_mailboxes(tx):
        return
    pairs = pairs_of(tx, mailbox_id)
    blocker = Blocker(
        scope=BlockerScope.MAILBOX, subject_id=mailbox_id, code=CODE, since=now, data={"why": why}
    )
    if _blocked(tx, mailbox_id) is not None:
        return
    tx.blockers.set(blocker)
    tx.journal.write(
        JournalEntry(at=now, code="mailbox_stopped", mailbox_id=mailbox_id, data={"why": CODE})
    )
    for need in _needs(app, pairs, mailbox_id, now):
        tx.needs.raise_once(need)


def seen_well(tx: Transaction, mailbox_id: str, why: str, now: datetime) -> None:
    """The mailbox is there again, as far as ``why`` says: nothing is to be done any more."""
    blocker = _blocked(tx, mailbox_id)
    if blocker is not None and blocker.data.get("why") == why:
        settle(tx, mailbox_id, now, "cause_gone")


def settle(tx: Transaction, mailbox_id: str, now: datetime, outcome: str) -> None:
    """Close the blocker and the rows."""
    tx.blockers.clear(BlockerScope.MAILBOX, mailbox_id, now, CODE)
    for need in tx.needs.open():
        if need.key == _key(mailbox_id):
            tx.needs.close(need.pair_id, need.key, outcome, now)


def missed_mailboxes(tx: Transaction) -> frozenset[str]:
    """Mailboxes that would be missed; any other was given up, and may be gone or closed to us."""
    open_to_new = frozenset(mailbox.id for mailbox in tx.mailboxes.all() if mailbox.open_to_new)
    return open_to_new | tx.pairs.organizers(*GOING_ON)


def pairs_of(tx: Transaction, mailbox_id: str) -> list[Pair]:
    """Pairs that are not over and whose meetings this mailbox organizes."""
    states = GOING_ON
    return [pair for pair in tx.pairs.in_state(*states) if pair.mailbox_id == mailbox_id]


def _blocked(tx: Transaction, mailbox_id: str) -> Blocker | None:
    found = tx.blockers.open(BlockerScope.MAILBOX, [mailbox_id])
    return next((blocker for blocker in found if blocker.code == CODE), None)


def _needs(app: App, pairs: list[Pair], mailbox_id: str, now: datetime) -> Iterator[Need]:
    """A row for each program, which stands with the first of its pairs."""
    programs = sorted({pair.program_id for pair in pairs})
    for program_id in programs:
        concerned = [pair for pair in pairs if pair.program_id == program_id]
        yield Need(
            id=UUID(int=app.chance.getrandbits(128)).hex,
            key=_key(mailbox_id),
            pair_id=concerned[0].id,
            code=ChangeCode.MAILBOX_GONE.value,
            raised_at=now,
            data={"pairs": len(concerned), "about": "", "spans": []},
        )


def _key(mailbox_id: str) -> str:
    return f"{ChangeCode.MAILBOX_GONE}::{mailbox_id}"
