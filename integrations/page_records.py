"""What the pages need remembered: who is signed in, who may what, waves, and what people typed.

Frozen records, one class per table, as in :mod:`integrations.records`. Free text that a person
typed stands in :class:`Goal` and :class:`Aim` alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from integrations.records import Json, PairState


class StaffRole(StrEnum):
    """What somebody is to a program without being in one of its pairs."""

    COORDINATOR = "coordinator"
    SPONSOR = "sponsor"


class WaveState(StrEnum):
    """Life of a wave; ``done`` once each of its pairs is booked or has a blocker that says why."""

    RUNNING = "running"
    STOPPED = "stopped"
    DONE = "done"
    UNDONE = "undone"


class TryState(StrEnum):
    """How far a rule that is tried is: its pairs are being looked at, somebody stopped that, or
    all of them were looked at.
    """

    RUNNING = "running"
    STOPPED = "stopped"
    DONE = "done"


class WishState(StrEnum):
    """Life of a wish for a pairing."""

    WAITING = "waiting"
    APPROVED = "approved"
    DECLINED = "declined"
    TAKEN_BACK = "taken_back"


class Risk(StrEnum):
    """How a pair stands, in one word."""

    ON_TRACK = "on_track"
    AT_RISK = "at_risk"
    """The minimum is in danger, or a gap grows, or a row of *Needs you* waits."""
    BLOCKED = "blocked"
    OVER = "over"
    """Completed or withdrawn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSession:
    """Somebody signed in. ``id`` is the SHA-256 of the key in the cookie, never the key.

    ``mail`` and ``name`` are the directory's, ``roles`` the app roles of the token.
    """

    id: str
    directory_id: str
    mail: str
    name: str
    roles: tuple[str, ...]
    created_at: datetime
    seen_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptAnswer:
    """A request that names a key, and what was answered: the same key does nothing twice.

    ``id`` is a hash of caller and key, ``asked`` one of what was asked for. ``holder`` carries it
    out until ``claimed_until`` at the latest. ``done`` is kept by the very transaction that does
    what was asked, and says how to go on from there (ids and numbers alone); ``status`` and
    ``body`` are the answer, once there is one.
    """

    id: str
    asked: str
    holder: str
    claimed_until: datetime
    done: Json | None = None
    status: int | None = None
    body: Json | None = None
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffMember:
    """Somebody who coordinates or sponsors a program."""

    program_id: str
    directory_id: str
    role: StaffRole
    mail: str
    name: str
    added_at: datetime
    added_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wave:
    """Pairs of a program that are launched together.

    ``mails_confirmed`` is the number of mails that a coordinator confirmed by typing it.
    """

    id: str
    program_id: str
    name: str
    pair_ids: tuple[str, ...]
    state: WaveState
    mails_confirmed: int
    created_at: datetime
    created_by: str
    stopped_at: datetime | None = None
    undone_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TriedRule:
    """A changed rule that is tried on every pair of a program; each program has one at most.

    ``id`` tells one trial from the next. ``rule`` is the changed rule's body, ``version`` the one
    in force when it was begun, ``pairs`` how many there were then, ``work_id`` the due work.
    """

    program_id: str
    id: str
    rule: Json
    version: int
    pairs: int
    state: TryState
    begun_at: datetime
    begun_by: str
    work_id: str
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TriedPair:
    """What a tried rule comes to for one pair, as its calendars were at ``looked_at``.

    Both numbers ``after`` are None where nothing could be told. ``journal_seq`` is the newest
    entry of the journal by then.
    """

    program_id: str
    pair_id: str
    dates_before: int
    moved_before: int
    dates_after: int | None
    moved_after: int | None
    changed: int
    mails: int
    why: str
    looked_at: datetime
    journal_seq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleTotals:
    """What a rule comes to for all pairs together, today (``before``) and then (``after``).

    ``dates`` are those that have an hour, ``moved`` those of them off their series. Pairs that
    cannot be told about (``unknown``) stay as they are. ``changed`` is how many dates become
    others.
    """

    pairs: int = 0
    unknown: int = 0
    placed_before: int = 0
    placed_after: int = 0
    dates_before: int = 0
    dates_after: int = 0
    moved_before: int = 0
    moved_after: int = 0
    changed: int = 0
    mails: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """What one of the two wants of the pair; seen by the two alone, never logged or journalled."""

    pair_id: str
    person_id: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Aim:
    """What a session is to be about; seen by the two alone, never logged or journalled."""

    session_id: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """One of the two confirmed roles, dates and rhythm on the start page."""

    pair_id: str
    person_id: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Preference:
    """When and where somebody can be met, in that person's own words.

    ``body`` is ``{"hours": {"mon": [["09:00", "12:00"]], ...} | None, "office_days": ["mon", ...],
    "place": "teams" | "in_person" | "either" | None}``; hours are local to the person's zone.
    ``set_by`` is an internal id: the person's own, or ``for:`` and hers where an assistant did it.
    """

    person_id: str
    body: Json = field(default_factory=dict)
    set_at: datetime
    set_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a pair stands, as last worked out: what lists and overviews of many pairs read.

    Everything in it can be made again from the other tables. ``forecast`` is a word of
    ``scheduling.attendance.progress``; ``needs`` counts open *Needs you* rows; ``blocker`` is the
    code of the oldest open blocker that holds the pair up.
    """

    pair_id: str
    program_id: str
    state: PairState
    risk: Risk
    held: int = 0
    required: int = 0
    planned: int = 0
    still_possible: int = 0
    longest_gap_days: int = 0
    forecast: str | None = None
    next_start: datetime | None = None
    last_met: date | None = None
    needs: int = 0
    blocker: str | None = None
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Somebody asks for a pairing in a program.

    ``role`` is what they would be (``mentor`` or ``mentee``), ``partner_mail`` whom they name; None
    is a place on the waiting list. ``mail`` and ``name`` are the directory's, who need be in no
    pair. ``pair_id`` is the pair that came of it.
    """

    id: str
    program_id: str
    directory_id: str
    mail: str
    name: str
    role: str
    asked_at: datetime
    partner_mail: str | None = None
    state: WishState = WishState.WAITING
    settled_at: datetime | None = None
    settled_by: str | None = None
    pair_id: str | None = None
