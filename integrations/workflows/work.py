"""Doing due work: claim a row, run its workflow, and say in the store how it went.

The same rows are worked off by the loop here and, on Azure, by queue consumers; a queue message
only wakes somebody up.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import traceback
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from integrations.errors import (
    ClaimLostError,
    IntegrationError,
    NoPermitError,
    OutcomeUnknownError,
    ReadOnlyModeError,
    RefusedError,
    StoreLockedError,
    StoreUnreachableError,
    ThrottledError,
    TokenError,
    UnreachableError,
)
from integrations.logs import log_event
from integrations.ports import Transaction, WakeUp
from integrations.records import Blocker, BlockerScope, JournalEntry, Work, WorkState
from integrations.telemetry import WORK, WORK_DONE, add, traced
from integrations.workflows.acting import Claim, NotYet, Record, Withheld
from integrations.workflows.app import App
from integrations.workflows.standing_work import STANDING, DueAgain, renew, show_failure

logger = logging.getLogger(__name__)

Handler = Callable[[App, Claim, str], Awaitable[Record | None]]
"""Does a piece of work; what it returns is stored in the transaction that marks it done, by whoever
still holds the row."""

MOST_ATTEMPTS = 8
"""How often work is tried again: after that it is put aside, or, where the trouble passes by
itself, said to be held up. With the growing pauses that is about half an hour."""
FIRST_PAUSE = timedelta(seconds=15)
LONGEST_PAUSE = timedelta(hours=1)
READ_ONLY_PAUSE = timedelta(minutes=15)
LOOK_AROUND, MOMENT = timedelta(seconds=1), timedelta(milliseconds=1)
NEIGHBOUR_PAUSE = timedelta(seconds=15)
BOOKING = ("book_pair", "check_mailbox")
"""Work that comes to an end: what ``until_quiet`` waits for if no kinds are named."""
TROUBLE_LASTS = "trouble_lasts"
WITHHELD = "withheld"
"""In a row's last error: it waits for nothing but leave to write."""
_PASSING = (
    OutcomeUnknownError,
    StoreLockedError,
    StoreUnreachableError,
    TokenError,
    UnreachableError,
)
_PASSES = "passing: "
"""Marks, in a row's last error, what passes by itself."""
_UNKNOWN = "unknown"
_SCOPES = {
    "check_mailbox": BlockerScope.MAILBOX,
    "try_rule": BlockerScope.FIRM,
    "begin_program": BlockerScope.FIRM,
    "invite_to_check_ins": BlockerScope.FIRM,
}
"""What work holds up that is not a pair's."""
ONE_PER_PAIR = ("book_pair", "reconcile_pair")
"""Kinds whose rows for one pair are never worked on side by side."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """A look at the rows: what was taken, when something is due, and how many are left at all."""

    taken: tuple[tuple[Work, Claim], ...] = ()
    next_at: datetime | None = None
    left: int = 0


class Worker:
    """Does work by kind. ``handlers`` maps a kind to its workflow, called with the subject."""

    def __init__(self, app: App, handlers: Mapping[str, Handler]) -> None:
        self._app = app
        self._handlers = handlers
        self._stopping = False
        self._stuck: dict[str, str] = {}
        self._serial = itertools.count(1)

    def stop(self) -> None:
        """Take up nothing more; what has been begun is ended."""
        self._stopping = True
        self._app.woken.set()

    async def do(self, work_id: str) -> bool:
        """Do one piece of work if it is due and free; False if it was not ours to do."""
        app, now, claim = self._app, self._app.clock.now(), self._new_claim(work_id)
        work = await app.store.run(lambda tx: _claimed(app, tx, claim, now))
        return work is not None and await self._do_claimed(work, claim)

    def _new_claim(self, work_id: str) -> Claim:
        """Unique, so that a claim lost and taken again by this process is still lost."""
        return Claim(work_id, f"{self._app.holder}/{next(self._serial)}")

    async def run(
        self,
        *,
        until_quiet: bool,
        progress: Callable[[], Awaitable[None]],
        kinds: Sequence[str] = (),
        until: datetime | None = None,
    ) -> None:
        """Do due work side by side, for ever or until it is to end.

        Parameters:
            until_quiet: end when nothing is left of these kinds that could be done.
            progress: called after each piece.
            kinds: do no others. None named: all that this worker knows, or with ``until_quiet``
                those of ``BOOKING``, because standing work is never done.
            until: end as soon as nothing is due before then; take up nothing after it.
        """
        wanted = tuple(kinds) or (BOOKING if until_quiet else tuple(self._handlers))
        running: dict[str, asyncio.Task[bool]] = {}
        while not self._is_over(until):
            # Before looking, so that what is made due during the look is not slept over.
            self._app.woken.clear()
            seen = await self._look(wanted, running, until_quiet=until_quiet)
            for work, claim in seen.taken:
                running[work.id] = asyncio.create_task(self._do_claimed(work, claim))
            if not running and self._is_quiet(seen, wanted, until_quiet=until_quiet, until=until):
                return
            patience = LOOK_AROUND if running else MOMENT
            if await self._pause(running, self._wake_at(seen, until, patience)):
                await progress()
        await asyncio.gather(*running.values())

    def _is_over(self, until: datetime | None) -> bool:
        return self._stopping or (until is not None and self._app.clock.now() >= until)

    async def _look(
        self, kinds: Sequence[str], running: Collection[str], *, until_quiet: bool
    ) -> _Seen:
        """Take what is to be begun now; where there is nothing, see what is still to come."""
        app, now = self._app, self._app.clock.now()
        room = app.options.workers - len(running)
        if room <= 0:
            return _Seen()

        def look(tx: Transaction) -> _Seen:
            claims = [self._new_claim(work.id) for work in _due(tx, kinds, running, room, now)]
            tried = [(_claimed(app, tx, claim, now), claim) for claim in claims]
            taken = tuple((work, claim) for work, claim in tried if work is not None)
            if taken:
                # What they leave is seen in the next look.
                return _Seen(taken, next_at=now + LOOK_AROUND)
            left = _open_rows(tx, kinds) if until_quiet and not running else 0
            return _Seen(next_at=tx.work.next_due_at(kinds=kinds), left=left)

        return await self._app.store.run(look)

    def _is_quiet(
        self, seen: _Seen, kinds: Sequence[str], *, until_quiet: bool, until: datetime | None
    ) -> bool:
        """Whether nothing is left to be done, or nothing before the end."""
        if until_quiet and seen.left <= sum(kind in kinds for kind in self._stuck.values()):
            return True
        return until is not None and (seen.next_at is None or seen.next_at >= until)

    def _wake_at(self, seen: _Seen, until: datetime | None, patience: timedelta) -> datetime:
        """When to look again at the latest; other processes may have made something due."""
        now = self._app.clock.now()
        ends = (now + self._app.options.poll, seen.next_at, until)
        return max(min(at for at in ends if at is not None), now + patience)

    async def _pause(self, running: dict[str, asyncio.Task[bool]], wake_at: datetime) -> bool:
        """Wait for an end, for news or for ``wake_at``; whether a piece has ended."""
        clock = self._app.clock
        news = asyncio.ensure_future(self._app.woken.wait())
        slept = asyncio.ensure_future(clock.sleep(wake_at - clock.now()))
        waited_for = {news, slept, *running.values()}
        await asyncio.wait(waited_for, return_when=asyncio.FIRST_COMPLETED)
        for task in (news, slept):
            task.cancel()
        ended = [work_id for work_id, task in running.items() if task.done()]
        for work_id in ended:
            running.pop(work_id).result()
        return bool(ended)

    async def _do_claimed(self, work: Work, claim: Claim) -> bool:
        """Run the workflow and give the row back as its end asks for; False if there is none."""
        with traced(WORK, kind=work.kind, work=work.id) as span:
            outcome = await self._outcome(work, claim)
            span.note(outcome=outcome)
        add(WORK_DONE, 1, kind=work.kind, outcome=outcome)
        return outcome != _UNKNOWN

    async def _outcome(self, work: Work, claim: Claim) -> str:
        """One word for how it went, once the row says so."""
        app = self._app
        if work.kind not in self._handlers:
            # A newer version of the program made it and will do it.
            await self._postpone(claim, app.clock.now() + LONGEST_PAUSE)
            return _UNKNOWN
        self._stuck.pop(work.id, None)
        try:
            last = await self._handlers[work.kind](app, claim, work.subject)
        except NotYet as wait:
            if wait.stuck:
                self._stuck[work.id] = work.kind
            await self._due_again(work, claim, wait)
        except ThrottledError as wait:
            await self._postpone(claim, app.clock.now() + wait.retry_after, error=work.last_error)
        except NoPermitError as wait:
            await self._postpone(claim, wait.retry_at, error=work.last_error)
        except ReadOnlyModeError:
            # Waits for somebody to switch writing on: who works until all is quiet ends here.
            self._stuck[work.id] = work.kind
            await self._postpone(claim, app.clock.now() + READ_ONLY_PAUSE, error=WITHHELD)
        except ClaimLostError:
            log_event(logger, "claim_lost", work=work.id, kind=work.kind)
            return "lost"
        except Exception as error:  # noqa: BLE001 - a fault in one piece must not stop the rest
            await self._failed(work, claim, error)
            return "failed"
        else:
            await self._done(work, claim, last)
            return "done"
        return "again"

    async def _done(self, work: Work, claim: Claim, last: Record | None) -> None:
        now = self._app.clock.now()

        def record(tx: Transaction) -> None:
            if tx.work.finish(claim.work_id, claim.holder):
                _clear_trouble(tx, work, now)
                if last is not None:
                    last(tx)

        await self._app.store.run(record)

    async def _due_again(self, work: Work, claim: Claim, wait: NotYet) -> None:
        now = self._app.clock.now()

        def record(tx: Transaction) -> None:
            if work.kind in STANDING:
                is_ours = renew(tx, work, claim.holder, wait.due_at, now)
            else:
                # It got through: failures of many weeks do not add up.
                error = WITHHELD if isinstance(wait, Withheld) else None
                is_ours = tx.work.postpone(
                    work.id, claim.holder, wait.due_at, error=error, forgive=work.attempts
                )
                if is_ours:
                    _clear_trouble(tx, work, now)
            if is_ours and isinstance(wait, DueAgain):
                wait.keep(tx)

        await self._app.store.run(record)

    async def _postpone(self, claim: Claim, due_at: datetime, *, error: str | None = None) -> None:
        await self._app.store.run(
            lambda tx: tx.work.postpone(claim.work_id, claim.holder, due_at, error=error, forgive=1)
        )

    async def _failed(self, work: Work, claim: Claim, error: Exception) -> None:
        """Try again with growing pauses; after too many tries put it aside where it is seen.

        What passes by itself is tried for ever: an outage must not put all the work of a firm
        aside until somebody revives it. Where it lasts, a blocker says so.
        """
        app, now = self._app, self._app.clock.now()
        code = type(error).__name__
        passes = _passes(error)
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
        goes_on = passes or work.kind in STANDING
        # Failures of the other sort say nothing about this one.
        tries = work.attempts if _is_alike(work.last_error, passes=passes) else 1
        is_over = tries >= MOST_ATTEMPTS

        def record(tx: Transaction) -> None:
            if is_over and passes:
                show_trouble(tx, work, code, now)
            elif is_over:
                put_aside(tx, work, code, now)
            if goes_on or not is_over:
                tx.work.postpone(
                    work.id,
                    claim.holder,
                    now + min(FIRST_PAUSE * 2 ** min(tries - 1, MOST_ATTEMPTS), LONGEST_PAUSE),
                    error=f"{_PASSES}{code}" if passes else code,
                    # Beyond what makes the pause as long as it gets there is nothing to count.
                    forgive=work.attempts - min(tries, MOST_ATTEMPTS),
                )

        await app.store.run(record)


def _passes(error: Exception) -> bool:
    """Whether it is trouble of the outside that nobody has to revive work after."""
    if isinstance(error, RefusedError):
        return error.passes
    return isinstance(error, _PASSING)


def _is_alike(last_error: str | None, *, passes: bool) -> bool:
    return last_error is None or last_error.startswith(_PASSES) == passes


def _where(error: Exception) -> str:
    """The innermost place the error came from; its message may quote what it was given."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""


