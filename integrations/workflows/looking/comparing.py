"""Comparing a calendar with the store: do dates look as they did when their pair was reconciled?

A comparison decides nothing, and keeps nothing but what was answered. Sweeps compare a whole
mailbox; a hint has one pair compared, because most changes that Graph tells of are our own, or an
invitation accepted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from integrations.errors import NotFoundError, RefusedError
from integrations.ports import EventSnapshot, Transaction
from integrations.records import Booking, Session, SessionState
from integrations.workflows.acting import Claim
from integrations.workflows.app import App
from integrations.workflows.changes.calendar_view import LOOKS_BEYOND, digest, with_replies
from integrations.workflows.noticed import due_pairs
from scheduling.timespan import TimeSpan

KIND = "compare_pair"


@dataclass(frozen=True, slots=True)
class Expected:
    """The dates that the store says are to come, and what they are known by in a calendar.

    An occurrence is known by its id, or by its series and where the series puts it.
    """

    dates: Sequence[tuple[Session, Booking]]
    by_event: Mapping[str, Session]
    by_place: Mapping[tuple[str, datetime], Session]
    mails: Mapping[str, Sequence[str]]

    @classmethod
    def of(
        cls,
        sessions: Iterable[Session],
        bookings: Iterable[Booking],
        mails: Mapping[str, Sequence[str]],
    ) -> Expected:
        """Of those sessions that belong to one of these series; ``mails`` are pairs' addresses."""
        series = {(booking.pair_id, booking.generation): booking for booking in bookings}
        dates = [
            (session, booking)
            for session in sessions
            if (booking := series.get((session.pair_id, session.generation))) is not None
        ]
        return cls(
            dates,
            {session.event_id: session for session, _ in dates if session.event_id is not None},
            {(b.event_id, s.series_start): s for s, b in dates if not s.single},
            mails,
        )

    def session_of(self, event: EventSnapshot) -> Session | None:
        """The session that the event stands for, if it is an expected one."""
        if event.id in self.by_event or event.master_id is None or event.original_start is None:
            return self.by_event.get(event.id)
        return self.by_place.get((event.master_id, event.original_start))


@dataclass(frozen=True, slots=True)
class Compared:
    """What differs: dates missing, elsewhere or otherwise, and events that nobody expected.

    ``answered`` are dates that stand as they should, with answers that were not known yet.
    """

    sessions: Sequence[Session]
    unknown: Sequence[EventSnapshot]
    answered: Sequence[Session]


def compared(expected: Expected, events: Iterable[EventSnapshot], now: datetime) -> Compared:
    """Compare what is expected with ``events``, all that a calendar shows of the same time.

    What has begun is left out: it is nobody's to change any more.
    """
    differing: list[Session] = []
    unknown: list[EventSnapshot] = []
    answered: list[Session] = []
    found: set[str] = set()
    for event in events:
        if event.span.start <= now or event.cancelled:
            continue
        session = expected.session_of(event)
        if session is None:
            unknown.append(event)
            continue
        found.add(session.id)
        if _differs(session, event):
            differing.append(session)
        elif (told := with_replies(session, event, expected.mails[session.pair_id])) != session:
            answered.append(told)
    missing = [session for session, _ in expected.dates if session.id not in found]
    return Compared([*differing, *missing], unknown, answered)


def _differs(session: Session, event: EventSnapshot) -> bool:
    stands = TimeSpan(session.start, session.end)
    return event.span != stands or digest(event) != session.seen


# --- one pair -------------------------------------------------------------------------------


async def compare_pair(app: App, claim: Claim, pair_id: str) -> None:
    """Have the pair reconciled if its calendar shows anything new about its dates to come.

    A series costs one call, each single event one; a reconciliation costs several times that.
    """
    now = app.clock.now()
    expected = await app.store.run(lambda tx: _coming(tx, pair_id, now))
    events = await _read(app, expected, now)
    if events is not None:
        found = compared(expected, events, now)
        if found.answered:
            await app.store.run(lambda tx: tx.sessions.note_replies(found.answered))
        if expected.dates and not found.sessions and not found.unknown:
            return
    await app.store.run(lambda tx: due_pairs(tx, [pair_id], now))
    app.woken.set()


def mails_of_pairs(tx: Transaction, pair_ids: Iterable[str]) -> dict[str, tuple[str, str]]:
    """The addresses of the two of each pair."""
    pairs = tx.pairs.many(pair_ids)
    people = tx.participants.many(
        {person for pair in pairs.values() for person in (pair.mentor_id, pair.mentee_id)}
    )
    return {
        pair.id: (people[pair.mentor_id].mail, people[pair.mentee_id].mail)
        for pair in pairs.values()
    }


def _coming(tx: Transaction, pair_id: str, now: datetime) -> Expected:
    live = (s for s in tx.sessions.of_pair(pair_id) if s.state is SessionState.SCHEDULED)
    coming = [s for s in live if s.start > now]
    return Expected.of(coming, tx.bookings.of_pair(pair_id), mails_of_pairs(tx, [pair_id]))


async def _read(app: App, expected: Expected, now: datetime) -> list[EventSnapshot] | None:
    """The pair's series and single events; None where one of them is gone or may not be read."""
    calendar = app.graph.calendar
    last = max((session.end for session, _ in expected.dates), default=now)
    span = TimeSpan(now, last + LOOKS_BEYOND)
    series = {b.event_id: b for session, b in expected.dates if not session.single}
    singles = {s.event_id: b for s, b in expected.dates if s.single and s.event_id is not None}
    try:
        instances, alone = await asyncio.gather(
            asyncio.gather(*(calendar.instances(b.mailbox_id, i, span) for i, b in series.items())),
            asyncio.gather(*(calendar.read(b.mailbox_id, i) for i, b in singles.items())),
        )
    except (NotFoundError, RefusedError):
        return None
    return [*(event for some in instances for event in some), *alone]
