"""What Tandem remembers: frozen records, one class per table of the program store.

Instants are aware and in UTC; wall-clock facts carry the IANA zone that governs them.
Ids are internal and say nothing about a person. Free text a person typed stands in
:class:`Note` alone, so that everything else may be logged and journalled by id.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any, NamedTuple

Json = dict[str, Any]


class ProgramState(StrEnum):
    """Life of a program."""

    DRAFT = "draft"
    ANNOUNCED = "announced"
    RUNNING = "running"
    CLOSED = "closed"


class PairState(StrEnum):
    """Life of a pair; what holds it up stands beside it as a :class:`Blocker`."""

    ENROLLED = "enrolled"
    PLANNED = "planned"
    BOOKING = "booking"
    BOOKED = "booked"
    PAUSED = "paused"
    COMPLETED = "completed"
    WITHDRAWN = "withdrawn"


OVER = frozenset({PairState.COMPLETED, PairState.WITHDRAWN})
"""States of a pair that has come to its end."""
GOING_ON = tuple(state for state in PairState if state not in OVER)
"""All the others, in the order of a pair's life."""


class SessionState(StrEnum):
    """Life of a session up to its end; what became of it after that is its verdict."""

    PLANNED = "planned"
    SCHEDULED = "scheduled"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"


class IntentState(StrEnum):
    """How far a Graph write has come.

    ``prepared`` was certainly not sent; ``sending`` may have been; ``done`` and
    ``dropped`` are settled.
    """

    PREPARED = "prepared"
    SENDING = "sending"
    DONE = "done"
    DROPPED = "dropped"


class WorkState(StrEnum):
    """A piece of due work: waiting or claimed is told by ``claimed_until``."""

    OPEN = "open"
    DONE = "done"
    POISON = "poison"


class BlockerScope(StrEnum):
    """What a blocker holds up; ``firm`` is the whole installation."""

    PERSON = "person"
    PAIR = "pair"
    MAILBOX = "mailbox"
    FIRM = "firm"


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """One reverse-mentoring program with its own rule, zone and people to turn to.

    ``evidence`` is ``{"mode", "offices": {office: mode}, "told_at", "told_by"}``: how Tandem learns
    who met (a mode of ``scheduling.attendance.evidence``; ``self_report`` where it says nothing),
    and when and by whom it was confirmed that people were told.
    """

    id: str
    name: str
    zone: str
    state: ProgramState = ProgramState.DRAFT
    mixed: bool = False
    contact: Json = field(default_factory=dict)
    links: Json = field(default_factory=dict)
    evidence: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A version of a program's cadence rule; ``body`` is its whole text as data."""

    id: str
    program_id: str
    version: int
    body: Json
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Participant:
    """A person of the directory who is in at least one pair.

    ``zone`` is IANA, None while unknown. ``hours`` maps ``mon`` .. ``sun`` to
    ``[["09:00", "17:30"], ...]`` in that zone; ``hours_are_bound`` says that they are one
    range for all days and so only an outer bound. ``gone`` says that the directory does not know
    the account any more. ``known_as`` are other identities that were confirmed to be the same
    person: ``{"id", "mail", "confirmed_at", "confirmed_by"}``, with ``id`` that of a directory.
    ``language`` (``de-AT``) and ``time_format`` (``hh:mm tt``) are as the mailbox names them.
    """

    id: str
    directory_id: str
    mail: str
    name: str
    office: str | None = None
    practice_group: str | None = None
    zone: str | None = None
    zone_is_guessed: bool = False
    hours: Json = field(default_factory=dict)
    hours_source: str | None = None
    hours_are_bound: bool = False
    enabled: bool = True
    guest: bool = False
    gone: bool = False
    timekeeper: str | None = None
    settings_read_at: datetime | None = None
    language: str | None = None
    time_format: str | None = None
    known_as: tuple[Json, ...] = ()