def _claimed(app: App, tx: Transaction, claim: Claim, now: datetime) -> Work | None:
    """The row if it is ours to do now; one whose pair somebody else works on is put off."""
    work = tx.work.claim(claim.work_id, claim.holder, now, app.options.claim_length)
    if work is None or work.kind not in ONE_PER_PAIR:
        return work
    others = [kind for kind in ONE_PER_PAIR if kind != work.kind]
    busy_until = tx.work.claimed_until(others, work.subject, now)
    if busy_until is None:
        return work
    again_at = min(busy_until, now + NEIGHBOUR_PAUSE)
    tx.work.postpone(work.id, claim.holder, again_at, forgive=1)
    return None


def _due(
    tx: Transaction, kinds: Sequence[str], running: Collection[str], room: int, now: datetime
) -> list[Work]:
    """What is due and not under way here, ``room`` at most."""
    found = tx.work.due(now, kinds=kinds, limit=room)
    if any(work.id in running for work in found):
        # The claim on what is under way ran out: behind it there may be more to do.
        found = tx.work.due(now, kinds=kinds, limit=room + len(running))
    return [work for work in found if work.id not in running][:room]


def _open_rows(tx: Transaction, kinds: Collection[str]) -> int:
    return sum(
        n
        for (kind, state), n in tx.work.count().items()
        if kind in kinds and state == WorkState.OPEN
    )


