"""What the store keeps of acting: writes meant and made, permits, orders, mails, the journal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from integrations.ports.rows import Records
from integrations.records import (
    Blocker,
    BlockerScope,
    Intent,
    IntentState,
    JournalEntry,
    Mailbox,
    Need,
    NeedNote,
    Order,
    OutboxMail,
    Permit,
    Subscription,
)
from integrations.standing_records import Touched


class Intents(Records[Intent], Protocol):
    """Write-ahead intents, keyed by id."""

    def by_key(self, key: str) -> Intent | None:
        """The newest intent of this act that was not dropped."""
        ...

    def open(self, pair_id: str | None = None) -> list[Intent]:
        """Intents neither done nor dropped, oldest first."""
        ...

    def settle(self, intent_id: str, state: IntentState, outcome: str, at: datetime) -> None:
        """Close an intent as ``done`` or ``dropped``; ``LookupError`` if it is not open."""
        ...

    def of_pair(self, pair_id: str) -> list[Intent]:
        """Every intent of a pair, oldest first."""
        ...

    def recent(self, pair_ids: Iterable[str], since: datetime) -> dict[str, list[Intent]]:
        """By pair id, oldest first: those not settled before ``since``; empty lists included."""
        ...


class Mailboxes(Records[Mailbox], Protocol):
    """Program mailboxes, keyed by object id.

    Putting one leaves ``not_before`` and ``mail_paced_until`` alone: they change by ``defer`` and
    ``pace_mails`` only, so that a record read a while ago undoes neither.
    """

    def defer(self, mailbox_id: str, not_before: datetime) -> None:
        """Let nobody call this mailbox before ``not_before``; a later one in force stays.

        Any mailbox may ask for a wait, a participant's too.
        """
        ...

    def pace_mails(
        self, mailbox_id: str, mails: int, now: datetime, per_mail: timedelta, burst: timedelta
    ) -> datetime:
        """Reserve a place for ``mails`` in the mailbox's pace and return when they may be sent.

        A mail costs ``per_mail`` of the mailbox's time; unused time of the last ``burst`` still
        counts (a leaky bucket; ``integrations.pacing.MailPace`` has the numbers for a limit per
        minute). The place is for that instant: who comes much later takes a new one.
        """
        ...


class Permits(Protocol):
    """At most ``slots`` calls at once to one mailbox, over every process of the fleet."""

    def acquire(
        self, mailbox_id: str, holder: str, now: datetime, length: timedelta, slots: range
    ) -> Permit | datetime:
        """A permit in one of ``slots``, or when to ask again.

        ``not_before`` of the mailbox is respected. An expired permit is free; so is one that the
        same holder already has (repeating the call prolongs it). Otherwise the instant is when
        the first permit in force ends; most are given back sooner.
        """
        ...

    def release(self, permit: Permit) -> None:
        """Give the permit back, unless somebody else has it by now."""
        ...

    def held(self, mailbox_id: str, now: datetime) -> list[Permit]:
        """Permits in force."""
        ...


class Blockers(Protocol):
    """What holds somebody or something up; at most one open per scope, subject and code."""

    def set(self, blocker: Blocker) -> bool:
        """Open it or renew its data; True if it was not open before (``since`` stays)."""
        ...

    def clear(self, scope: BlockerScope, subject_id: str, at: datetime, *codes: str) -> list[str]:
        """Close the open blockers of the subject with these codes (all codes if none is given).

        Returns the codes that were closed.
        """
        ...

    def open(
        self, scope: BlockerScope | None = None, subject_ids: Iterable[str] | None = None
    ) -> list[Blocker]:
        """Open blockers, oldest first."""
        ...


class Needs(Records[Need], Protocol):
    """*Needs you* rows, keyed by id; at most one open per pair and key."""

    def open(self, pair_ids: Iterable[str] | None = None) -> list[Need]:
        """Rows not closed yet, oldest first; of these pairs alone if any are named."""
        ...

    def of_programs(self, program_ids: Iterable[str]) -> list[Need]:
        """Rows of pairs of these programs that nobody has dealt with yet, oldest first."""
        ...

    def count_waiting(self, program_ids: Iterable[str], now: datetime) -> int:
        """How many of those are not put off beyond ``now``."""
        ...

    def raise_once(self, need: Need) -> bool:
        """Open the row unless the pair has an open one with its key; True if it was opened."""
        ...

    def close(self, pair_id: str, key: str, outcome: str, at: datetime) -> Need | None:
        """Close the pair's open row with this key and return it; None if there is none."""
        ...


