"""Taking in change notifications: hints of where to look, never news in themselves.

A hint makes a row due, and whoever works on that row reads what is so. So a hint may come twice,
late, out of order or not at all, and the worst a forged one can do is nothing.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from integrations.ports import Transaction
from integrations.records import JournalEntry, Subscription, Work
from integrations.workflows.looking import comparing, sweep
from integrations.workflows.looking.subscriptions import KIND as KEEP
from integrations.workflows.noticed import due_pairs
from integrations.workflows.standing_work import FIRM

COALESCED = timedelta(seconds=5)
"""One act in Outlook is told two to four times within some seconds, and makes one look."""
STRANGE_EVENT = timedelta(minutes=1)
"""So long after a notice of an event that no pair has; the event may be ours in a moment."""

REAUTHORIZE, REMOVED, MISSED = "reauthorizationRequired", "subscriptionRemoved", "missed"
LIFECYCLE = (REAUTHORIZE, REMOVED, MISSED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One entry of a notification: an event that changed, or something about the subscription.

    ``event_id`` is None where the entry names no event that could be ours.
    """

    subscription_id: str
    client_state: str = field(repr=False)
    event_id: str | None = None
    lifecycle: str | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of some notices.

    ``ignored`` came from nobody we know; ``at_once`` is to be done now.
    """

    pairs: frozenset[str]
    ignored: int
    at_once: tuple[Work, ...] = ()


class Known:
    """Subscriptions this process has seen in the store.

    It never remembers that something is unknown: a subscription may be stored a moment later.
    """

    def __init__(self) -> None:
        self._by_id: dict[str, Subscription] = {}

    def genuine(self, tx: Transaction, notices: Iterable[Notice]) -> list[Notice]:
        """The notices whose secret is that of their subscription."""
        asked = list(notices)
        missing = {notice.subscription_id for notice in asked} - self._by_id.keys()
        if missing:
            self._by_id |= tx.subscriptions.many(sorted(missing))
        return [notice for notice in asked if self._is_genuine(notice)]

    def mailbox_of(self, notice: Notice) -> str:
        """The mailbox of a genuine notice."""
        return self._by_id[notice.subscription_id].mailbox_id

    def _is_genuine(self, notice: Notice) -> bool:
        known = self._by_id.get(notice.subscription_id)
        if known is None:
            return False
        return hmac.compare_digest(known.client_state.encode(), notice.client_state.encode())


def take(tx: Transaction, known: Known, notices: Sequence[Notice], now: datetime) -> Taken:
    """Make due what the genuine ones of ``notices`` hint at."""
    genuine = known.genuine(tx, notices)
    changes = [notice for notice in genuine if notice.lifecycle is None]
    pairs, strange = _concerned(tx, known, changes)
    due_pairs(tx, pairs, now + COALESCED, kind=comparing.KIND)
    for mailbox_id in sorted(strange):
        _sweep(tx, mailbox_id, now + STRANGE_EVENT)
    at_once = _heed(tx, known, [n for n in genuine if n.lifecycle is not None], now)
    return Taken(frozenset(pairs), len(notices) - len(genuine), tuple(at_once))


def journal_ignored(tx: Transaction, count: int, now: datetime) -> None:
    """Keep how many entries came from nobody we know since the last such line."""
    tx.journal.write(JournalEntry(at=now, code="hints_ignored", data={"count": count}))


def _concerned(
    tx: Transaction, known: Known, changes: Sequence[Notice]
) -> tuple[set[str], set[str]]:
    """The pairs whose events changed, and the mailboxes in which others did.

    A change of one date is often told of its series alone.
    """
    events = {notice.event_id for notice in changes if notice.event_id is not None}
    pair_of: Mapping[str | None, str] = {
        **{session.event_id: session.pair_id for session in tx.sessions.by_events(sorted(events))},
        **{booking.event_id: booking.pair_id for booking in tx.bookings.by_events(sorted(events))},
    }
    strange = {known.mailbox_of(notice) for notice in changes if notice.event_id not in pair_of}
    return set(pair_of.values()), strange


def _heed(tx: Transaction, known: Known, lifecycle: Sequence[Notice], now: datetime) -> list[Work]:
    """Write down what became of subscriptions, and have them looked after now."""
    for notice in lifecycle:
        if notice.lifecycle == REMOVED:
            tx.subscriptions.remove(notice.subscription_id)
        elif notice.lifecycle == REAUTHORIZE:
            _let_expire(tx, notice.subscription_id, now)
    incomplete = {known.mailbox_of(n) for n in lifecycle if n.lifecycle != REAUTHORIZE}
    due = [_sweep(tx, mailbox, now) for mailbox in sorted(incomplete)]
    return [*due, tx.work.schedule(KEEP, FIRM, now)] if lifecycle else due


def _sweep(tx: Transaction, mailbox_id: str, at: datetime) -> Work:
    sweep.whole_due(tx, mailbox_id, at)
    return tx.work.schedule(sweep.KIND, mailbox_id, at)


def _let_expire(tx: Transaction, subscription_id: str, now: datetime) -> None:
    """Whoever looks after subscriptions renews at once what expires now."""
    stored = tx.subscriptions.get(subscription_id)
    if stored is not None:
        tx.subscriptions.put(replace(stored, expires_at=min(stored.expires_at, now)))
