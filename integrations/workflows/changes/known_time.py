"""Both people's time over what is left of a pair's horizon, our own sessions taken out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from datetime import time as midnight_time

from integrations.records import Participant, Session, SessionState
from integrations.workflows.app import App
from integrations.workflows.changes.calendar_view import Reading, answer_of
from integrations.workflows.changes.case import Case
from integrations.workflows.changes.views import pair_view, standing_of, windows_from
from integrations.workflows.planning.calendars import Look, look_at
from scheduling.changes.views import KnownTime, Standing, Time, UnreadableTime
from scheduling.freebusy import Answer, OwnSession, without_own_sessions
from scheduling.people import BusyItem, BusyTable, Person
from scheduling.rule import CadenceRule
from scheduling.timespan import TimeSpan

_DAY = timedelta(days=1)
NEAR = timedelta(weeks=4)
"""How far people's time is read at first: twice as far as appointments are looked for."""


@dataclass(frozen=True, slots=True)
class TimeRead:
    """What is known of both people's time.

    ``look`` is the look it rests on. ``missing`` names the dates (session id, person id) whose
    invitation is in that person's calendar no longer, though it was not declined. After ``until``
    nothing was read; None: everything was.
    """

    time: Time
    look: Look
    missing: tuple[tuple[str, str], ...] = ()
    until: datetime | None = None

    def says_of(self, session: Session) -> bool:
        """Whether what was read tells of a date."""
        return self.until is None or session.end <= self.until


def horizon_of(case: Case, now: datetime, *rules: CadenceRule) -> TimeSpan:
    """From now to the last day on which a date of this pair, make-ups included, may lie.

    Also under ``rules``, begun now, and those that the pair is to be brought under.
    """
    weeks = timedelta(weeks=case.rule.limits.make_up_weeks)
    ends = [windows_from(case.pair) + timedelta(days=case.rule.cadence.horizon_days)]
    # A new generation begins on a Monday to come.
    monday = now.date() + timedelta(days=7)
    changed = (*rules, *_ordered_rules(case))
    ends += [monday + timedelta(days=rule.horizon_days) for rule in changed]
    last = datetime.combine(max(ends) + weeks + _DAY, midnight_time(), UTC)
    standing = (session.end + _DAY for session in case.sessions if _is_live(session))
    return TimeSpan(now, max(last, now + _DAY, *standing))


def _ordered_rules(case: Case) -> list[CadenceRule]:
    return [order.rule for order in pair_view(case).orders if order.rule is not None]


async def read_near_time(
    app: App, case: Case, reading: Reading | None, horizon: TimeSpan
) -> TimeRead:
    """Both people's time as far as most reconciliations ask for it; all, if one is unreadable.

    A horizon costs a call for every 62 days, and its answer grows with its length. Most looks end
    with nothing to be decided, or with something about one of the next dates: those take one call.

    Raises:
        As :func:`read_time`.
    """
    near = TimeSpan(horizon.start, min(horizon.start + NEAR, horizon.end))
    read = await read_time(app, case, reading, near)
    if near == horizon:
        return read
    if not isinstance(read.time, KnownTime):
        return await read_time(app, case, reading, horizon)
    zones = await _anchor_zones(app, read.time.people, horizon)
    return replace(
        read, time=replace(read.time, until=near.end, anchor_zones=zones), until=near.end
    )


async def read_time(
    app: App,
    case: Case,
    reading: Reading | None,
    horizon: TimeSpan,
) -> TimeRead:
    """Both people's time within ``horizon``.

    Sessions of this pair are taken out where the organizer's calendar shows them and as people
    answered there; those of each person's other pairs where the store has them. The latter bind
    as commitments all the same, whatever was answered to them.

    Raises:
        ThrottledError, UnreachableError, TokenError: nothing is known.
    """
    readable = [p for p in case.people if standing_of(p) is Standing.ACTIVE]
    rules = {person.id: case.rule for person in readable}
    look = await look_at(app, readable, rules, horizon)
    cleared: dict[str, Person] = {}
    missing: list[tuple[str, str]] = []
    for person in case.people:
        if person.id in look.people:
            own = [*_own_of_pair(case, reading, person), *_own_of_others(case.elsewhere[person.id])]
            here = [one for one in own if any(span.overlaps(horizon) for span in one.spans)]
            known = look.people[person.id]
            items, lost = _without(known.busy.items(), here)
            cleared[person.id] = replace(known, busy=BusyTable.of(items))
            missing += [(session_id, person.id) for session_id in lost]
    unread = tuple(person.id for person in case.people if person.id not in cleared)
    if unread:
        return TimeRead(UnreadableTime(unread, next(iter(cleared.values()), None)), look)
    time = KnownTime(
        mentor=cleared[case.mentor.id],
        mentee=cleared[case.mentee.id],
        commitments=tuple(case.commitments),
        anchor_zones=await _anchor_zones(app, cleared.values(), horizon),
    )
    return TimeRead(time, look, tuple(missing))


async def _anchor_zones(app: App, people: Iterable[Person], horizon: TimeSpan) -> frozenset[str]:
    zones = sorted({person.zone for person in people})
    first = horizon.start.date()
    days = [first + timedelta(days=n) for n in range(horizon.length.days + 2)]
    return await app.graph.anchor_zones(zones, days)


def _is_live(session: Session) -> bool:
    return session.state is SessionState.SCHEDULED


@dataclass(frozen=True, slots=True)
class _Own:
    """A session of ours: where it may stand in the person's calendar, likeliest first."""

    spans: tuple[TimeSpan, ...]
    answer: Answer = Answer.NONE
    session_id: str | None = None


def _own_of_pair(case: Case, reading: Reading | None, person: Participant) -> Iterator[_Own]:
    """Where each date of this pair stands, or stood until a moment ago, and what was answered."""
    for session in case.sessions:
        if not _is_live(session):
            continue
        event = reading.event_of(session) if reading else None
        stored = TimeSpan(session.start, session.end)
        spans = (stored,) if event is None else tuple(dict.fromkeys((event.span, stored)))
        answer = Answer.NONE if event is None else answer_of(event, person.mail)
        yield _Own(spans, answer, session.id)


def _own_of_others(sessions: Iterable[Session]) -> Iterator[_Own]:
    for session in sessions:
        yield _Own((TimeSpan(session.start, session.end),))


def _without(
    items: Iterable[BusyItem], own: Sequence[_Own]
) -> tuple[Sequence[BusyItem], list[str]]:
    """The entries that are left, and the dates of the pair that had none."""
    left: Sequence[BusyItem] = tuple(items)
    sought = list(own)
    for attempt in range(max((len(one.spans) for one in own), default=0)):
        tried = [
            (OwnSession(o.spans[attempt], o.answer), o) for o in sought if attempt < len(o.spans)
        ]
        taken = without_own_sessions(left, [session for session, _ in tried])
        left = taken.items
        absent = {id(session) for session in taken.missing}
        found = {id(o) for session, o in tried if id(session) not in absent}
        sought = [o for o in sought if id(o) not in found]
    return left, [o.session_id for o in sought if o.session_id is not None]
