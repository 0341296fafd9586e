"""What the organizer's calendar shows of one pair, as the core sees it.

A read may for a while show what was before our own write. Where it differs from the store about a
date that was written a moment ago, the store is believed and the calendar is looked at again.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from integrations.errors import NotFoundError, RefusedError
from integrations.ports import AttendeeAnswer, EventSnapshot
from integrations.records import Booking, Intent, Session, SessionState
from integrations.workflows.acting import STALE_FOR
from integrations.workflows.app import App
from integrations.workflows.changes.case import Case
from scheduling.changes.answered import was_declined, words_of
from scheduling.changes.views import OccurrenceView, Response, SeriesView
from scheduling.freebusy import Answer
from scheduling.timespan import TimeSpan

LOOKS_BACK = timedelta(days=7)
"""How far back dates are read: one that was moved into the past is moved, not gone."""
LOOKS_BEYOND = timedelta(weeks=8)
"""How far beyond everything planned dates are read, for the same reason."""

_ANSWERS = {
    "accepted": Answer.ACCEPTED,
    "tentativelyaccepted": Answer.TENTATIVE,
    "declined": Answer.DECLINED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One look at the pair's series and single events, taken at ``at``.

    ``masters`` are keyed by generation, None where the series is gone; ``instances`` likewise;
    ``singles`` by session id, None where the event is gone. ``after`` are the ids of our own late
    writes that were settled before it, which it may not show yet all the same.
    """

    at: datetime
    span: TimeSpan
    masters: Mapping[int, EventSnapshot | None]
    instances: Mapping[int, Sequence[EventSnapshot]]
    singles: Mapping[str, EventSnapshot | None]
    after: frozenset[str] = frozenset()

    def event_of(self, session: Session) -> EventSnapshot | None:
        """The live event that stands for a session, None if none was read."""
        if session.single:
            return self.singles.get(session.id)
        instances = self.instances.get(session.generation, ())
        return next((i for i in instances if _original(i) == session.series_start), None)


async def read_calendar(app: App, case: Case, horizon: TimeSpan) -> Reading | None:
    """What stands in the organizer's calendar; None where that may not be read.

    One series costs two calls, each single event one.

    Raises:
        ThrottledError, UnreachableError, TokenError: nothing is known.
    """
    at = app.clock.now()
    span = TimeSpan(at - LOOKS_BACK, horizon.end + LOOKS_BEYOND)
    series = [b for b in case.bookings if _is_looked_at(case, b, at)]
    singles = [s for s in case.sessions if s.single and _is_live(s) and s.end > span.start]
    try:
        found, alone = await asyncio.gather(
            asyncio.gather(*(_series(app, booking, span) for booking in series)),
            asyncio.gather(*(_single(app, case, session) for session in singles)),
        )
    except RefusedError:
        return None
    return Reading(
        at=at,
        span=span,
        masters={b.generation: master for b, (master, _) in zip(series, found, strict=True)},
        instances={b.generation: dates for b, (_, dates) in zip(series, found, strict=True)},
        singles={s.id: event for s, event in zip(singles, alone, strict=True)},
        after=frozenset(intent.id for intent in case.settled_lately),
    )


def _is_live(session: Session) -> bool:
    return session.state is SessionState.SCHEDULED


def _is_looked_at(case: Case, booking: Booking, now: datetime) -> bool:
    """Whether a series has dates to come, or had some that somebody took out of the calendar.

    Or had its last one lately: somebody may have put it off shortly before it began. A series that
    Tandem ended is not asked after: that it is gone says nothing.
    """
    return any(
        session.generation == booking.generation
        and not session.single
        and max(session.end, session.series_start) > now - LOOKS_BACK
        and (_is_live(session) or session.cause == "in_calendar")
        for session in case.sessions
    )


async def _series(
    app: App, booking: Booking, span: TimeSpan
) -> tuple[EventSnapshot | None, Sequence[EventSnapshot]]:
    calendar = app.graph.calendar
    try:
        master, instances = await asyncio.gather(
            calendar.read(booking.mailbox_id, booking.event_id),
            calendar.instances(booking.mailbox_id, booking.event_id, span),
        )
    except NotFoundError:
        return None, ()
    if master.cancelled:
        return None, ()
    return master, [instance for instance in instances if not instance.cancelled]


async def _single(app: App, case: Case, session: Session) -> EventSnapshot | None:
    if session.event_id is None:
        return None
    try:
        event = await app.graph.calendar.read(case.mailbox_of(session), session.event_id)
    except NotFoundError:
        return None
    return None if event.cancelled else event


# --- as the core sees it ------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Shown:
    """The series as the core sees it. ``look_again_at``: a read may have been stale until then."""

    series: SeriesView
    look_again_at: datetime | None = None


def series_view(case: Case, reading: Reading) -> Shown:
    """What the calendar shows, where it may be believed; elsewhere what the store says.

    Dates are matched by recurrence id, single events by their own; people by address. An answer
    that Graph does not define counts as none. Further attendees go by their address.
    """
    doubts = _Doubts(case.settled_lately, reading.after)
    who = _Who(case)
    occurrences = [
        shown
        for session in case.sessions
        if (shown := _shown(session, reading.event_of(session), doubts, who)) is not None
    ]
    unknown = [
        OccurrenceView(event.id, _original(event), event.span, who.responses(event.answers))
        for event in _unknown(case, reading)
    ]
    master = reading.masters.get(case.pair.generation)
    series = SeriesView(
        alive=_is_alive(case, reading, doubts),
        read=reading.span,
        occurrences=(*occurrences, *unknown),
        responses=who.responses(master.answers) if master else (),
    )
    return Shown(series, doubts.until)


