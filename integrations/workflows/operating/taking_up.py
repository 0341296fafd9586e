"""Taking up again the work that was put aside, once its cause is mended."""

from __future__ import annotations

from integrations.ports import Transaction
from integrations.records import JournalEntry, Work, WorkState
from integrations.workflows.app import App
from integrations.workflows.work import scope_of, wake

PUT_ASIDE = "work_put_aside"


async def take_up(app: App, *, by: str) -> list[Work]:
    """Open every row that is put aside, with all its tries before it; return those rows."""
    taken = await app.store.run(lambda tx: _take_up(tx, app, by))
    await wake(app, *taken)
    return taken


def _take_up(tx: Transaction, app: App, by: str) -> list[Work]:
    now = app.clock.now()
    aside = [work for work in tx.work.all() if work.state is WorkState.POISON]
    for work in aside:
        tx.work.revive(work.id, now)
        tx.blockers.clear(scope_of(work), work.subject, now, PUT_ASIDE)
        facts = {"work": work.id, "kind": work.kind, "error": work.last_error, "by": by}
        tx.journal.write(
            JournalEntry(at=now, code="work_taken_up", pair_id=work.subject, data=facts)
        )
    return aside
