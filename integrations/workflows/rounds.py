"""What a host's triggers set off: planning rounds, work rounds, and answers to messages."""

from __future__ import annotations

import logging
from datetime import timedelta

from integrations.logs import log_event
from integrations.ports import Transaction, WakeUp
from integrations.records import JournalEntry, WorkState
from integrations.workflows.app import App
from integrations.workflows.operating.measures import measure
from integrations.workflows.planning import standing_plan
from integrations.workflows.registry import HANDLERS
from integrations.workflows.standing_work import make_due
from integrations.workflows.work import Worker, put_aside, wake, wake_consumers

logger = logging.getLogger(__name__)

# A work timer comes every minute, and the next must not wait for this one.
ROUND_LENGTH = timedelta(seconds=50)


async def planning_round(app: App) -> None:
    """Plan whoever is enrolled, have work for whoever is planned, and wake somebody to do it.

    Only pairs of running programs are booked; a program is set running by a coordinator.
    """
    now = app.clock.now()
    rows = await app.store.run(lambda tx: make_due(tx, app, now, [standing_plan.KIND]))
    # By its row, so that nobody else plans the same pairs at the same time.
    for row in rows:
        await Worker(app, HANDLERS).do(row.id)
    await wake_consumers(app)


async def standing_round(app: App, *kinds: str) -> None:
    """Have standing work of these kinds done now, by whoever finds its rows."""
    now = app.clock.now()
    rows = await app.store.run(lambda tx: make_due(tx, app, now, kinds))
    await wake(app, *rows)


async def work_round(app: App, alone: Worker | None, length: timedelta = ROUND_LENGTH) -> None:
    """See to it that due work is done.

    Parameters:
        alone: who does the work here and now because no queue carries wake-ups; None where
            consumers are woken instead.
        length: when nothing more is taken up; what was begun is ended.
    """
    await measure(app)
    if alone is None:
        await wake_consumers(app)
        return
    ends_at = app.clock.now() + length
    await alone.run(until_quiet=False, progress=_unwatched, until=ends_at)


async def _unwatched() -> None:
    """Nobody watches a round."""


async def answer_message(
    app: App, worker: Worker, wake_up: WakeUp | None, message_id: str | None
) -> None:
    """Do the work a message points to, if it is still to be done; None is none of our messages.

    A foreign message is journalled, by id alone, and done with: trying it again would not make
    it ours.
    """
    if wake_up is None:
        await app.store.run(lambda tx: _journal(app, tx, "message_dropped", message_id, None))
    elif not await worker.do(wake_up.work_id):
        log_event(logger, "wake_up_idle", work=wake_up.work_id, kind=wake_up.kind)


async def put_message_aside(app: App, wake_up: WakeUp | None, message_id: str | None) -> None:
    """Journal a message that failed too often, and put its work aside where it is seen.

    Work that is done, or in somebody's hands at this moment, needs no person: it stays as it is.
    """

    def record(tx: Transaction) -> None:
        now = app.clock.now()
        _journal(app, tx, "message_poisoned", message_id, wake_up)
        work = tx.work.get(wake_up.work_id) if wake_up else None
        if work is None or work.state is not WorkState.OPEN:
            return
        if work.claimed_until is None or work.claimed_until <= now:
            put_aside(tx, work, "message_poisoned", now)

    await app.store.run(record)


def _journal(
    app: App, tx: Transaction, code: str, message_id: str | None, wake_up: WakeUp | None
) -> None:
    known = {"work": wake_up.work_id, "kind": wake_up.kind} if wake_up else {}
    tx.journal.write(
        JournalEntry(at=app.clock.now(), code=code, data={"message": message_id, **known})
    )
