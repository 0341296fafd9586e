"""What the store keeps of programs, people, pairs, their series and their dates."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Protocol

from integrations.ports.rows import Records
from integrations.records import (
    Booking,
    Note,
    Pair,
    PairState,
    Participant,
    PersonShown,
    Program,
    Rule,
    Session,
    SessionDate,
)


class Programs(Records[Program], Protocol):
    """Programs, keyed by id."""


class Rules(Records[Rule], Protocol):
    """Versions of cadence rules, keyed by id."""

    def current(self, program_id: str) -> Rule:
        """The newest version; ``LookupError`` if the program has none."""
        ...


class Participants(Records[Participant], Protocol):
    """People, keyed by id."""

    def many(self, ids: Iterable[str]) -> dict[str, Participant]:
        """Those of ``ids`` that exist, by id."""
        ...

    def shown(self, ids: Iterable[str]) -> dict[str, PersonShown]:
        """``many`` with what is shown of each alone: several times as quick."""
        ...

    def by_account(self, directory_id: str) -> Participant | None:
        """Who this account of the directory is; None if nobody of ours."""
        ...

    def by_mail(self, mails: Iterable[str]) -> dict[str, Participant]:
        """Those whose address is among ``mails``, keyed by lower-case address."""
        ...

    def hold(self, ids: Iterable[str]) -> None:
        """Let no two transactions that hold one of these people commit side by side.

        The later one waits and is then run again from its beginning.
        """
        ...


class Pairs(Records[Pair], Protocol):
    """Pairs, keyed by id."""

    def in_state(self, *states: PairState, program_id: str | None = None) -> list[Pair]:
        """Pairs in one of ``states``, in the order of their ids."""
        ...

    def many(self, ids: Iterable[str]) -> dict[str, Pair]:
        """Those of ``ids`` that exist, by id."""
        ...

    def of_people(self, person_ids: Iterable[str]) -> list[Pair]:
        """Pairs, of whatever program and state, in which any of these people is."""
        ...

    def assisted_by(self, mail: str) -> list[Pair]:
        """Pairs that name this address among their assistants, in the order of their ids."""
        ...

    def count_by_state(self, program_id: str | None = None) -> dict[PairState, int]:
        """How many pairs are in each state; states with none are left out."""
        ...

    def count_by_mailbox(self) -> dict[str, int]:
        """How many pairs each mailbox organizes, keyed by mailbox id."""
        ...

    def organizers(
        self, *states: PairState, program_ids: Collection[str] | None = None
    ) -> frozenset[str]:
        """Mailboxes that organize a pair in one of ``states``; of these programs, if named."""
        ...


class Notes(Records[Note], Protocol):
    """Free text about pairs, keyed by pair id."""


class Bookings(Records[Booking], Protocol):
    """Series Tandem created; the key is ``"{pair_id}/{generation}"``."""

    def of_pair(self, pair_id: str) -> list[Booking]:
        """All generations of a pair, oldest first."""
        ...

    def of_pairs(self, pair_ids: Iterable[str]) -> dict[str, list[Booking]]:
        """``of_pair`` for many pairs at once, by pair id; pairs without any included."""
        ...

    def by_events(self, event_ids: Iterable[str]) -> list[Booking]:
        """Those whose series has one of these event ids."""
        ...


class Sessions(Records[Session], Protocol):
    """Sessions, keyed by id."""

    def of_pair(self, pair_id: str) -> list[Session]:
        """Sessions of a pair in the order of their generations and windows."""
        ...

    def of_pairs(self, pair_ids: Iterable[str]) -> dict[str, list[Session]]:
        """``of_pair`` for many pairs at once, by pair id; pairs without sessions included."""
        ...

    def dates_of_pairs(self, pair_ids: Iterable[str]) -> dict[str, list[SessionDate]]:
        """``of_pairs`` with the dates alone: several times as quick."""
        ...

    def by_events(self, event_ids: Iterable[str]) -> list[Session]:
        """Sessions whose occurrence or single event has one of these ids."""
        ...

    def starting(self, first: datetime, last: datetime) -> list[Session]:
        """Scheduled sessions that start from ``first`` on and before ``last``, by start."""
        ...

    def note_replies(self, sessions: Iterable[Session]) -> None:
        """Keep the ``replies`` of these, and no other field.

        Passed over are those that stand at another time by now, or in no calendar.
        """
        ...

    def replace_planned(self, pair_id: str, sessions: Sequence[Session]) -> None:
        """Put ``sessions`` in place of those of the pair that are still only planned.

        ``ValueError`` if one is another pair's or has the id of one that is more than planned.
        """
        ...
