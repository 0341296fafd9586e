"""Telling the firm's own system of verdicts: each version once by its key, signed.

Every version but a pending one becomes a row, and a row is tried until the receiver has taken it;
nothing is ever given up. The receiver may get a message twice, where Tandem died between its answer
and the commit: it carries the same id and the same bytes, and the receiver takes the first.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from integrations.attendance_records import Delivery
from integrations.errors import ClaimLostError, NotTakenError, ReadOnlyModeError
from integrations.ports import Outbound, Transaction
from integrations.records import Blocker, BlockerScope
from integrations.workflows.acting import Claim, NotYet
from integrations.workflows.app import App
from integrations.workflows.standing_work import FIRM
from integrations.workflows.telling.outbound_message import message_id, message_of
from integrations.writing import require_writing
from scheduling.attendance.evidence import VerdictKind

KIND = "send_verdicts"
SENT, WITHHELD = "sent", "withheld"
NOT_TAKEN = "verdicts_not_taken"
IDLE = timedelta(hours=1)
"""How long a new verdict waits at most; the timer, or who judges, makes this due sooner."""
PAUSES = (
    timedelta(seconds=30),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
"""After the n-th failure; the last holds for all that follow."""
SHOWN_AFTER = 3
"""So many failures of one message are said to a coordinator."""
AT_ONCE = 8
_MOST = 500
_TROUBLED = frozenset({408, 429})


@dataclass(frozen=True, slots=True)
class _Message:
    """A row that is due, in the bytes that go out."""

    row: Delivery
    id: str
    body: bytes


async def send_verdicts(app: App, claim: Claim, subject: str) -> None:
    """Send what is due and not taken yet; standing work, never done.

    Where the receiver itself is in trouble the rest waits with the message that found out.

    Raises:
        NotYet: always, with the time of the next message.
        ClaimLostError: somebody else does this now.
        WritingStoppedError: all writing is stopped; what is due waits.
        ReadOnlyModeError: this installation only looks; what is due waits.
    """
    if app.outbound is None:
        raise NotYet(app.clock.now() + timedelta(days=1), "no receiver is named")
    if app.options.read_only:
        # Of a copy of the store that is only looked at, the receiver would hear everything twice.
        raise ReadOnlyModeError("verdicts wait")
    later: datetime | None = None
    while later is None:
        messages = await app.store.run(lambda tx: _due(tx, app.clock.now()))
        if not messages:
            break
        later = await _send_all(app, app.outbound, claim, messages)
    raise NotYet(await app.store.run(lambda tx: _look_again(app, tx, later)), "no verdict is due")


def _due(tx: Transaction, now: datetime) -> list[_Message]:
    """What is to be sent now, oldest first; new verdicts become rows."""
    require_writing(tx)
    for verdict in tx.verdicts.undelivered(_MOST):
        withheld = verdict.verdict == VerdictKind.PENDING
        tx.deliveries.add(
            Delivery(
                session_id=verdict.session_id,
                version=verdict.version,
                due_at=now,
                state=WITHHELD if withheld else "waiting",
            )
        )
    return [_message(tx, row) for row in tx.deliveries.due(now, _MOST)]


def _message(tx: Transaction, row: Delivery) -> _Message:
    verdict = tx.verdicts.require(f"{row.session_id}/{row.version}")
    session = tx.sessions.require(row.session_id)
    pair = tx.pairs.require(session.pair_id)
    return _Message(row, message_id(verdict), message_of(verdict, session, pair))


async def _send_all(
    app: App, outbound: Outbound, claim: Claim, messages: Sequence[_Message]
) -> datetime | None:
    """Send a few at a time; when to go on, as soon as the receiver is found to be in trouble."""
    for first in range(0, len(messages), AT_ONCE):
        await _keep_claim(app, claim)
        group = messages[first : first + AT_ONCE]
        ends = await asyncio.gather(*(_send(app, outbound, message) for message in group))
        if any(ends):
            return max(at for at in ends if at is not None)
    return None


async def _keep_claim(app: App, claim: Claim) -> None:
    until = app.clock.now() + app.options.claim_length

    def prolong(tx: Transaction) -> bool:
        require_writing(tx)
        return tx.work.extend(claim.work_id, claim.holder, until)

    if not await app.store.run(prolong):
        raise ClaimLostError("somebody else sends verdicts now")


async def _send(app: App, outbound: Outbound, message: _Message) -> datetime | None:
    """Send one message; when to go on, where the receiver is in trouble."""
    try:
        await outbound.post(message.id, message.body)
    except NotTakenError as refusal:
        return await _not_taken(app, message.row, refusal)
    now = app.clock.now()
    done = replace(
        message.row, state=SENT, sent_at=now, attempts=message.row.attempts + 1, error=None
    )
    await app.store.run(lambda tx: tx.deliveries.put(done))
    return None


async def _not_taken(app: App, row: Delivery, refusal: NotTakenError) -> datetime | None:
    now = app.clock.now()
    pause = PAUSES[min(row.attempts, len(PAUSES) - 1)]
    due_at = now + max(pause, refusal.retry_after or timedelta(0))
    error = refusal.code if refusal.status is None else f"{refusal.code} {refusal.status}"
    failed = replace(row, attempts=row.attempts + 1, due_at=due_at, error=error)
    blocker = Blocker(
        scope=BlockerScope.FIRM,
        subject_id=FIRM,
        code=NOT_TAKEN,
        since=now,
        data={"error": error, "attempts": failed.attempts},
    )

    def record(tx: Transaction) -> None:
        tx.deliveries.put(failed)
        if failed.attempts >= SHOWN_AFTER:
            tx.blockers.set(blocker)

    await app.store.run(record)
    status = refusal.status
    in_trouble = status is None or status >= 500 or status in _TROUBLED or 300 <= status < 400
    return due_at if in_trouble else None


def _look_again(app: App, tx: Transaction, later: datetime | None) -> datetime:
    """When the next message is due; the blocker is closed once no message keeps failing."""
    now = app.clock.now()
    next_at = tx.deliveries.next_due_at()
    if next_at is None:
        tx.blockers.clear(BlockerScope.FIRM, FIRM, now, NOT_TAKEN)
    return min(max(filter(None, (next_at, later)), default=now + IDLE), now + IDLE)
