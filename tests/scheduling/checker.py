"""An independent judge of plans in plain datetimes: shares no code with the planner.

Follows the format page: sessions are taken in time order, and one that is outside
somebody's hours, meets an entry, collides or breaks a cap is a conflict.
"""

import itertools
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from scheduling.people import BusyItem, FreeBusyStatus, Person
from scheduling.plan import PairPlan, Plan
from scheduling.problem import PairRequest, Problem
from scheduling.rule import CadenceRule, TentativePolicy


@dataclass(frozen=True)
class Session:
    """A session of a plan as the checker sees it."""

    start: datetime
    order: int
    pair: PairRequest
    window: int
    moved: bool

    @property
    def end(self) -> datetime:
        return self.start + self.pair.rule.duration


def conflicts(problem: Problem, plan: Plan) -> list[str]:
    """Everything wrong with a plan, one line each; an empty list means it is clean."""
    found: list[str] = []
    sessions: list[Session] = []
    for order, pair in enumerate(problem.pairs):
        result = plan.pairs[pair.id]
        if isinstance(result, PairPlan):
            mine = [_session(order, pair, s.window, s.start, s.moved) for s in result.sessions]
            found += [f"{pair.id}: {fault}" for fault in _series_faults(pair, result)]
            found += [f"{pair.id}: {fault}" for fault in _spacing(problem, pair, result, mine)]
            sessions += mine
    for session in sorted(sessions, key=lambda s: (s.start, s.order)):
        for name in session.pair.members:
            for fault in _faults(problem, problem.people[name], session):
                found.append(f"{session.pair.id} {session.start:%Y-%m-%d %H:%M}Z: {fault}")
    found += _own_faults(problem, sorted(sessions, key=lambda s: (s.start, s.order)))
    return found


def _session(order: int, pair: PairRequest, window: int, start: datetime, moved: bool) -> Session:
    return Session(start, order, pair, window, moved)


def _local(instant: datetime, person: Person) -> datetime:
    return instant.astimezone(ZoneInfo(person.zone))


def _series_faults(pair: PairRequest, result: PairPlan) -> list[str]:
    """A session that is not moved keeps the wall clock of the series; windows are used once."""
    rule, series, faults = pair.rule, result.series, []
    for session in result.sessions:
        if session.moved:
            continue
        local = session.start.astimezone(ZoneInfo(series.zone))
        week = session.window * rule.interval_weeks + series.phase
        day = pair.start_date + timedelta(weeks=week, days=series.weekday)
        if (local.date(), local.time()) != (day, series.start):
            faults.append(f"window {session.window} is not on the series slot")
    windows = [s.window for s in result.sessions] + [s.window for s in result.skipped]
    if sorted(windows) != sorted(pair.open_windows):
        faults.append("windows are missing or used twice")
    return faults


def _spacing(
    problem: Problem, pair: PairRequest, result: PairPlan, mine: list[Session]
) -> list[str]:
    rule, faults = pair.rule, []
    mentor = problem.people[pair.mentor]
    by_window = sorted(mine, key=lambda s: s.window)
    for a, b in itertools.pairwise(by_window):
        apart = (_local(b.start, mentor).date() - _local(a.start, mentor).date()).days
        if (a.moved or b.moved) and apart < (rule.min_gap_days or 0):
            faults.append(f"windows {a.window} and {b.window} are {apart} days apart")
    off = rule.blackout_dates | mentor.absent_dates | problem.people[pair.mentee].absent_dates
    for session in by_window:
        if session.moved and rule.tolerance_working_days is not None:
            series = result.series
            day = series.first_date + timedelta(weeks=session.window * rule.interval_weeks)
            usual = datetime.combine(day, series.start, ZoneInfo(series.zone))
            days = sorted((_local(usual, mentor).date(), _local(session.start, mentor).date()))
            between = (days[0] + timedelta(days=n) for n in range((days[1] - days[0]).days))
            working = sum(d.weekday() < 5 and d not in off for d in between)
            if working > rule.tolerance_working_days:
                faults.append(f"window {session.window} lies {working} working days off")
    return faults


