"""What is looked at to decide: the pair as stored, the calendar as read, both people's time.

Views are frozen and put their members into one order when made, so that no decision can
depend on the order in which rows or attendees were read.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from enum import StrEnum

from scheduling.cadence import SeriesSlot, zone_info
from scheduling.errors import TimeNotReadError
from scheduling.freebusy import Answer
from scheduling.people import Person
from scheduling.problem import Commitment
from scheduling.rule import CadenceRule
from scheduling.timespan import TimeSpan


class PairState(StrEnum):
    """Life of a pair, as the program store spells it."""

    ENROLLED = "enrolled"
    PLANNED = "planned"
    BOOKING = "booking"
    BOOKED = "booked"
    PAUSED = "paused"
    COMPLETED = "completed"
    WITHDRAWN = "withdrawn"


class SessionState(StrEnum):
    """Life of a session up to its end, as the program store spells it."""

    PLANNED = "planned"
    SCHEDULED = "scheduled"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"


class Standing(StrEnum):
    """What a person is to the firm."""

    ACTIVE = "active"
    DISABLED = "disabled"
    """The account is switched off."""
    LEFT = "left"
    """The account is gone."""
    EXTERNAL = "external"
    """A guest, or a member of another tenant: nothing can be read of their time."""


class Mode(StrEnum):
    """Who finds the hour of a pair."""

    MANAGED = "managed"
    LIGHT = "light"


class CancelCause(StrEnum):
    """Why a date is not in the calendars any more."""

    DECLINED = "declined"
    SHORT_NOTICE = "short_notice"
    PAUSED = "paused"
    ENDED = "ended"
    IN_CALENDAR = "in_calendar"
    """Somebody cancelled it in the organizer's calendar."""
    LEFT_OUT = "left_out"
    """A coordinator or the pair left this date out."""
    SKIPPED = "skipped"
    """The same, and it is to be made up."""


EXCUSED = frozenset({CancelCause.PAUSED, CancelCause.IN_CALENDAR, CancelCause.LEFT_OUT})
"""Causes for which nothing is owed: no make-up unless the minimum needs it."""


def session_id_of(pair_id: str, generation: int, window: int) -> str:
    """The id of a session of a pair: unique over all its generations and make-up windows."""
    of_generation = "" if generation == 1 else f"g{generation}."
    return f"{pair_id}.{of_generation}{window}"


@dataclass(frozen=True, slots=True)
class Member:
    """One of the two people of a pair: zone of their wall clock, standing in the firm."""

    id: str
    zone: str
    standing: Standing = Standing.ACTIVE

    def __post_init__(self) -> None:
        zone_info(self.zone)

    @property
    def has_left(self) -> bool:
        """Whether nobody is behind the account any more."""
        return self.standing in (Standing.DISABLED, Standing.LEFT)


@dataclass(frozen=True, slots=True, order=True)
class ReplyKey:
    """One answer of one person to one event; what was done about it is done once.

    ``at`` is the time of the answer (``status.time``), None where the calendar has none.
    """

    event_id: str
    person: str
    proposed: str = ""
    at: str = ""


@dataclass(frozen=True, slots=True)
class Response:
    """What an attendee answered, at ``at`` if known, and the time proposed instead, if any."""

    person: str
    answer: Answer = Answer.NONE
    at: datetime | None = None
    proposed: TimeSpan | None = None

    def key(self, event_id: str) -> ReplyKey:
        """What identifies this answer to that event."""
        proposed = self.proposed.start.isoformat() if self.proposed else ""
        return ReplyKey(event_id, self.person, proposed, self.at.isoformat() if self.at else "")


def _by_person(responses: tuple[Response, ...]) -> tuple[Response, ...]:
    return tuple(sorted(responses, key=lambda r: (r.key(""), r.answer)))


@dataclass(frozen=True, slots=True)
class OccurrenceView:
    """One date in the organizer's calendar.

    ``recurrence_id`` is where the series itself puts it; None for a single event.
    """

    event_id: str
    recurrence_id: datetime | None
    span: TimeSpan
    responses: tuple[Response, ...] = ()
    cancelled: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "responses", _by_person(self.responses))

    def response_of(self, person: str) -> Response:
        """What that person answered; no entry is no answer."""
        return next((r for r in self.responses if r.person == person), Response(person))