def _shown(
    session: Session, event: EventSnapshot | None, doubts: _Doubts, who: _Who
) -> OccurrenceView | None:
    stored = TimeSpan(session.start, session.end)
    live = _is_live(session)
    as_stored = OccurrenceView(
        event_id=session.event_id or (event.id if event else session.id),
        recurrence_id=None if session.single else session.series_start,
        span=stored,
    )
    agrees = (event is not None and event.span == stored) if live else event is None
    if not agrees and doubts.about(session):
        # Our own write is not to be seen yet, so nobody can have answered to it.
        return as_stored if live else None
    if event is None:
        return None
    return replace(as_stored, span=event.span, responses=who.responses(event.answers))


class _Doubts:
    """Which dates were written so lately that a read may show them as they were before.

    ``until`` is when a read that was taken after a write and does not show it may be believed.
    What was read before a write needs no second look: it could not show it.
    """

    def __init__(self, settled: Iterable[Intent], read_after: Collection[str]) -> None:
        self._written: set[str | None] = set()
        self._stale_until: dict[str | None, datetime] = {}
        for intent in settled:
            about = intent.session_id
            self._written.add(about)
            if intent.settled_at is not None and intent.id in read_after:
                until = intent.settled_at + STALE_FOR
                self._stale_until[about] = max(self._stale_until.get(about, until), until)
        self.until: datetime | None = None

    def about(self, session: Session | None) -> bool:
        """Whether what was read of a session, or of the series itself, may be stale.

        A write to the series may concern each of its dates.
        """
        subjects = {None} if session is None else {None, session.id}
        stale = [self._stale_until[one] for one in subjects & self._stale_until.keys()]
        if stale:
            self.until = max(stale if self.until is None else [*stale, self.until])
        return bool(subjects & self._written)


class _Who:
    """Who answered: people of the pair by id, everybody else by address."""

    def __init__(self, case: Case) -> None:
        self._people = {person.mail.casefold(): person.id for person in case.people}
        self._organizer = case.mailbox.address.casefold() if case.mailbox else ""

    def responses(self, answers: Mapping[str, AttendeeAnswer]) -> tuple[Response, ...]:
        """The answers of everybody but the organizer."""
        return tuple(
            Response(
                person=self._people.get(address.casefold(), address),
                answer=_ANSWERS.get(answer.response, Answer.NONE),
                at=answer.at,
                proposed=answer.proposed,
            )
            for address, answer in answers.items()
            if answer.response != "organizer" and address.casefold() != self._organizer
        )


def answer_of(event: EventSnapshot, mail: str) -> Answer:
    """What the organizer's copy says that address answered; no entry is no answer."""
    found = event.answers.get(mail.casefold())
    return Answer.NONE if found is None else _ANSWERS.get(found.response, Answer.NONE)


def _original(event: EventSnapshot) -> datetime:
    """Where the series itself puts an occurrence."""
    return event.original_start or event.span.start


def _unknown(case: Case, reading: Reading) -> Iterator[EventSnapshot]:
    """Dates of the series that the store has no session for."""
    for generation, instances in reading.instances.items():
        known = {
            s.series_start for s in case.sessions if s.generation == generation and not s.single
        }
        yield from (event for event in instances if _original(event) not in known)


def _is_alive(case: Case, reading: Reading, doubts: _Doubts) -> bool:
    """Whether the present series stands, as far as it is to stand."""
    if reading.masters.get(case.pair.generation, True) is not None:
        return True
    return doubts.about(None)


# --- what was last compared ---------------------------------------------------------------


def with_replies(session: Session, event: EventSnapshot, two: Iterable[str]) -> Session:
    """The session with what its event shows of answers; a decline of before is not forgotten.

    ``two`` are the addresses of the pair: what assistants answer, and others whom somebody has
    invited, is nobody's word on the date.
    """
    if not event.answers:
        return session
    found = [event.answers.get(mail.casefold()) for mail in two]
    answers = (
        None
        if answer is None or answer.response == "unknown"
        else _ANSWERS.get(answer.response, Answer.NONE)
        for answer in found
    )
    once = session.declines > 0 or was_declined(session.replies)
    return replace(session, replies=words_of(answers, once_declined=once))


def digest(event: EventSnapshot) -> str:
    """What tells whether a date looks other than last time: place, declines and proposals.

    No answer counts as yes, so neither a yes nor who is invited besides leads to anything.
    """
    words = [event.span.start.isoformat(), event.span.end.isoformat(), str(event.cancelled)]
    for address, answer in sorted(event.answers.items()):
        at = answer.at.isoformat() if answer.at else ""
        to = answer.proposed
        proposed = f"{to.start.isoformat()}/{to.end.isoformat()}" if to else ""
        if proposed or _ANSWERS.get(answer.response) is Answer.DECLINED:
            words.append(f"{address} {answer.response} {at} {proposed}")
    return hashlib.blake2b("\n".join(words).encode(), digest_size=12).hexdigest()
