"""What the store keeps for the pages: who is signed in, waves, rules tried, what people prefer."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Protocol

from integrations.page_records import (
    Aim,
    Confirmation,
    Goal,
    KeptAnswer,
    Preference,
    RuleTotals,
    StaffMember,
    TriedPair,
    TriedRule,
    Wave,
    WebSession,
    Wish,
)
from integrations.ports.rows import Records


class WebSessions(Records[WebSession], Protocol):
    """Who is signed in, keyed by the hash of the cookie's key."""

    def end_of_person(self, directory_id: str) -> int:
        """Sign an account out everywhere; how many sessions that ended."""
        ...

    def remove_expired(self, now: datetime) -> int:
        """Forget sessions that are over; how many they were."""
        ...


class KeptAnswers(Records[KeptAnswer], Protocol):
    """What was answered to requests that name a key, keyed by the hash of caller and key."""

    def remove_expired(self, now: datetime) -> int:
        """Forget answers that are kept no longer; how many they were."""
        ...


class Staff(Records[StaffMember], Protocol):
    """Coordinators and sponsors; the key is ``"{program_id}/{directory_id}/{role}"``."""

    def of_person(self, directory_id: str) -> list[StaffMember]:
        """What this account is to which programs."""
        ...

    def of_program(self, program_id: str) -> list[StaffMember]:
        """Everybody of this program."""
        ...


class Waves(Records[Wave], Protocol):
    """Waves, keyed by id."""

    def of_program(self, program_id: str) -> list[Wave]:
        """A program's waves, newest first."""
        ...


class TriedRules(Records[TriedRule], Protocol):
    """Rules that are tried, keyed by program."""

    def forget(self, program_id: str) -> None:
        """Remove the trial of this program, and all that was found."""
        ...


class TriedPairs(Records[TriedPair], Protocol):
    """What a tried rule comes to; the key is ``"{program_id}/{pair_id}"``."""

    def of_program(
        self, program_id: str, *, offset: int = 0, limit: int | None = None
    ) -> list[TriedPair]:
        """Those of this program, or a stretch: first that change most, then by pair id."""
        ...

    def ids(self, program_id: str) -> set[str]:
        """The pairs of this program of which it is known."""
        ...

    def totals(self, program_id: str) -> RuleTotals:
        """What the rule comes to for all of this program's pairs together."""
        ...

    def seqs(self, program_id: str, pair_ids: Iterable[str]) -> dict[str, int]:
        """The ``journal_seq`` of those pairs of this program that are known, by pair id."""
        ...

    def first_seq(self, program_id: str) -> int | None:
        """The lowest ``journal_seq`` of this program, None where nothing is known."""
        ...

    def looked_from(self, program_id: str, *, without: Collection[str]) -> datetime | None:
        """When the first of this program's pairs, but for those ``without``, was looked at."""
        ...

    def count(self, program_id: str) -> int:
        """Of how many pairs of this program it is known."""
        ...


class Goals(Records[Goal], Protocol):
    """What each of a pair wants of it; the key is ``"{pair_id}/{person_id}"``."""

    def of_pair(self, pair_id: str) -> dict[str, Goal]:
        """The goals of a pair by person id."""
        ...


class Wishes(Records[Wish], Protocol):
    """Wishes for a pairing, keyed by id."""

    def waiting(self, program_ids: Iterable[str]) -> list[Wish]:
        """Those of these programs that wait, oldest first."""
        ...

    def of_person(self, directory_id: str) -> list[Wish]:
        """All of somebody, by the directory's id, newest first."""
        ...


class Aims(Records[Aim], Protocol):
    """What sessions are to be about, keyed by session id."""

    def of_sessions(self, session_ids: Iterable[str]) -> dict[str, Aim]:
        """Those of these sessions that have one, by session id."""
        ...


class Confirmations(Records[Confirmation], Protocol):
    """Who confirmed the start page; the key is ``"{pair_id}/{person_id}"``."""

    def of_pairs(self, pair_ids: Iterable[str]) -> dict[str, dict[str, Confirmation]]:
        """By pair id and person id; pairs without any included."""
        ...


class Preferences(Records[Preference], Protocol):
    """When and where people can be met, keyed by person id."""

    def many(self, person_ids: Iterable[str]) -> dict[str, Preference]:
        """Those of these people who have some, by person id."""
        ...
