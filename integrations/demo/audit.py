"""Reading back: whether the tenant's calendars and mails are just what the program store says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from integrations.ports import EventSnapshot, Transaction
from integrations.records import SessionState
from integrations.workflows.app import App
from scheduling.changes.check_ins import GuestState
from scheduling.timespan import TimeSpan

_MARGIN = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Audit:
    """What a look at the tenant said about the store's dates, and the contacts' check-ins."""

    series: int
    dates: int
    differences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Meant:
    """An event that has to stand in a program mailbox; ``name`` is the session it is about."""

    mailbox_id: str
    event_id: str | None
    name: str
    span: TimeSpan


@dataclass(frozen=True, slots=True)
class _Stored:
    """What the store says: how many series there are, which events have to stand, and which may.

    What somebody took out or moved of a contact's own entries in Outlook is left as it is.
    """

    series: int
    meant: Sequence[_Meant]
    left: frozenset[str]


async def read_back(tandem: App, since: datetime) -> Audit:
    """Read every program mailbox's calendar and compare its meetings with the store's."""
    stored = await tandem.store.run(_stored)
    meant = [one for one in stored.meant if one.span.start >= since]
    differences: list[str] = []
    found_dates = 0
    for mailbox_id in sorted({one.mailbox_id for one in meant}):
        here = [one for one in meant if one.mailbox_id == mailbox_id]
        span = TimeSpan(since - _MARGIN, max(one.span.end for one in here) + 15 * _MARGIN)
        events = await tandem.graph.calendar.view(mailbox_id, span)
        shown = [e for e in events if _counts(e, since) and e.id not in stored.left]
        found_dates += len(shown)
        differences += _differences(mailbox_id, here, shown)
    return Audit(stored.series, found_dates, tuple(differences))


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
    mailbox_id: str, meant: Iterable[_Meant], shown: Iterable[EventSnapshot]
) -> list[str]:
    stored = {one.event_id: one for one in meant}
    there = {event.id: event for event in shown}
    lines = []
    for event_id in sorted({*stored, *there}, key=str):
        one, event = stored.get(event_id), there.get(event_id or "")
        if one is None and event is not None:
            lines.append(
                f"{mailbox_id}: a meeting at {event.span.start:%Y-%m-%d %H:%M}Z of no pair"
            )
        elif one is not None and event is None:
            lines.append(f"{one.name}: not in the calendar at {one.span.start:%Y-%m-%d %H:%M}Z")
        elif one is not None and event is not None and event.span.start != one.span.start:
            lines.append(
                f"{one.name}: at {event.span.start:%Y-%m-%d %H:%M}Z in the calendar, "
                f"at {one.span.start:%Y-%m-%d %H:%M}Z in the store"
            )
    return lines


def _stored(tx: Transaction) -> _Stored:
    ids = [pair.id for pair in tx.pairs.all()]
    bookings, sessions = tx.bookings.of_pairs(ids), tx.sessions.of_pairs(ids)
    dates = [
        _Meant(booking.mailbox_id, one.event_id, one.id, TimeSpan(one.start, one.end))
        for pair_id, some in sessions.items()
        for booking in bookings[pair_id]
        for one in some
        if one.generation == booking.generation
        and one.state is SessionState.SCHEDULED
        and not one.ad_hoc
    ]
    invitations = [one for some in tx.check_ins.of_pairs(ids).values() for one in some]
    check_ins = [
        _Meant(one.mailbox_id, one.event_id, one.session_id, TimeSpan(one.start, one.end))
        for one in invitations
        if one.state is GuestState.INVITED
    ]
    return _Stored(
        series=sum(bool(found) for found in bookings.values()),
        meant=[*dates, *check_ins],
        left=frozenset(one.event_id for one in invitations if one.state is GuestState.LEFT),
    )