@dataclass(frozen=True, slots=True)
class SeriesView:
    """What the organizer's calendar shows of a pair within ``read``.

    ``alive`` tells whether the series master is there; ``responses`` are the master's.
    Cancelled occurrences may be listed or missing; both mean the same.
    """

    alive: bool
    read: TimeSpan
    occurrences: tuple[OccurrenceView, ...] = ()
    responses: tuple[Response, ...] = ()

    def __post_init__(self) -> None:
        in_order = sorted(self.occurrences, key=lambda o: (o.span, o.event_id))
        object.__setattr__(self, "occurrences", tuple(in_order))
        object.__setattr__(self, "responses", _by_person(self.responses))

    def response_of(self, person: str) -> Response:
        """What that person answered to the series as a whole."""
        return next((r for r in self.responses if r.person == person), Response(person))

    def occurrence_of(self, session: "SessionView") -> OccurrenceView | None:
        """The live event of a session, or None."""
        return next((o for o in self.occurrences if not o.cancelled and session.is_at(o)), None)


@dataclass(frozen=True, slots=True, order=True)
class ConflictSeen:
    """A firm appointment of ``person`` over a date: first seen, last seen, number of looks."""

    person: str
    since: datetime
    last_look: datetime
    looks: int = 1


@dataclass(frozen=True, slots=True, order=True)
class StoodAlready:
    """A firm appointment of ``person`` that was there when somebody put a date over it."""

    person: str
    span: TimeSpan


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionView:
    """A session as the store holds it.

    ``window`` counts in the session's own generation. ``span`` is where it stands,
    ``recurrence_id`` where the series puts it, ``planned`` where the plan put it.
    ``event_id`` names a single event that stands for the session; None while it is an
    occurrence of the series. ``moves`` counts Tandem's own moves, ``declines`` the declines
    acted upon, ``acted`` the answers dealt with. ``told`` are ``person:message`` notes
    already on their way. ``held`` is None until the verdict counts for or against it.
    ``stood`` are appointments over it that are no conflict: a person chose the time all the same.
    """

    id: str
    window: int
    state: SessionState
    recurrence_id: datetime
    planned: TimeSpan
    span: TimeSpan
    event_id: str | None = None
    moves: int = 0
    declines: int = 0
    acted: frozenset[ReplyKey] = frozenset()
    conflicts: tuple[ConflictSeen, ...] = ()
    stood: tuple[StoodAlready, ...] = ()
    told: frozenset[str] = frozenset()
    moved_by_person: bool = False
    cause: CancelCause | None = None
    held: bool | None = None
    make_up: bool = False
    generation: int = 1

    def __post_init__(self) -> None:
        if self.moves < 0 or self.declines < 0 or self.window < 0:
            raise ValueError(f"session {self.id} counts below zero")
        object.__setattr__(self, "conflicts", tuple(sorted(self.conflicts)))

    @property
    def is_live(self) -> bool:
        """Whether it stands in the calendars."""
        return self.state is SessionState.SCHEDULED

    @property
    def is_single(self) -> bool:
        """Whether a single event stands for it, apart from the series."""
        return self.event_id is not None

    def is_at(self, occurrence: OccurrenceView) -> bool:
        """Whether that event is this session's."""
        if self.event_id is not None:
            return occurrence.event_id == self.event_id
        return occurrence.recurrence_id == self.recurrence_id

    def conflict_of(self, person: str) -> ConflictSeen | None:
        """What is remembered of that person's appointment over this date."""
        return next((c for c in self.conflicts if c.person == person), None)


@dataclass(frozen=True, slots=True)
class Pause:
    """Local dates without sessions, both included."""

    first: date
    last: date

    def __post_init__(self) -> None:
        if self.first > self.last:
            raise ValueError(f"pause ends before it begins: {self.first} / {self.last}")

    def holds(self, day: date) -> bool:
        """Whether that date is paused."""
        return self.first <= day <= self.last


@dataclass(frozen=True, slots=True, order=True)
class SeriesDecline:
    """A person declined the whole series.

    ``offered`` once five other hours went out; ``handled`` once a coordinator took it over.
    """

    person: str
    since: datetime
    offered: bool = False
    handled: bool = False


@dataclass(frozen=True, slots=True)
class Offer:
    """Series hours offered to people at ``at``; ``picked`` is the one somebody chose."""

    to: tuple[str, ...]
    at: datetime
    hours: tuple[SeriesSlot, ...]
    picked: SeriesSlot | None = None


