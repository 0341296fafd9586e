"""Reading back: whether the tenant's calendars and mails are just what the program store says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from integrations.ports import EventSnapshot, Transaction
from integrations.records import Booking, Session, SessionState
from integrations.workflows.app import App
from scheduling.timespan import TimeSpan

_MARGIN = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Audit:
    """What a look at the tenant said about the store's dates from ``since`` on."""

    series: int
    dates: int
    differences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Stored:
    """What the store says: who has a series where, and which sessions stand."""

    bookings: Mapping[str, Sequence[Booking]]
    sessions: Mapping[str, Sequence[Session]]


async def read_back(tandem: App, since: datetime) -> Audit:
    """Read every program mailbox's calendar and compare its meetings with the store's sessions."""
    stored = await tandem.store.run(_stored)
    mine = [
        (booking.mailbox_id, session)
        for pair_id, sessions in stored.sessions.items()
        for booking in stored.bookings[pair_id]
        for session in sessions
        if session.generation == booking.generation
        and session.state is SessionState.SCHEDULED
        and not session.ad_hoc
        and session.start >= since
    ]
    differences: list[str] = []
    found_dates = 0
    for mailbox_id in sorted({mailbox for mailbox, _ in mine}):
        sessions = [s for mailbox, s in mine if mailbox == mailbox_id]
        span = TimeSpan(since - _MARGIN, max(s.end for s in sessions) + 15 * _MARGIN)
        shown = [e for e in await tandem.graph.calendar.view(mailbox_id, span) if _counts(e, since)]
        found_dates += len(shown)
        differences += _differences(mailbox_id, sessions, shown)
    series = sum(bool(bookings) for bookings in stored.bookings.values())
    return Audit(series, found_dates, tuple(differences))


def sent_for_the_app(mails: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """Mails of the tenant's log by kind, without those that people caused in Outlook."""
    kinds = Counter(str(mail["kind"]) for mail in mails if mail["by"] == "app")
    return dict(sorted(kinds.items()))


def mail_differences(announced: Mapping[str, int], sent: Mapping[str, int]) -> list[str]:
    """One line for each kind of which the journal announced more or fewer than were sent."""
    return [
        f"{kind}: {announced.get(kind, 0)} announced, {sent.get(kind, 0)} sent"
        for kind in sorted({*announced, *sent})
        if announced.get(kind, 0) != sent.get(kind, 0)
    ]


def _counts(event: EventSnapshot, since: datetime) -> bool:
    """Whether it is a meeting of a pair: the mailbox's own trials are not."""
    return not event.cancelled and bool(event.answers) and event.span.start >= since


def _differences(
    mailbox_id: str, sessions: Iterable[Session], shown: Iterable[EventSnapshot]
) -> list[str]:
    stored = {session.event_id: session for session in sessions}
    there = {event.id: event for event in shown}
    lines = []
    for event_id in sorted({*stored, *there}, key=str):
        session, event = stored.get(event_id), there.get(event_id or "")
        if session is None and event is not None:
            lines.append(
                f"{mailbox_id}: a meeting at {event.span.start:%Y-%m-%d %H:%M}Z of no pair"
            )
        elif session is not None and event is None:
            lines.append(f"{session.id}: not in the calendar at {session.start:%Y-%m-%d %H:%M}Z")
        elif session is not None and event is not None and event.span.start != session.start:
            lines.append(
                f"{session.id}: at {event.span.start:%Y-%m-%d %H:%M}Z in the calendar, "
                f"at {session.start:%Y-%m-%d %H:%M}Z in the store"
            )
    return lines


def _stored(tx: Transaction) -> _Stored:
    ids = [pair.id for pair in tx.pairs.all()]
    return _Stored(tx.bookings.of_pairs(ids), tx.sessions.of_pairs(ids))
