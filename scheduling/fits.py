"""Whether one session would do for two people, and if not, what stands against it.

Works on exact minutes of single sessions, apart from the planner's rasters: it is
asked just before a session is written, and names the obstacle of each moved date.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import numpy as np

from scheduling.cadence import zone_info
from scheduling.people import BLOCKS, TENTATIVE, BusyTable, Person, Week, epoch_minute
from scheduling.problem import Commitment, KeptSession, PairRequest
from scheduling.reasons import Facts, Reason, ReasonCode
from scheduling.rule import CadenceRule, TentativePolicy, end_minute_of, minute_of
from scheduling.timespan import TimeSpan


@dataclass(frozen=True, slots=True)
class LocalSession:
    """A session on one person's local day: minutes from midnight; ``end`` may pass 1440."""

    day: date
    start: int
    end: int
    shown: str


def on_local_day(span: TimeSpan, zone: str) -> LocalSession:
    """How a session looks on the wall clock of a zone."""
    begin = span.start.astimezone(zone_info(zone))
    finish = span.end.astimezone(zone_info(zone))
    days_later = (finish.date() - begin.date()).days
    end = finish.hour * 60 + finish.minute + 1440 * days_later
    return LocalSession(
        begin.date(), begin.hour * 60 + begin.minute, end, f"{begin:%Y-%m-%d %H:%M}"
    )


def still_fits(
    request: PairRequest,
    people: tuple[Person, Person],
    span: TimeSpan,
    *,
    now: datetime,
    commitments: Iterable[Commitment] = (),
) -> Reason | None:
    """``None`` if the session can be held as things are now, else the first obstacle.

    Parameters:
        request: the pair; its ``kept`` sessions, without the one asked about, count as
            standing.
        people: mentor and mentee with calendars as just read, our own session of
            ``span`` already taken out.
        span: the session asked about.
        commitments: standing sessions of other pairs.
    """
    return next(obstacles(request, people, span, now=now, commitments=commitments), None)


def obstacles(
    request: PairRequest,
    people: tuple[Person, Person],
    span: TimeSpan,
    *,
    now: datetime,
    commitments: Iterable[Commitment] = (),
) -> Iterator[Reason]:
    """Everything that stands against a session: rule first, then hours, calendars, own load."""
    rule = request.rule
    if span.start < now + rule.min_notice:
        earliest = (now + rule.min_notice).astimezone(UTC)
        yield Reason(ReasonCode.NOTICE, {"earliest": f"{earliest:%Y-%m-%d %H:%M}Z"})
    own = [*commitments, *(Commitment(frozenset(request.members), k.span) for k in request.kept)]
    local = [(person, on_local_day(span, person.zone)) for person in people]
    for person, session in local:
        yield from _date_obstacles(rule, person, session)
    for person, session in local:
        yield from _hour_obstacles(rule, person, session)
    for person, session in local:
        yield from _calendar_obstacles(rule, person, span, session)
    for person, session in local:
        mine = [c.span for c in own if person.id in c.people]
        yield from _load_obstacles(rule, person, span, session, mine)


def crowded(
    request: PairRequest,
    zones: Mapping[str, str],
    span: TimeSpan,
    commitments: Iterable[Commitment],
) -> bool:
    """Whether other sessions of the two leave no room for one, as their buffers and caps say.

    Parameters:
        zones: IANA zone of each of the two, by id.
        commitments: standing sessions of other pairs.
    """
    others = list(commitments)
    for person in (Person(id=member, zone=zones[member]) for member in request.members):
        mine = [other.span for other in others if person.id in other.people]
        session = on_local_day(span, person.zone)
        if any(_load_obstacles(request.rule, person, span, session, mine)):
            return True
    return False


def _about(person: Person, session: LocalSession) -> Facts:
    return {"person": person.id, "date": session.day.isoformat(), "local": session.shown}