class PersonShown(NamedTuple):
    """What a report over many pairs needs of a person; members as in :class:`Participant`."""

    id: str
    mail: str
    name: str
    office: str | None
    practice_group: str | None
    timekeeper: str | None
    enabled: bool
    gone: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two people who are to meet: the mentor is the junior, the mentee the senior.

    ``series`` is the planned series slot: ``{"zone", "weekday", "start", "phase", "first_date",
    "occurrences", "interval_weeks"}``; None until planned. ``calendars_read_at`` is when the
    free/busy behind the plan was read.

    ``rule_id`` is the version of the rule its present generation lives under and ``windows_from``
    the Monday from which the cadence windows of that generation count; both are None until
    planned. ``withdrawn`` is a coordinator's order to end. ``pause`` and ``past_pauses`` are
    ``{"first", "last"}`` (dates, both included), ``series_declines`` ``{"person", "since",
    "offered", "handled"}``, ``offer`` ``{"to", "at", "hours", "picked"}``; ``said`` are the keys
    of deliberate non-acts already journalled. ``evidence_readable`` says that somebody or
    something would have told of a meeting when a date was last judged.

    ``swaps`` are the dates (ISO, in order) from each of which the two change roles; ``mentor_id``
    stays who it was at enrolment (``integrations.workflows.rulebook.roles`` says
    who leads on a day).
    ``predecessor_id`` is the pair that one of the two was in before, where this one follows it.
    """

    id: str
    program_id: str
    mentor_id: str
    mentee_id: str
    start_date: date
    roster_id: str | None = None
    state: PairState = PairState.ENROLLED
    mailbox_id: str | None = None
    generation: int = 1
    office: str | None = None
    practice_group: str | None = None
    assistants: tuple[str, ...] = ()
    focus: str | None = None
    place: str | None = None
    series: Json | None = None
    calendars_read_at: datetime | None = None
    planned_at: datetime | None = None
    rule_id: str | None = None
    windows_from: date | None = None
    booked_at: datetime | None = None
    reconciled_at: datetime | None = None
    withdrawn: bool = False
    pause: Json | None = None
    past_pauses: tuple[Json, ...] = ()
    series_declines: tuple[Json, ...] = ()
    offer: Json | None = None
    said: tuple[str, ...] = ()
    evidence_readable: bool = False
    swaps: tuple[str, ...] = ()
    predecessor_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Free text that a coordinator wrote about a pair; never logged, never journalled."""

    pair_id: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """A series Tandem created: the event in the program mailbox and its online meeting."""

    pair_id: str
    generation: int
    mailbox_id: str
    event_id: str
    ical_uid: str
    etag: str
    zone: str
    join_url: str | None
    meeting_id: str | None = None
    instances_verified_at: datetime | None = None
    booked_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """The one meeting of a cadence window, whatever became of it.

    ``window`` counts in the session's own ``generation``. ``series_start`` is where the series
    itself falls in this window (its recurrence id); ``start`` differs from it when the date was
    moved, and ``planned_start`` is where the plan put it. ``reason`` is the planner's, as data.
    ``event_id`` is the occurrence's or, where ``single``, that of an event apart from the series.

    ``moves`` counts Tandem's own moves, ``declines`` the declines acted upon, ``answered`` holds
    the answers dealt with (``{"event", "person", "proposed", "at"}``), ``conflicts`` appointments
    seen over the date (``{"person", "since", "last_look", "looks"}``) and those that stood there
    when a person chose its time (``{"person", "start", "end"}``), ``told`` the
    ``person:message`` notes already on their way, ``cause`` why it is in no calendar. ``seen`` is
    a digest of the organizer's copy as it was last compared. ``held`` is None until the verdict
    counts for or against it, ``verdict`` is the word in force. ``meeting_id`` is the online meeting
    of a single event, once it was looked up; those of a series stand in its booking. ``ad_hoc`` is
    a meeting outside all plans that somebody recorded afterwards; no calendar has it, and
    ``group_title`` names it where several pairs were there. ``replies`` are the words of
    ``scheduling.changes.answered``, None where no answer was looked for yet.
    """

    id: str
    pair_id: str
    window: int
    state: SessionState
    series_start: datetime
    start: datetime
    end: datetime
    moved: bool = False
    reason: Json | None = None
    event_id: str | None = None
    etag: str | None = None
    generation: int = 1
    planned_start: datetime | None = None
    single: bool = False
    make_up: bool = False
    moves: int = 0
    declines: int = 0
    moved_by_person: bool = False
    answered: tuple[Json, ...] = ()
    conflicts: tuple[Json, ...] = ()
    told: tuple[str, ...] = ()
    cause: str | None = None
    seen: str | None = None
    held: bool | None = None
    verdict: str | None = None
    meeting_id: str | None = None
    ad_hoc: bool = False
    replies: str | None = None
    group_title: str | None = None