def _faults(problem: Problem, person: Person, session: Session) -> list[str]:
    rule = session.pair.rule
    start, end = _local(session.start, person), _local(session.end, person)
    day = start.date()
    midnight = datetime(2020, 1, 1, tzinfo=UTC)
    step = timedelta(minutes=rule.slot_step_minutes)
    ranges = person.hours.week[day.weekday()]
    weeks = rule.interval_weeks * rule.occurrences
    last = session.pair.start_date + timedelta(weeks=weeks, days=-1)
    window = (day - session.pair.start_date).days // (7 * rule.interval_weeks)
    wrong = {
        "outside the horizon": not session.pair.start_date <= day <= last,
        "not a weekday of the rule": day.weekday() not in rule.weekdays,
        "a closed date": day in rule.blackout_dates or day in person.absent_dates,
        "too soon": session.start < problem.now + rule.min_notice,
        "in another window": person.id == session.pair.mentor and window != session.window,
        "off the grid": bool((session.start - midnight) % step),
        "outside bookable hours": not _inside(start, end, rule.earliest_local, rule.latest_local),
        "outside working hours": not any(
            _inside(start, end, _clock(r.start), _clock(r.end)) for r in ranges
        ),
        "over an entry": any(
            _blocks(item, rule) and _meets(item, session, rule) for item in person.busy.items()
        ),
    }
    return [f"{fault} ({person.id})" for fault, holds in wrong.items() if holds]


def _clock(minute: int) -> time:
    return time(minute // 60 % 24, minute % 60)


def _inside(start: datetime, end: datetime, earliest: time, latest: time) -> bool:
    if end.date() != start.date():
        return latest == time(0) and end.time() == time(0) and start.time() >= earliest
    return start.time() >= earliest and (latest == time(0) or end.time() <= latest)


def _blocks(item: BusyItem, rule: CadenceRule) -> bool:
    if item.status is FreeBusyStatus.TENTATIVE:
        return rule.tentative is TentativePolicy.BLOCKS
    return item.status not in (FreeBusyStatus.FREE, FreeBusyStatus.WORKING_ELSEWHERE)


def _meets(item: BusyItem, session: Session, rule: CadenceRule) -> bool:
    if item.start == item.end:
        return False
    return item.start < session.end + rule.buffer and session.start < item.end + rule.buffer


def _own_faults(problem: Problem, sessions: list[Session]) -> list[str]:
    """Collisions and caps among own sessions and standing ones, person by person."""
    faults: list[str] = []
    for person in problem.people.values():
        mine = [s for s in sessions if person.id in s.pair.members]
        if not mine:
            continue
        spans = [(s.start, s.end, s.pair.rule.buffer) for s in mine]
        spans += [
            (c.span.start, c.span.end, timedelta(0))
            for c in problem.commitments
            if person.id in c.people
        ]
        spans.sort()
        for a, b in itertools.pairwise(spans):
            if b[0] < a[1] + max(a[2], b[2]):
                faults.append(f"{person.id} has two sessions at {b[0]:%Y-%m-%d %H:%M}Z")
        days = Counter(_local(start, person).date() for start, _, _ in spans)
        weeks: Counter[date] = Counter()
        for day, number in days.items():
            weeks[day - timedelta(days=day.weekday())] += number
        rules = [session.pair.rule for session in mine]
        faults += _over(person, days, [rule.max_per_person_per_day for rule in rules])
        faults += _over(person, weeks, [rule.max_per_person_per_week for rule in rules])
    return faults


def _over(person: Person, counted: Mapping[date, int], caps: list[int | None]) -> list[str]:
    cap = min((cap for cap in caps if cap is not None), default=len(caps) + 100)
    return [f"{person.id} has {n} sessions from {d}" for d, n in counted.items() if n > cap]


def soft_hits(problem: Problem, plan: Plan) -> int:
    """Soft hits of a plan under the policy that tentative time is soft."""
    total = 0
    for pair in problem.pairs:
        result = plan.pairs[pair.id]
        if not isinstance(result, PairPlan):
            continue
        for session in result.sessions:
            for name in pair.members:
                total += _soft(problem.people[name], pair.rule, session.start, session.end)
    return total


def _soft(person: Person, rule: CadenceRule, start: datetime, end: datetime) -> int:
    begin, finish = _local(start, person), _local(end, person)
    day = begin.date()
    hits = 0
    if rule.tentative is TentativePolicy.SOFT:
        hits += any(
            item.status is FreeBusyStatus.TENTATIVE and item.start < end and start < item.end
            for item in person.busy.items()
        )
    if rule.lunch is not None:
        hits += begin.time() < rule.lunch[1] and finish.time() > rule.lunch[0]
    ranges = person.hours.week[day.weekday()]
    midnight = begin.replace(hour=0, minute=0)
    opens = midnight + timedelta(minutes=ranges[0].start)
    closes = midnight + timedelta(minutes=ranges[-1].end)
    hits += begin < opens + rule.edge or finish > closes - rule.edge
    return hits