class NeedNotes(Records[NeedNote], Protocol):
    """Free text about *Needs you* rows, keyed by the row's id."""


class Orders(Records[Order], Protocol):
    """What people told Tandem to do with a pair, keyed by id."""

    def open(self, pair_id: str) -> list[Order]:
        """Those of a pair that are not done yet, in the order in which they were given."""
        ...

    def settle(self, order_id: str, outcome: str, at: datetime) -> bool:
        """Mark done; False if it was already."""
        ...


class Subscriptions(Records[Subscription], Protocol):
    """Subscriptions to the events of program mailboxes, keyed by Graph's id."""

    def many(self, ids: Iterable[str]) -> dict[str, Subscription]:
        """Those of ``ids`` that are known, by id."""
        ...


class Outbox(Protocol):
    """Mails Tandem sends itself, one row per (person, purpose, session)."""

    def add(self, mail: OutboxMail) -> bool:
        """Add unless the row exists; True if it was added."""
        ...

    def due(
        self, now: datetime, limit: int = 100, *, mailbox_id: str | None = None
    ) -> list[OutboxMail]:
        """Waiting mails that are due, oldest first; those from one mailbox if it is named."""
        ...

    def mark_sent(self, mail: OutboxMail, at: datetime) -> bool:
        """The mail is about to go out: in this order a crash loses one, never doubles it.

        False if it is marked already: somebody else sends it.
        """
        ...

    def mark_waiting(self, mail: OutboxMail, due_at: datetime) -> None:
        """The mail certainly did not go out: it waits again, until ``due_at``."""
        ...

    def drop(self, mail: OutboxMail, state: str) -> None:
        """Give the mail up; ``state`` says why."""
        ...

    def next_due_at(self, mailbox_id: str | None = None) -> datetime | None:
        """When the next waiting mail (from one mailbox, if named) is due; None if none waits."""
        ...

    def of_pair(self, pair_id: str) -> list[OutboxMail]:
        """Every mail about a pair, oldest first."""
        ...

    def reroute(self, mailbox_id: str, to: str) -> int:
        """Have waiting mails sent from another mailbox; returns how many."""
        ...

    def waiting(self, pair_ids: Iterable[str]) -> list[OutboxMail]:
        """Mails about these pairs that are still to go out, in no order."""
        ...


class Journal(Protocol):
    """Append-only."""

    def write(self, *entries: JournalEntry) -> None:
        """Append, in order."""
        ...

    def read(
        self,
        *,
        pair_id: str | None = None,
        code: str | None = None,
        after: int = 0,
        limit: int | None = None,
    ) -> list[JournalEntry]:
        """Entries with a sequence number above ``after``, oldest first.

        Entries of transactions that ran side by side may appear with lower numbers later.
        """
        ...

    def naming(self, ids: Sequence[str]) -> list[JournalEntry]:
        """Entries about a person of these ids, or with one of them in their details, in order."""
        ...

    def last_seq(self) -> int:
        """The sequence number of the newest entry, 0 if there is none."""
        ...

    def touched(self, *, after: int, limit: int) -> list[Touched]:
        """Whom entries above ``after`` are about, oldest first; see ``read`` about their order."""
        ...

    def newest(
        self,
        program_id: str,
        *,
        pair_id: str | None = None,
        before: int | None = None,
        limit: int = 50,
    ) -> list[JournalEntry]:
        """Entries about a program or its pairs, or one of its pairs alone, newest first.

        ``before`` is a sequence number: only older entries are wanted.
        """
        ...

    def of_person_since(
        self, person_ids: Iterable[str], code: str, since: datetime
    ) -> list[JournalEntry]:
        """Entries about these people with this code and not before ``since``, oldest first."""
        ...


class Switches(Protocol):
    """Named switches of the whole installation."""

    def get(self, name: str) -> str | None:
        """What the switch stands at; None if it was never set."""
        ...

    def set(self, name: str, value: str | None) -> None:
        """Turn the switch; None forgets it."""
        ...