class OrderKind(StrEnum):
    """What Tandem can be told to do with a pair."""

    SKIP = "skip"
    MOVE = "move"
    OFFER_DATES = "offer_dates"
    OFFER_HOURS = "offer_hours"
    BOOK_AGAIN = "book_again"
    APPLY_RULE = "apply_rule"
    CHANGE_HOUR = "change_hour"
    CHANGE_ORGANIZER = "change_organizer"
    ADOPT = "adopt"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExistingSeries:
    """A recurring event that may be a pair's: who is invited, and where its dates stand.

    ``organizer`` is whose calendar it stands in, by an id that means nothing here. ``ours`` tells
    whether that calendar's mailbox organizes it and no booking has it. ``people`` are those
    invited, by id or else by address. ``interval_weeks`` is None where the rhythm is no weekly one
    on one weekday; ``endless`` where there is no last date. ``start`` and ``weekday`` (Monday = 0)
    are those of the series in ``zone``; ``dates`` are (recurrence id, span) of each date to come.
    """

    event_id: str
    organizer: str
    ours: bool
    people: frozenset[str]
    zone: str
    weekday: int
    start: time
    interval_weeks: int | None
    dates: tuple[tuple[datetime, TimeSpan], ...]
    endless: bool = False
    has_link: bool = True


_OF_AN_ORGANIZER = frozenset({OrderKind.CHANGE_ORGANIZER, OrderKind.ADOPT})
_OF_A_DATE = frozenset({OrderKind.SKIP, OrderKind.MOVE, OrderKind.OFFER_DATES})


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Something Tandem was told to do and has not done yet.

    The first three kinds name a session; ``to`` is where a date is to move, ``make_up``
    whether a date left out is to be made up, ``rule`` the rule to be applied, ``hour`` the
    regular hour from now on, of which zone, weekday and start count. ``if_it_suits``: the date
    moves only if that hour still suits both, as it did when it was offered.
    ``organizer`` is whose calendar the dates to come are to stand in, by an id that means
    nothing here; ``out_of_reach`` says that the one they stand in now takes no more writes.
    ``event_id`` is the series to be adopted, which stands in ``organizer``'s calendar.
    """

    id: str
    kind: OrderKind
    session_id: str | None = None
    to: TimeSpan | None = None
    make_up: bool = False
    rule: CadenceRule | None = None
    hour: SeriesSlot | None = None
    if_it_suits: bool = False
    organizer: str | None = None
    out_of_reach: bool = False
    event_id: str | None = None

    def __post_init__(self) -> None:
        if (self.kind in _OF_A_DATE) != (self.session_id is not None):
            raise ValueError(
                f"{self.kind} is about {'a date' if self.session_id is None else 'a pair'}"
            )
        if (self.kind is OrderKind.MOVE) != (self.to is not None):
            raise ValueError(f"{self.kind}: where to is told for moves alone")
        if self.if_it_suits and self.kind is not OrderKind.MOVE:
            raise ValueError(f"{self.kind}: an hour suits or not for moves alone")
        if (self.kind is OrderKind.APPLY_RULE) != (self.rule is not None):
            raise ValueError(f"{self.kind}: a rule is told where it is to be applied")
        if (self.kind is OrderKind.CHANGE_HOUR) != (self.hour is not None):
            raise ValueError(f"{self.kind}: an hour is told where it is to be the regular one")
        if (self.kind in _OF_AN_ORGANIZER) != (self.organizer is not None):
            raise ValueError(f"{self.kind}: an organizer is told where it is to be another's")
        if (self.kind is OrderKind.ADOPT) != (self.event_id is not None):
            raise ValueError(f"{self.kind}: an event is told where it is to be adopted")


@dataclass(frozen=True, slots=True, kw_only=True)
class PairView:
    """A pair as the store holds it.

    Its dates are counted in the mentor's zone; ``start_date``, ``rule`` and ``series`` are
    those of the current ``generation``. ``withdrawn`` is a coordinator's order to
    end. ``needs`` are the keys of *Needs you* rows raised and not closed, ``said`` the keys
    of non-acts already journalled, ``last_on_record`` the last date that counts as met.
    ``closed_dates`` are dates on which nobody works, ``orders`` what Tandem was told and has
    not done yet, in the order in which it was told. ``may_have_ended``: dates are gone from the
    calendar, and the store, put back from a backup, cannot know whether Tandem itself ended them.
    """

    id: str
    mentor: Member
    mentee: Member
    rule: CadenceRule
    start_date: date
    state: PairState
    series: SeriesSlot | None = None
    generation: int = 1
    mode: Mode = Mode.MANAGED
    senior_first_days: int | None = None
    booked_at: datetime | None = None
    program_end: date | None = None
    pause: Pause | None = None
    past_pauses: tuple[Pause, ...] = ()
    withdrawn: bool = False
    sessions: tuple[SessionView, ...] = ()
    series_declines: tuple[SeriesDecline, ...] = ()
    offer: Offer | None = None
    needs: frozenset[str] = frozenset()
    said: frozenset[str] = frozenset()
    last_on_record: date | None = None
    evidence_readable: bool = True
    closed_dates: frozenset[date] = frozenset()
    orders: tuple[Order, ...] = ()
    may_have_ended: bool = False

    def __post_init__(self) -> None:
        if self.mentor.id == self.mentee.id:
            raise ValueError(f"pair {self.id} names one person twice")
        if len({s.id for s in self.sessions}) != len(self.sessions):
            raise ValueError(f"pair {self.id} names one session twice")
        in_order = sorted(self.sessions, key=lambda s: (s.window, s.id))
        object.__setattr__(self, "sessions", tuple(in_order))
        object.__setattr__(self, "series_declines", tuple(sorted(self.series_declines)))

    @property
    def members(self) -> tuple[Member, Member]:
        """Mentor and mentee, in this order."""
        return (self.mentor, self.mentee)

    @property
    def zone(self) -> str:
        """The zone in which the pair's dates are counted."""
        return self.mentor.zone

    def other(self, person: str) -> Member:
        """The partner of that person."""
        return self.mentee if person == self.mentor.id else self.mentor

    def session(self, session_id: str) -> SessionView:
        """The session of that id."""
        return next(s for s in self.sessions if s.id == session_id)

    @property
    def current(self) -> tuple[SessionView, ...]:
        """The sessions of the current generation, by window."""
        return tuple(s for s in self.sessions if s.generation == self.generation)

    def live_from(self, now: datetime) -> Iterator[SessionView]:
        """Sessions in the calendars that have not begun, by start."""
        live = (s for s in self.sessions if s.is_live and s.span.start > now)
        return iter(sorted(live, key=lambda s: (s.span, s.id)))

    def day_of(self, instant: datetime) -> date:
        """The pair's date at an instant."""
        return instant.astimezone(zone_info(self.zone)).date()

    def with_session(self, session: SessionView) -> "PairView":
        """The pair with one session changed or added."""
        others = tuple(s for s in self.sessions if s.id != session.id)
        return replace(self, sessions=(*others, session))