def _date_obstacles(rule: CadenceRule, person: Person, session: LocalSession) -> Iterator[Reason]:
    facts = _about(person, session)
    if session.day.weekday() not in rule.weekdays:
        yield Reason(ReasonCode.WEEKDAY, facts)
    if session.day in rule.blackout_dates:
        yield Reason(ReasonCode.BLACKOUT, facts)
    if session.day in person.absent_dates:
        yield Reason(ReasonCode.ABSENT, facts)


def _hour_obstacles(rule: CadenceRule, person: Person, session: LocalSession) -> Iterator[Reason]:
    facts = _about(person, session)
    weekday = session.day.weekday()
    earliest, latest = minute_of(rule.earliest_local), end_minute_of(rule.latest_local)
    if session.start < earliest or session.end > latest:
        yield Reason(ReasonCode.OUTSIDE_BOOKABLE_HOURS, facts)
    if not any(
        r.start <= session.start and session.end <= r.end for r in person.hours.week[weekday]
    ):
        yield Reason(ReasonCode.OUTSIDE_HOURS, facts)
    if _meets(person.no_go, weekday, session):
        yield Reason(ReasonCode.NO_GO, facts)


def _meets(week: Week, weekday: int, session: LocalSession) -> bool:
    return any(session.start < r.end and r.start < session.end for r in week[weekday])


def _calendar_obstacles(
    rule: CadenceRule, person: Person, span: TimeSpan, session: LocalSession
) -> Iterator[Reason]:
    facts = _about(person, session)
    if _overlaps(person.busy, span, BLOCKS, rule.buffer_minutes):
        yield Reason(ReasonCode.BUSY, facts)
    # With a policy that blocks, a tentative entry is kept clear of like any other.
    if rule.tentative is TentativePolicy.BLOCKS and _overlaps(
        person.busy, span, TENTATIVE, rule.buffer_minutes
    ):
        yield Reason(ReasonCode.TENTATIVE, facts)


def is_tentative(person: Person, span: TimeSpan) -> bool:
    """Whether the person holds some of that time tentatively."""
    return _overlaps(person.busy, span, TENTATIVE, 0)


def _overlaps(table: BusyTable, span: TimeSpan, effect: int, buffer: int) -> bool:
    start, end = epoch_minute(span.start) - buffer, epoch_minute(span.end) + buffer
    touching = (table.start < end) & (table.end > start) & (table.start < table.end)
    return bool(np.any(touching & (table.effect == effect)))


def _load_obstacles(
    rule: CadenceRule, person: Person, span: TimeSpan, session: LocalSession, own: list[TimeSpan]
) -> Iterator[Reason]:
    facts = _about(person, session)
    if any(span.start < o.end + rule.buffer and o.start < span.end + rule.buffer for o in own):
        yield Reason(ReasonCode.OWN_SESSION, facts)
    days = [on_local_day(other, person.zone).day for other in own]
    cap = rule.max_per_person_per_day
    if cap is not None and days.count(session.day) >= cap:
        yield Reason(ReasonCode.DAY_CAP, {**facts, "cap": cap})
    cap = rule.max_per_person_per_week
    monday = monday_of(session.day)
    if cap is not None and [monday_of(day) for day in days].count(monday) >= cap:
        yield Reason(ReasonCode.WEEK_CAP, {**facts, "cap": cap, "date": monday.isoformat()})


def monday_of(day: date) -> date:
    """The Monday of a date's week."""
    return day - timedelta(days=day.weekday())


def too_near(
    request: PairRequest, mentor_zone: str, span: TimeSpan, neighbours: Iterable[KeptSession]
) -> Reason | None:
    """The gap rule between a moved session and its neighbours, by dates of the mentor's zone."""
    gap = request.rule.min_gap_days
    if not gap:
        return None
    day = on_local_day(span, mentor_zone).day
    for neighbour in neighbours:
        if abs((on_local_day(neighbour.span, mentor_zone).day - day).days) < gap:
            return Reason(ReasonCode.GAP, {"days": gap})
    return None
