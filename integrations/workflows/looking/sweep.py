"""Sweeping a program mailbox: do its dates still look as they did when their pair was reconciled?

A sweep decides nothing, and keeps nothing but what was answered. It makes pairs due, in one
transaction with the note that the sweep was made, so that one that dies half-way is made again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from integrations.errors import MailboxGoneError, RefusedError
from integrations.ports import EventSnapshot, Transaction
from integrations.records import Blocker, BlockerScope, Work
from integrations.workflows.acting import Claim, NotYet
from integrations.workflows.app import App
from integrations.workflows.booking.lost_mailbox import (
    NO_MAILBOX,
    missed_mailboxes,
    seen_gone,
    seen_well,
)
from integrations.workflows.look_times import (
    is_hour_of_looks,
    last_night,
    next_look,
    zones_of_work,
)
from integrations.workflows.looking.comparing import Compared, Expected, compared, mails_of_pairs
from integrations.workflows.noticed import due_pairs
from integrations.workflows.standing_work import DueAgain
from scheduling.timespan import TimeSpan

KIND = "sweep"
NEAR = timedelta(hours=48)
MAKE_UP_TIME = timedelta(weeks=4)
"""How long after the last date a make-up may still be."""
TOO_SOON = timedelta(minutes=30)
"""Timers and the loop may both ask for the same hour's sweep."""
EVER = timedelta(days=3650)


@dataclass(frozen=True, slots=True)
class Swept:
    """When a mailbox was last swept at all, and last over everything to come."""

    at: datetime | None = None
    whole_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Round:
    """What is to be read now, None if nothing; when the next round is; what it leaves behind."""

    span: TimeSpan | None
    next_at: datetime
    leaves: Swept


async def sweep(app: App, claim: Claim, mailbox_id: str) -> None:
    """Make the mailbox's pairs due whose dates look otherwise than last time, if it is time to.

    Raises:
        NotYet: always; the next sweep is due then, and what this one saw is kept with it.
    """
    now = app.clock.now()
    this = await app.store.run(lambda tx: _round(tx, app, mailbox_id, now))
    span = this.span
    if span is None:
        raise NotYet(this.next_at, "not an hour of sweeps")
    try:
        events = await app.graph.calendar.view(mailbox_id, span)
    except MailboxGoneError:
        await app.store.run(lambda tx: seen_gone(tx, app, mailbox_id, NO_MAILBOX, now))
        raise NotYet(this.next_at, "there is no such mailbox") from None
    except RefusedError as refusal:
        await _block(app, mailbox_id, refusal)
        raise NotYet(this.next_at, "the calendar may not be read") from None

    def record(tx: Transaction) -> None:
        tx.blockers.clear(BlockerScope.MAILBOX, mailbox_id, now, "calendar_refused")
        seen_well(tx, mailbox_id, NO_MAILBOX, now)
        found = compared(_expected(tx, mailbox_id, span), events, span.start)
        tx.sessions.note_replies(found.answered)
        due_pairs(tx, _pairs_that_differ(tx, found), now)
        _keep(tx, mailbox_id, this.leaves)

    raise DueAgain(this.next_at, "the next sweep", record)


def _round(tx: Transaction, app: App, mailbox_id: str, now: datetime) -> _Round:
    swept, zones = _swept(tx, mailbox_id), zones_of_work(tx, app)
    next_at = next_look(now, zones)
    if swept.whole_at is None or swept.whole_at < last_night(now, zones[0]):
        coming = tx.sessions.starting(now, now + EVER)
        end = max((session.end for session in coming), default=now) + MAKE_UP_TIME
        return _Round(TimeSpan(now, end), next_at, Swept(now, now))
    is_repeated = swept.at is not None and now - swept.at < TOO_SOON
    if is_repeated or not is_hour_of_looks(now, zones):
        return _Round(None, next_at, swept)
    return _Round(TimeSpan(now, now + NEAR), next_at, replace(swept, at=now))


def whole_due(tx: Transaction, mailbox_id: str, at: datetime) -> Work:
    """Have everything to come of a mailbox compared at ``at``: notifications were missed."""
    swept = _swept(tx, mailbox_id)
    _keep(tx, mailbox_id, replace(swept, whole_at=None))
    return tx.work.schedule(KIND, mailbox_id, at)


def _pairs_that_differ(tx: Transaction, found: Compared) -> set[str]:
    """Ids of pairs one of whose dates is missing, elsewhere, new, or looks otherwise."""
    return {session.pair_id for session in found.sessions} | set(_owners(tx, found.unknown))


def _expected(tx: Transaction, mailbox_id: str, span: TimeSpan) -> Expected:
    """The dates that the store says begin within the span in this mailbox's calendar."""
    coming = [s for s in tx.sessions.starting(span.start, span.end) if s.start > span.start]
    pair_ids = {session.pair_id for session in coming}
    of_pairs = tx.bookings.of_pairs(pair_ids)
    bookings = [b for some in of_pairs.values() for b in some if b.mailbox_id == mailbox_id]
    return Expected.of(coming, bookings, mails_of_pairs(tx, pair_ids))


def _owners(tx: Transaction, events: Sequence[EventSnapshot]) -> Iterator[str]:
    """Ids of the pairs whose unexpected dates these are; nobody's events are passed over."""
    yield from (s.pair_id for s in tx.sessions.by_events([event.id for event in events]))
    masters = {event.master_id for event in events if event.master_id is not None}
    yield from (booking.pair_id for booking in tx.bookings.by_events(masters))
    for event in events:
        kind, _, rest = (event.tag or "").partition("/")
        subject = rest.partition("/")[0]
        if kind == "series":
            yield subject
        elif kind == "single" and (session := tx.sessions.get(subject)) is not None:
            yield session.pair_id


async def _block(app: App, mailbox_id: str, refusal: RefusedError) -> None:
    """One blocker on the mailbox; its pairs need none each."""
    blocker = Blocker(
        scope=BlockerScope.MAILBOX,
        subject_id=mailbox_id,
        code="calendar_refused",
        since=app.clock.now(),
        data={"status": refusal.status, "graph_code": refusal.code},
    )

    def record(tx: Transaction) -> None:
        if mailbox_id in missed_mailboxes(tx):
            tx.blockers.set(blocker)
        else:
            # It was given up, and its rights with it: that stops nobody.
            tx.blockers.clear(BlockerScope.MAILBOX, mailbox_id, blocker.since, blocker.code)

    await app.store.run(record)


# --- what is remembered of a sweep --------------------------------------------------------


def swept_at(tx: Transaction, mailbox_id: str) -> datetime | None:
    """When the mailbox was last swept; None if it never was."""
    return _swept(tx, mailbox_id).at


def _swept(tx: Transaction, mailbox_id: str) -> Swept:
    known = json.loads(tx.switches.get(f"swept/{mailbox_id}") or "{}")
    return Swept(**{name: datetime.fromisoformat(at) for name, at in known.items()})


def _keep(tx: Transaction, mailbox_id: str, swept: Swept) -> None:
    known = {"at": swept.at, "whole_at": swept.whole_at}
    stamps = {name: at.isoformat() for name, at in known.items() if at is not None}
    tx.switches.set(f"swept/{mailbox_id}", json.dumps(stamps))
