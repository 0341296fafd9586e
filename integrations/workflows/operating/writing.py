"""Stopping all writing, and letting it go on: what waited meanwhile is taken up at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from integrations.errors import DecommissionedError
from integrations.ports import Transaction
from integrations.records import JournalEntry
from integrations.workflows.app import App
from integrations.workflows.work import WITHHELD
from integrations.writing import STOPPED, SWITCH, is_decommissioned, is_stopped

Also: TypeAlias = Callable[[Transaction], None]
"""What else is to be kept by the transaction that turns the switch."""


def _nothing_else(tx: Transaction) -> None:
    """The switch alone."""


async def stop_writing(app: App, *, by: str, also: Also = _nothing_else) -> bool:
    """Let nothing be written from now on, by any process; False if nothing was already.

    A call that has left by then is not taken back.
    """

    def record(tx: Transaction) -> bool:
        also(tx)
        if is_stopped(tx):
            return False
        tx.switches.set(SWITCH, STOPPED)
        _journal(tx, app, "writing_stopped", by)
        return True

    return await app.store.run(record)


async def let_writing_go_on(app: App, *, by: str, also: Also = _nothing_else) -> int:
    """Let writing go on; how many pieces of work waited for it, all of them due now.

    Mails that had their place in the pace of their mailbox take a new one, so that hours of
    waiting do not leave as a flood.

    Raises:
        DecommissionedError: this installation was taken away.
    """

    def record(tx: Transaction) -> int:
        also(tx)
        if is_decommissioned(tx):
            raise DecommissionedError("writing does not go on")
        if not is_stopped(tx):
            return 0
        now = app.clock.now()
        tx.switches.set(SWITCH, now.isoformat())
        _journal(tx, app, "writing_resumed", by)
        return tx.work.hurry(WITHHELD, now)

    waited = await app.store.run(record)
    app.woken.set()
    return waited


def _journal(tx: Transaction, app: App, code: str, by: str) -> None:
    tx.journal.write(JournalEntry(at=app.clock.now(), code=code, data={"by": by}))
