"""What is known of a session: reports, statements, a correction. Kept as it came, judged later.

Nothing here holds a name, an address or a word that was said: people are participant ids.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from scheduling.timespan import TimeSpan


class EvidenceMode(StrEnum):
    """What may be asked to find out whether two people met."""

    OFF = "off"
    SELF_REPORT = "self_report"
    TEAMS = "teams"


class EvidenceKind(StrEnum):
    """What a verdict rests on; every report that shows the verdict shows this beside it."""

    TEAMS = "teams"
    SELF_REPORTED = "self_reported"
    CORRECTED = "corrected"


class VerdictKind(StrEnum):
    """What became of a session."""

    HELD = "held"
    SHORT = "short"
    """Together, but for less than the program asks."""
    NOT_HELD = "not_held"
    TO_CONFIRM = "to_confirm"
    """Somebody unidentified may have been one of the two."""
    PENDING = "pending"
    """Too early to say."""
    UNKNOWN = "unknown"
    """All that could be asked was asked, and nobody said."""
    DISPUTED = "disputed"
    """The two sides contradict each other, or both contradict Teams."""


class PresenceKind(StrEnum):
    """How somebody was in the meeting."""

    MEMBER = "member"
    """Signed in as somebody of the firm."""
    GUEST = "guest"
    """Signed in elsewhere."""
    PHONE = "phone"
    ANONYMOUS = "anonymous"
    """Neither signed in nor calling, or without any identity at all."""


class Flag(StrEnum):
    """What is odd about a report; nothing of what is odd is ever credited."""

    ABSURD_TIMES = "absurd_times"
    MISSING_IDENTITY = "missing_identity"
    UNKNOWN_ROLE = "unknown_role"
    FOREIGN_TENANT = "foreign_tenant"
    HIDDEN_PRESENCE = "hidden_presence"
    """Teams counted more people than it has records of: somebody keeps out of reports."""


@dataclass(frozen=True, slots=True)
class Presence:
    """Somebody's stays in one meeting; they may overlap (two devices) and come in any order.

    ``person`` is the participant id of one of the two, else None. A *member* who is None is
    known to be somebody else and counts for nothing; anybody else who is None is unidentified
    and may have been one of the two.
    """

    person: str | None
    kind: PresenceKind
    spans: tuple[TimeSpan, ...]

    @property
    def is_unidentified(self) -> bool:
        """Whether this may have been one of the two, unrecognised."""
        return self.person is None and self.kind is not PresenceKind.MEMBER


@dataclass(frozen=True, slots=True)
class Report:
    """One time that an online meeting ran: from the first one joining to the last one leaving.

    ``id`` is Graph's. ``flags`` are values of ``Flag``. Presences need not lie inside ``span``:
    the documentation's own examples do not.
    """

    id: str
    span: TimeSpan
    presences: tuple[Presence, ...] = ()
    flags: tuple[str, ...] = ()


class Said(StrEnum):
    """What one of the two answers when asked."""

    MET = "met"
    NOT_MET = "not_met"
    OBJECTS = "objects"
    """The other one said that they met, and they did not."""


@dataclass(frozen=True, slots=True)
class Statement:
    """What ``person`` said at ``at``; a later one of the same person replaces it.

    ``span`` is when the two met, where that was not at the planned time; ``in_person`` says
    that they met face to face.
    """

    person: str
    said: Said
    at: datetime
    span: TimeSpan | None = None
    in_person: bool = False

    def __post_init__(self) -> None:
        _aware(self.at)

    @property
    def is_yes(self) -> bool:
        """Whether it says that the two met."""
        return self.said is Said.MET


_CORRECT = frozenset({VerdictKind.HELD, VerdictKind.SHORT, VerdictKind.NOT_HELD})


@dataclass(frozen=True, slots=True)
class Correction:
    """A coordinator's word, which outranks every other evidence.

    Held, short or not held; ``minutes`` together where the coordinator knows them.
    """

    verdict: VerdictKind
    minutes: int | None
    at: datetime

    def __post_init__(self) -> None:
        _aware(self.at)
        if self.verdict not in _CORRECT:
            raise ValueError(f"nobody corrects a verdict to {self.verdict}")
        if self.minutes is not None and not 0 <= self.minutes <= 24 * 60:
            raise ValueError(f"a correction of {self.minutes} minutes cannot be meant")
        if self.verdict is VerdictKind.NOT_HELD and self.minutes:
            raise ValueError(f"not held, yet {self.minutes} minutes together")


@dataclass(frozen=True, slots=True)
class Occasion:
    """The session that evidence is about: where it stood in the calendars, and whose it is.

    ``in_person`` says that a place was agreed, so that nobody is expected online.
    """

    session_id: str
    span: TimeSpan
    mentor: str
    mentee: str
    in_person: bool = False

    def __post_init__(self) -> None:
        if self.mentor == self.mentee:
            raise ValueError(f"session {self.session_id} names one person twice")

    @property
    def people(self) -> tuple[str, str]:
        """Mentor and mentee, in this order."""
        return (self.mentor, self.mentee)

    def other(self, person: str) -> str:
        """The partner of that person."""
        return self.mentee if person == self.mentor else self.mentor


class Evidence(NamedTuple):
    """Everything known of one session.

    ``mode`` is the one the session was held under; reports count in ``teams`` alone.
    ``reports`` are those assigned to this session, ``correction`` the last one given.
    ``blocked`` says that Microsoft Graph refuses the reports, so that none means nothing.
    ``minutes_kept`` is what is left of reports whose intervals were deleted after the
    retention period; None while they are still there.
    """

    mode: EvidenceMode
    reports: tuple[Report, ...] = ()
    statements: tuple[Statement, ...] = ()
    correction: Correction | None = None
    blocked: bool = False
    minutes_kept: int | None = None


def _aware(at: datetime) -> None:
    if at.utcoffset() is None:
        raise ValueError(f"an instant needs an offset: {at}")
