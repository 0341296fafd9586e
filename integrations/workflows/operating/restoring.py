"""After a backup was put back: search before creating, mail nothing twice, and catch up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from integrations.ports import Transaction
from integrations.records import JournalEntry
from integrations.restored import SWITCH
from integrations.workflows.app import App
from integrations.workflows.looking import sweep
from integrations.workflows.noticed import due_pairs
from integrations.writing import STOPPED
from integrations.writing import SWITCH as WRITING

GIVEN_UP = "before_restore"
_MOST = 100_000


@dataclass(frozen=True, slots=True)
class Restored:
    """What was made of a store put back: pairs to be compared, mails given up."""

    pairs: int
    mails: int


async def take_over(app: App, *, by: str) -> Restored:
    """Have a store that was put back from a backup catch up with its tenant.

    Writing stops, so that a person can first do again what was done through Tandem since the
    backup: nothing in the calendars tells of a pause or an end. Reading goes on: every pair and
    every mailbox is compared as a whole. Mails of Tandem's own that were due by now are given up,
    urgent ones included: they may have gone out, and the dates they tell of stand in calendars.
    Doing it twice changes nothing more.
    """
    now = app.clock.now()
    return await app.store.run(lambda tx: _take_over(tx, by, now))


def _take_over(tx: Transaction, by: str, now: datetime) -> Restored:
    tx.switches.set(SWITCH, now.isoformat())
    tx.switches.set(WRITING, STOPPED)
    mails = tx.outbox.due(now, limit=_MOST)
    for mail in mails:
        tx.outbox.drop(mail, GIVEN_UP)
    for mailbox in tx.mailboxes.all():
        sweep.whole_due(tx, mailbox.id, now)
    pairs = due_pairs(tx, (pair.id for pair in tx.pairs.all()), now)
    facts = {"by": by, "pairs": pairs, "mails": len(mails)}
    tx.journal.write(JournalEntry(at=now, code="store_restored", data=facts))
    return Restored(pairs, len(mails))