class SessionDate(NamedTuple):
    """What a report over many pairs needs of a session; members as in :class:`Session`.

    A tuple, because such a report makes a hundred thousand of them.
    """

    id: str
    pair_id: str
    generation: int
    window: int
    state: SessionState
    start: datetime
    end: datetime
    declines: int
    replies: str | None
    ad_hoc: bool
    group_title: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """One *Needs you* row: something Tandem hands over to a coordinator.

    ``key`` is what makes two rows the same; a pair never has two open rows with one key.
    ``ready`` are the acts offered, ``data`` the facts of the reason and ``"spans"`` (ids, codes,
    dates and numbers only). ``told_at`` is when it stood in a daily list, ``outcome`` which act
    or which change of the world closed it.
    """

    id: str
    key: str
    pair_id: str
    code: str
    raised_at: datetime
    session_id: str | None = None
    ready: tuple[str, ...] = ()
    data: Json = field(default_factory=dict)
    owner: str | None = None
    snoozed_until: datetime | None = None
    told_at: datetime | None = None
    closed_at: datetime | None = None
    outcome: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NeedNote:
    """Free text that a coordinator wrote about a *Needs you* row; never logged or journalled."""

    need_id: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a coordinator, or somebody of the pair, told Tandem to do with a pair.

    Kept until it is done, because it may have to wait for mail hours or survive a crash.
    ``kind`` and ``data`` are those of ``scheduling.changes.orders``; ``given_by`` says who, by
    internal id or role. ``outcome`` is the code of what came of it.
    """

    id: str
    pair_id: str
    kind: str
    given_at: datetime
    data: Json = field(default_factory=dict)
    given_by: str = "coordinator"
    settled_at: datetime | None = None
    outcome: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """A subscription to the events of a program mailbox; ``id`` is Graph's.

    ``client_state`` is the secret that each of its notifications has to carry.
    """

    id: str
    mailbox_id: str
    client_state: str
    expires_at: datetime
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """A Graph write, recorded before it is made.

    ``key`` names the one act it stands for: the same act never has two open intents.
    ``before`` and ``after`` hold what a read-back compares; ``mails`` lists whom the write will
    mail: ``[{"person": id, "kind": "invitation"}]``. ``send_at`` is the place it was given in
    the mailbox's pace. ``pair_id`` is None for a mailbox's own trial event.
    """

    id: str
    key: str
    kind: str
    mailbox_id: str
    state: IntentState
    created_at: datetime
    pair_id: str | None = None
    session_id: str | None = None
    event_id: str | None = None
    etag: str | None = None
    transaction_id: str | None = None
    before: Json = field(default_factory=dict)
    after: Json = field(default_factory=dict)
    mails: tuple[Json, ...] = ()
    send_at: datetime | None = None
    sent_at: datetime | None = None
    settled_at: datetime | None = None
    outcome: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """Something to do at ``due_at``; one row per kind and subject, opened again when needed.

    ``again_at`` is a wake-up that came while the row was claimed: its holder may not have seen
    what it was about.
    """

    id: str
    kind: str
    subject: str
    due_at: datetime
    state: WorkState = WorkState.OPEN
    attempts: int = 0
    claimed_by: str | None = None
    claimed_until: datetime | None = None
    again_at: datetime | None = None
    last_error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Permit:
    """Leave to make one call at a time to a mailbox, until ``expires_at``."""

    mailbox_id: str
    slot: int
    holder: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailbox:
    """A program mailbox: organizer of its pairs' meetings and shard of the write path.

    ``id`` is its directory object id. ``not_before`` comes from ``Retry-After``.
    ``mail_paced_until`` is when the mails already granted will all have gone, at the mailbox's
    pace. ``checked_on`` is the last day on which a trial event got its join link.
    """

    id: str
    address: str
    open_to_new: bool = True
    not_before: datetime | None = None
    mail_paced_until: datetime | None = None
    checked_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocker:
    """Something that holds up a person, pair or mailbox until somebody acts.

    ``code`` has its words and its remedy in the catalogue; ``data`` holds ids, codes, dates and
    numbers only.
    """

    scope: BlockerScope
    subject_id: str
    code: str
    since: datetime
    data: Json = field(default_factory=dict)
    cleared_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxMail:
    """A mail Tandem itself sends, once per person, purpose and session.

    ``person_id`` is a participant's id, or ``contact:`` and the program's id for the mails that go
    to the program's contact (never an address). ``session_id`` is whatever one mail of that purpose
    is about: a session, a *Needs you* key, a date. ``urgent`` mails go out at any hour, are not
    counted for the weekly cap and are tried until they are certainly sent; the others are given up
    rather than sent twice. ``data`` holds codes, ids, dates and numbers; the words are made when it
    is sent.
    """

    person_id: str
    purpose: str
    session_id: str
    due_at: datetime
    state: str = "waiting"
    pair_id: str | None = None
    mailbox_id: str | None = None
    urgent: bool = False
    attempts: int = 0
    data: Json = field(default_factory=dict)
    sent_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalEntry:
    """One line of the append-only journal: internal ids and reason codes, no names, no text."""

    at: datetime
    code: str
    program_id: str | None = None
    pair_id: str | None = None
    person_id: str | None = None
    session_id: str | None = None
    intent_id: str | None = None
    mailbox_id: str | None = None
    data: Json = field(default_factory=dict)
    seq: int | None = None