@dataclass(frozen=True, slots=True, eq=False)
class KnownTime:
    """What both people's calendars hold, our own sessions of this pair taken out.

    ``commitments`` are standing sessions of the people's other pairs. After ``until`` nothing has
    been read yet; None: all that a decision may concern has.
    """

    mentor: Person
    mentee: Person
    commitments: tuple[Commitment, ...] = ()
    anchor_zones: frozenset[str] | None = None
    until: datetime | None = None

    @property
    def people(self) -> tuple[Person, Person]:
        """Mentor and mentee, in this order."""
        return (self.mentor, self.mentee)

    def of(self, person: str) -> Person:
        """That person's time."""
        return self.mentor if person == self.mentor.id else self.mentee

    def reaching(self, end: datetime | None) -> "KnownTime":
        """Itself, if it was read until ``end``; None: to the last date there may be.

        Raises:
            TimeNotReadError: what was not read is neither free nor busy, so nothing is decided.
        """
        if self.until is not None and (end is None or end > self.until):
            raise TimeNotReadError(self.until)
        return self


@dataclass(frozen=True, slots=True)
class UnreadableTime:
    """The time of at least one of the two cannot be read; ``people`` says whose.

    ``readable`` is what is known of the other one, for offers alone.
    """

    people: tuple[str, ...]
    readable: Person | None = None

    def __post_init__(self) -> None:
        if not self.people:
            raise ValueError("unreadable time names nobody")
        object.__setattr__(self, "people", tuple(sorted(self.people)))


Time = KnownTime | UnreadableTime
