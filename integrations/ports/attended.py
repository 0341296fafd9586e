"""What the store keeps of who met: reports, statements, verdicts, and what follows from them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

from integrations.attendance_records import (
    CheckInInvitation,
    CorrectionNote,
    CreditLine,
    Delivery,
    KeptCorrection,
    KeptPulse,
    KeptReport,
    KeptStatement,
    KeptVerdict,
    Link,
    SurveyScore,
    VerdictShown,
)
from integrations.ports.rows import Records


class Reports(Records[KeptReport], Protocol):
    """Reports of Teams as they were read, keyed by Graph's id."""

    def of_pairs(self, pair_ids: Iterable[str]) -> dict[str, list[KeptReport]]:
        """Reports by pair id, oldest first (those without a start last); empty lists included."""
        ...

    def whole(self, before: datetime, *, after: str = "", limit: int = 500) -> list[KeptReport]:
        """Those not reduced yet that ended or were read before this instant.

        In the order of their ids, those up to ``after`` left out.
        """
        ...


class Statements(Records[KeptStatement], Protocol):
    """What people said about sessions, keyed by id."""

    def of_sessions(self, session_ids: Iterable[str]) -> dict[str, list[KeptStatement]]:
        """By session id, oldest first; empty lists included."""
        ...


class Corrections(Records[KeptCorrection], Protocol):
    """Coordinators' corrections, keyed by id."""

    def of_sessions(self, session_ids: Iterable[str]) -> dict[str, list[KeptCorrection]]:
        """By session id, oldest first; empty lists included."""
        ...


class CorrectionNotes(Records[CorrectionNote], Protocol):
    """Free text about corrections, keyed by the correction's id."""


class Verdicts(Records[KeptVerdict], Protocol):
    """Versions of verdicts; the key is ``"{session_id}/{version}"``."""

    def in_force(self, pair_ids: Iterable[str]) -> dict[str, KeptVerdict]:
        """The newest version of each judged session of these pairs, by session id."""
        ...

    def of_pairs(self, pair_ids: Iterable[str]) -> dict[str, list[KeptVerdict]]:
        """Every version of these pairs' verdicts, oldest first; pairs without any included."""
        ...

    def shown_of_pairs(self, pair_ids: Iterable[str]) -> dict[str, list[VerdictShown]]:
        """``of_pairs`` with what is shown of each alone: several times as quick."""
        ...

    def of_session(self, session_id: str) -> list[KeptVerdict]:
        """Every version, oldest first."""
        ...

    def undelivered(self, limit: int = 500) -> list[KeptVerdict]:
        """Versions that stand in no row of the deliveries, oldest first."""
        ...


class Links(Records[Link], Protocol):
    """Personal links, keyed by id."""

    def of_sessions(self, session_ids: Iterable[str]) -> dict[str, list[Link]]:
        """By session id, oldest first; empty lists included."""
        ...

    def use(self, link_id: str, at: datetime) -> bool:
        """Mark it used; False if it was used before or is not there."""
        ...


class Pulses(Records[KeptPulse], Protocol):
    """How people said meetings were, keyed by the link they said it by."""

    def of_pairs(self, pair_ids: Iterable[str]) -> dict[str, list[KeptPulse]]:
        """By pair id, oldest first; empty lists included."""
        ...


class CheckIns(Records[CheckInInvitation], Protocol):
    """Invitations of programs' contacts to check-ins, keyed by the pair's session."""

    def of_pairs(self, pair_ids: Iterable[str]) -> dict[str, list[CheckInInvitation]]:
        """By pair id, by start; empty lists included."""
        ...

    def ahead(self, now: datetime) -> list[CheckInInvitation]:
        """Those that stand to come, in any program, by start."""
        ...


class SurveyScores(Records[SurveyScore], Protocol):
    """Scores of surveys, keyed by id."""

    def of_program(self, program_id: str) -> list[SurveyScore]:
        """By question, as written, and id."""
        ...

    def of_person(self, person_id: str) -> list[SurveyScore]:
        """A person's own, in every program, by id."""
        ...


class CreditLines(Records[CreditLine], Protocol):
    """Lines of time credit that were exported, keyed by id."""

    def of_pairs(self, pair_ids: Iterable[str]) -> dict[str, list[CreditLine]]:
        """By pair id, in the order of their export; empty lists included."""
        ...


class Deliveries(Records[Delivery], Protocol):
    """Verdict versions on their way to another system; the key is ``"{session_id}/{version}"``."""

    def due(self, now: datetime, limit: int = 100) -> list[Delivery]:
        """Those that wait and are due, oldest first."""
        ...

    def next_due_at(self) -> datetime | None:
        """When the next of those that wait is due; None if none waits."""
        ...
