"""Doing due work: claim a row, run its workflow, and say in the store how it went.

The same rows are worked off by the loop here and, on Azure, by queue consumers; a queue message
only wakes somebody up.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import traceback
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path

from integrations.errors import (
    ClaimLostError,
    IntegrationError,
    NoPermitError,
    ReadOnlyModeError,
    ThrottledError,
)
from integrations.logs import log_event
from integrations.ports import Transaction, WakeUp
from integrations.records import Blocker, BlockerScope, JournalEntry, Work, WorkState
from integrations.workflows.acting import Claim, NotYet
from integrations.workflows.app import App

logger = logging.getLogger(__name__)

Handler = Callable[[App, Claim, str], Awaitable[None]]

MOST_ATTEMPTS = 8
FIRST_PAUSE = timedelta(seconds=15)
LONGEST_PAUSE = timedelta(hours=1)
READ_ONLY_PAUSE = timedelta(minutes=15)
POLL = timedelta(seconds=30)


class Worker:
    """Does work by kind. ``handlers`` maps a kind to its workflow, called with the subject."""

    def __init__(self, app: App, handlers: Mapping[str, Handler]) -> None:
        self._app = app
        self._handlers = handlers
        self._stopping = asyncio.Event()
        self._stuck: set[str] = set()
        self._serial = itertools.count(1)

    def stop(self) -> None:
        """Take up nothing more; what has been begun is ended."""
        self._stopping.set()

    async def do(self, work_id: str) -> bool:
        """Do one piece of work if it is due and free; False if it was not ours to do."""
        app, now = self._app, self._app.clock.now()
        # Unique per claim, so that a claim lost and taken again by this process is still lost.
        claim = Claim(work_id, f"{app.holder}/{next(self._serial)}")
        work = await app.store.run(
            lambda tx: tx.work.claim(work_id, claim.holder, now, app.options.claim_length)
        )
        if work is None:
            return False
        await self._do_claimed(work, claim)
        return True

    async def run(self, *, until_quiet: bool, progress: Callable[[], Awaitable[None]]) -> None:
        """Do due work side by side until nothing is left (or until stopped).

        ``progress`` is called after each piece.
        """
        running: dict[str, asyncio.Task[bool]] = {}
        while not self._stopping.is_set():
            room = self._app.options.workers - len(running)
            for work in await self._due(room, set(running)):
                running[work.id] = asyncio.create_task(self.do(work.id))
            if not running and not await self._wait_for_work(until_quiet=until_quiet):
                return
            if running:
                await self._next_done(running)
                await progress()
        await asyncio.gather(*running.values())

    async def _due(self, room: int, running: set[str]) -> list[Work]:
        if room <= 0:
            return []
        now = self._app.clock.now()
        limit = room + len(running)
        due = await self._app.store.run(lambda tx: tx.work.due(now, limit=limit))
        return [work for work in due if work.id not in running][:room]

    async def _wait_for_work(self, *, until_quiet: bool) -> bool:
        """Let time pass until something is due; False if all that is left is stuck."""
        next_due, left = await self._app.store.run(
            lambda tx: (tx.work.next_due_at(), _open_rows(tx))
        )
        if until_quiet and left <= len(self._stuck):
            return False
        pause = POLL if next_due is None else next_due - self._app.clock.now()
        if not until_quiet:
            pause = min(pause, POLL)
        await self._sleep_unless_stopped(max(pause, timedelta(milliseconds=1)))
        return True

    async def _sleep_unless_stopped(self, pause: timedelta) -> None:
        stopped = asyncio.ensure_future(self._stopping.wait())
        slept = asyncio.ensure_future(self._app.clock.sleep(pause))
        _, pending = await asyncio.wait({stopped, slept}, return_when=asyncio.FIRST_COMPLETED)
        for task in pending:
            task.cancel()

    async def _next_done(self, running: dict[str, asyncio.Task[bool]]) -> None:
        done, _ = await asyncio.wait(running.values(), return_when=asyncio.FIRST_COMPLETED)
        for work_id in [key for key, task in running.items() if task in done]:
            running.pop(work_id).result()

    async def _do_claimed(self, work: Work, claim: Claim) -> None:
        """Run the workflow and give the row back as its end asks for."""
        app = self._app
        self._stuck.discard(work.id)
        try:
            await self._handlers[work.kind](app, claim, work.subject)
        except NotYet as wait:
            if wait.stuck:
                self._stuck.add(work.id)
            await self._postpone(claim, wait.due_at)
        except ThrottledError as wait:
            await self._postpone(claim, app.clock.now() + wait.retry_after)
        except NoPermitError as wait:
            await self._postpone(claim, wait.retry_at)
        except ReadOnlyModeError:
            # Waits for somebody to switch writing on: who works until all is quiet ends here.
            self._stuck.add(work.id)
            await self._postpone(claim, app.clock.now() + READ_ONLY_PAUSE)
        except ClaimLostError:
            log_event(logger, "claim_lost", work=work.id, kind=work.kind)
        except Exception as error:  # noqa: BLE001 - a fault in one piece must not stop the rest
            await self._failed(work, claim, error)
        else:
            await app.store.run(lambda tx: tx.work.finish(claim.work_id, claim.holder))

    async def _postpone(self, claim: Claim, due_at: datetime) -> None:
        await self._app.store.run(
            lambda tx: tx.work.postpone(claim.work_id, claim.holder, due_at, forgive=True)
        )

    async def _failed(self, work: Work, claim: Claim, error: Exception) -> None:
        """Try again with growing pauses; after too many tries put it aside where it is seen."""
        app, now = self._app, self._app.clock.now()
        code = type(error).__name__
        level = logging.WARNING if isinstance(error, IntegrationError) else logging.ERROR
        log_event(
            logger,
            "work_failed",
            level,
            work=work.id,
            kind=work.kind,
            error=code,
            where=_where(error),
            attempt=work.attempts,
        )
        if work.attempts < MOST_ATTEMPTS:
            pause = min(FIRST_PAUSE * 2 ** (work.attempts - 1), LONGEST_PAUSE)
            await app.store.run(
                lambda tx: tx.work.postpone(work.id, claim.holder, now + pause, error=code)
            )
        else:
            await app.store.run(lambda tx: put_aside(tx, work, code, now))


def _where(error: Exception) -> str:
    """The innermost place the error came from; its message may quote what it was given."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""


def _open_rows(tx: Transaction) -> int:
    return sum(n for (_, state), n in tx.work.count().items() if state == WorkState.OPEN)


def put_aside(tx: Transaction, work: Work, error: str, now: datetime) -> None:
    """Poison the row: journalled, and a blocker on what it was for."""
    tx.work.poison(work.id, error)
    tx.journal.write(
        JournalEntry(
            at=now,
            code="work_put_aside",
            pair_id=work.subject,
            data={"work": work.id, "kind": work.kind, "error": error},
        )
    )
    tx.blockers.set(
        Blocker(
            scope=BlockerScope.MAILBOX if work.kind == "check_mailbox" else BlockerScope.PAIR,
            subject_id=work.subject,
            code="work_put_aside",
            since=now,
            data={"work": work.id, "kind": work.kind, "error": error},
        )
    )


async def wake_consumers(app: App, *, limit: int = 500) -> int:
    """Send a wake-up for whatever is due and unclaimed; return how many were sent."""
    now = app.clock.now()
    due = await app.store.run(lambda tx: tx.work.due(now, limit=limit))
    await app.queue.send([WakeUp(work.kind, work.id) for work in due])
    return len(due)