def put_aside(tx: Transaction, work: Work, error: str, now: datetime) -> None:
    """Say where it is seen that the work fails; poison the row unless it is standing work."""
    if work.kind in STANDING:
        show_failure(tx, work, error, now)
        return
    facts = {"work": work.id, "kind": work.kind, "error": error}
    tx.work.poison(work.id, error)
    tx.journal.write(JournalEntry(at=now, code="work_put_aside", pair_id=work.subject, data=facts))
    tx.blockers.set(
        Blocker(
            scope=scope_of(work),
            subject_id=work.subject,
            code="work_put_aside",
            since=now,
            data=facts,
        )
    )


def show_trouble(tx: Transaction, work: Work, error: str, now: datetime) -> None:
    """Say where it is seen that the work cannot be done yet; it is tried on."""
    if work.kind in STANDING:
        show_failure(tx, work, error, now)
        return
    facts = {"work": work.id, "kind": work.kind, "error": error}
    blocker = Blocker(
        scope=scope_of(work), subject_id=work.subject, code=TROUBLE_LASTS, since=now, data=facts
    )
    if tx.blockers.set(blocker):
        tx.journal.write(JournalEntry(at=now, code=TROUBLE_LASTS, data=facts))


def _clear_trouble(tx: Transaction, work: Work, now: datetime) -> None:
    if work.last_error is not None and work.kind not in STANDING:
        tx.blockers.clear(scope_of(work), work.subject, now, TROUBLE_LASTS)


def scope_of(work: Work) -> BlockerScope:
    """What is held up where this work is."""
    return _SCOPES.get(work.kind, BlockerScope.PAIR)


async def wake(app: App, *works: Work) -> None:
    """Have these rows looked at now: by this process's loop, and by consumers of the queue.

    To be called after the commit that made them due. Losing it changes nothing but the moment.
    """
    app.woken.set()
    await app.queue.send([WakeUp(work.kind, work.id) for work in works])


async def wake_consumers(app: App, *, limit: int = 500) -> int:
    """Send a wake-up for whatever is due and unclaimed; return how many were sent."""
    now = app.clock.now()
    due = await app.store.run(lambda tx: tx.work.due(now, limit=limit))
    await wake(app, *due)
    return len(due)
