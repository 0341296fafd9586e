"""What Tandem remembers of who met: evidence as it came, verdicts as versions, what was passed on.

Frozen records, one class per table, as in :mod:`integrations.records`; the words in them
(``verdict``, ``kind``, ``said``, ``mode``) are those of ``scheduling.attendance``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from integrations.records import Json
from scheduling.attendance.surveys import Moment
from scheduling.changes.check_ins import GuestState


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptReport:
    """A report of Teams, kept once; ``id`` is Graph's.

    ``start`` and ``end`` are as told, so the end may lie before the start or be missing.
    ``session_id`` is the session it was last judged with, None while it belongs to none.
    ``presences`` are ``{"person", "kind", "spans": [[from, to], ...]}``, with ``person`` the
    internal id of one of the two and None for everybody else. They are deleted at ``reduced_at``:
    from then on the verdict alone says what they showed.
    """

    id: str
    pair_id: str
    meeting_id: str
    start: datetime | None
    end: datetime | None
    fetched_at: datetime
    session_id: str | None = None
    presences: tuple[Json, ...] = ()
    flags: tuple[str, ...] = ()
    reduced_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptStatement:
    """What one of the two said about a session; the newest of each counts.

    ``via`` is ``link`` or ``coordinator``. ``start`` and ``end`` are given where they met at
    another time than the session's.
    """

    id: str
    session_id: str
    person_id: str
    said: str
    at: datetime
    via: str
    start: datetime | None = None
    end: datetime | None = None
    in_person: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptCorrection:
    """A coordinator's word on a session: it outranks all other evidence; the newest counts."""

    id: str
    session_id: str
    verdict: str
    at: datetime
    given_by: str
    minutes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectionNote:
    """Free text that a coordinator wrote about a correction; never logged, never journalled."""

    correction_id: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptVerdict:
    """One version of a session's verdict, counted from 1; the highest is in force.

    ``minutes`` are those together, ``kind`` that of the evidence (None where there is none),
    ``reasons`` ``{"code", fact: value, ...}``, ``digest`` that of everything it says: judging again
    makes a new version only where something of it changed.
    """

    session_id: str
    version: int
    pair_id: str
    verdict: str
    minutes: int
    kind: str | None
    digest: str
    at: datetime
    reasons: tuple[Json, ...] = ()

    @property
    def key(self) -> str:
        """What names this version anywhere: ``session/version``."""
        return f"{self.session_id}/{self.version}"


class VerdictShown(NamedTuple):
    """What a report over many pairs needs of a verdict; members as in :class:`KeptVerdict`."""

    session_id: str
    version: int
    pair_id: str
    verdict: str
    minutes: int
    kind: str | None
    at: datetime
    reasons: tuple[Json, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A personal link: for one person, about one session, until it is used or expires.

    ``id`` is random and is all the store knows; the link itself is this id signed with a key of
    the settings, so whoever reads the store cannot make one.
    """

    id: str
    person_id: str
    session_id: str
    purpose: str
    issued_at: datetime
    expires_at: datetime
    used_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptPulse:
    """How one of the two says a meeting was; ``id`` is that of the link it was said by.

    ``score`` is one of ``scheduling.attendance.pulse.SCALE``. ``text`` is what they wrote beside
    it, empty if nothing: never logged, never journalled, shown to coordinators alone.
    """

    id: str
    pair_id: str
    session_id: str
    person_id: str
    score: int
    at: datetime
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckInInvitation:
    """The invitation of a program's contact to a check-in, keyed by the pair's session.

    ``event_id`` is the contact's own event in that mailbox, from ``start`` to ``end``; ``of_event``
    names the pair's event whose link it holds. ``number`` counts the invitations to this session.
    """

    session_id: str
    pair_id: str
    program_id: str
    mailbox_id: str
    address: str
    event_id: str
    of_event: str
    start: datetime
    end: datetime
    state: GuestState = GuestState.INVITED
    number: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyScore:
    """What a survey outside Tandem found, as a coordinator handed it in.

    The score of one person or, where ``person_id`` is None, the mean of ``answers`` people.
    ``hundredths`` of the survey's own scale. Nobody is ever shown a person's.
    """

    id: str
    program_id: str
    question: str
    moment: Moment
    hundredths: int
    answers: int
    imported_at: datetime
    imported_by: str
    person_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditLine:
    """A line of time credit that was exported; it is never changed, only corrected by another.

    ``tenths`` of an hour, negative where it takes back; ``corrects`` is the line it refers to.
    ``version`` is that of the verdict it rests on. ``narrative`` are the words it left with, None
    of lines that left before they were kept.
    """

    id: str
    pair_id: str
    session_id: str
    person_id: str
    version: int
    day: date
    code: str
    tenths: int
    exported_at: datetime
    corrects: str | None = None
    narrative: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A verdict version on its way to the firm's own system, once each.

    ``state`` is ``waiting``, ``sent``, or why it was given up; ``error`` a code.
    """

    session_id: str
    version: int
    due_at: datetime
    state: str = "waiting"
    attempts: int = 0
    sent_at: datetime | None = None
    error: str | None = None
