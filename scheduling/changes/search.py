"""Other times for a date or a series, asked of the planner for a pair as it stands now."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import numpy as np

from scheduling.alternatives import OFFERED, alternatives, series_alternatives
from scheduling.cadence import SeriesSlot, zone_info
from scheduling.changes.acts import MoveDate, ReplaceDate
from scheduling.changes.situation import Situation
from scheduling.changes.views import (
    KnownTime,
    PairView,
    ReplyKey,
    SessionView,
    StoodAlready,
)
from scheduling.fits import still_fits, too_near
from scheduling.people import BLOCKS, Person, epoch_minute, instant_at
from scheduling.problem import KeptSession, PairRequest, Problem
from scheduling.rule import MOST_OCCURRENCES, CadenceRule
from scheduling.timespan import TimeSpan

_DAY = timedelta(days=1)


def other_hours(
    situation: Situation,
    known: KnownTime,
    window: int,
    *,
    avoid: Iterable[TimeSpan] = (),
    count: int = OFFERED,
) -> tuple[TimeSpan, ...]:
    """Times in a cadence window that suit both, best first; possibly none.

    None begins within the freeze, on a paused date or after the program's end.
    """
    problem = problem_of(situation, known, windows=range(window, window + 1))
    if window >= problem.pairs[0].rule.occurrences:
        return ()
    found = alternatives(problem, situation.pair.id, window, count=count, avoid=avoid)
    spans = (TimeSpan(a.start, a.end) for a in found)
    return tuple(span for span in spans if not after_program(situation.pair, span))


def nearest_hour(
    situation: Situation, known: KnownTime, session: SessionView, near: datetime
) -> TimeSpan | None:
    """The free hour nearest to ``near`` in the session's window, not overlapping the old one.

    Steps away from ``near`` to both sides by the rule's grid; within the tolerance and the
    gap like any other move.
    """
    pair = situation.pair
    suits = _suits(situation, known, session)
    step = timedelta(minutes=pair.rule.slot_step_minutes)
    for n in range(2 * pair.rule.window_days * (_DAY // step)):
        away = step * ((n + 1) // 2)
        start = near + away if n % 2 else near - away
        span = TimeSpan(start, start + session.span.length)
        if not span.overlaps(session.span) and suits(span):
            return span
    return None


def suits_both(
    situation: Situation, known: KnownTime, session: SessionView, span: TimeSpan
) -> bool:
    """Whether a date may be held then as things are now: hours, calendars, window, gap, caps."""
    return _suits(situation, known, session)(span)


def _suits(
    situation: Situation, known: KnownTime, session: SessionView
) -> Callable[[TimeSpan], bool]:
    pair, window = situation.pair, session.window
    problem = problem_of(situation, known, range(window, window + 1))
    request = problem.pairs[0]
    mentor, mentee = (problem.people[m.id] for m in pair.members)

    def suits(span: TimeSpan) -> bool:
        if window_of(pair.start_date, pair.rule, pair.day_of(span.start)) != window:
            return False
        if after_program(pair, span) or beyond_tolerance(pair, session, span):
            return False
        if too_near(request, pair.zone, span, request.kept):
            return False
        obstacle = still_fits(
            request, (mentor, mentee), span, now=situation.now, commitments=problem.commitments
        )
        return obstacle is None

    return suits


def after_program(pair: PairView, span: TimeSpan) -> bool:
    """Whether a session would end after the program does."""
    return pair.program_end is not None and pair.day_of(span.end) > pair.program_end


def beyond_tolerance(pair: PairView, session: SessionView, span: TimeSpan) -> bool:
    """Whether a time lies too many working days from where the series puts the session."""
    tolerance = pair.rule.tolerance_working_days
    usual = pair.day_of(session.recurrence_id)
    return tolerance is not None and (
        working_days_apart(pair, usual, pair.day_of(span.start)) > tolerance
    )


def working_days_apart(pair: PairView, one: date, other: date) -> int:
    """Working days of the pair between two dates, the later one included."""
    first, last = min(one, other), max(one, other)
    days = (first + timedelta(days=n) for n in range(1, (last - first).days + 1))
    return sum(d.weekday() in pair.rule.weekdays and d not in pair.closed_dates for d in days)


def other_series(
    situation: Situation, known: KnownTime, *, avoid: Iterable[SeriesSlot] = ()
) -> tuple[SeriesSlot, ...]:
    """Five regular hours for the windows to come, none within an hour of ``avoid``."""
    pair = situation.pair
    first = next_window(pair, situation.now)
    windows = range(first, pair.rule.occurrences)
    if not windows:
        return ()
    problem = problem_of(situation, known, windows=windows)
    # Dates to come give way to the new series; past ones keep their windows.
    past = tuple(k for k in problem.pairs[0].kept if k.span.start <= situation.now)
    open_pair = replace(problem.pairs[0], series=None, kept=past)
    found = series_alternatives(replace(problem, pairs=(open_pair,)), pair.id, avoid=avoid)
    return tuple(option.series for option in found)


def problem_of(situation: Situation, known: KnownTime, windows: range) -> Problem:
    """The planning problem of a pair whose other windows stay as they are."""
    pair = situation.pair
    rule = pair.rule
    known = known.reaching(_end_of(pair, windows))
    far = max(windows.stop, rule.occurrences)
    rule = replace(
        rule,
        occurrences=min(far, MOST_OCCURRENCES),
        min_notice=max(rule.min_notice, situation.limits.freeze),
    )
    kept = tuple(
        KeptSession(session.window, session.span)
        for session in pair.current
        if session.is_live and session.window not in windows
    )
    request = PairRequest(
        id=pair.id,
        mentor=pair.mentor.id,
        mentee=pair.mentee.id,
        rule=rule,
        start_date=pair.start_date,
        windows=windows,
        kept=kept,
        series=pair.series,
    )
    return Problem(
        people={p.id: _beside_pauses(p, pair) for p in known.people},
        pairs=(request,),
        now=situation.now,
        commitments=known.commitments,
        anchor_zones=known.anchor_zones,
    )


def _end_of(pair: PairView, windows: range) -> datetime:
    """An instant after the last of these windows, wherever on Earth."""
    day = pair.start_date + windows.stop * pair.rule.window_days * _DAY
    return datetime.combine(day + _DAY, time(), UTC)


def _beside_pauses(person: Person, pair: PairView) -> Person:
    if pair.pause is None:
        return person
    length = (pair.pause.last - pair.pause.first).days + 1
    paused = {pair.pause.first + n * _DAY for n in range(length)}
    return replace(person, absent_dates=person.absent_dates | paused)


def next_window(pair: PairView, now: datetime) -> int:
    """The first cadence window that begins after ``now``."""
    days = (pair.day_of(now) - pair.start_date).days
    return max(0, days // pair.rule.window_days + 1)


def window_of(start_date: date, rule: CadenceRule, day: date) -> int:
    """The cadence window a date lies in; below zero before the first."""
    return (day - start_date).days // rule.window_days


def held_over(pair: PairView) -> set[int]:
    """Windows of the current generation in which a date of an earlier one stands."""
    stays = (s for s in pair.sessions if s.is_live and s.generation != pair.generation)
    days = (pair.day_of(s.span.start) for s in stays if s.held is not False)
    windows = {window_of(pair.start_date, pair.rule, day) for day in days}
    return {window for window in windows if 0 <= window < pair.rule.occurrences}


def change_of_time(
    pair: PairView,
    session: SessionView,
    to: TimeSpan,
    *,
    reply: ReplyKey | None = None,
    decline: bool = False,
) -> MoveDate | ReplaceDate:
    """A move of the session's own event, or a single event where none can be moved."""
    if not session.is_single and crosses_neighbour(pair, session, to):
        return ReplaceDate(session.id, to, reply, decline)
    return MoveDate(session.id, to, reply, decline)


def change_by_person(
    situation: Situation,
    session: SessionView,
    to: TimeSpan,
    *,
    reply: ReplyKey | None = None,
    decline: bool = False,
) -> MoveDate | ReplaceDate:
    """As ``change_of_time``, to a time that somebody chose, whatever stands there."""
    change = change_of_time(situation.pair, session, to, reply=reply, decline=decline)
    return replace(change, by_person=True, stood=standing_over(situation.known, to))


def standing_over(known: KnownTime | None, span: TimeSpan) -> tuple[StoodAlready, ...]:
    """Both people's firm appointments over ``span``; none where their time cannot be read."""
    if known is None:
        return ()
    people = known.reaching(span.end).people
    return tuple(StoodAlready(p.id, entry) for p in people for entry in firm_over(p, span))


def firm_over(person: Person, span: TimeSpan) -> list[TimeSpan]:
    """Firm entries over ``span``; tentative holds and invitations do not count."""
    table = person.busy
    start, end = epoch_minute(span.start), epoch_minute(span.end)
    over = (table.start < end) & (table.end > start) & (table.start < table.end)
    found = np.flatnonzero(over & (table.effect == BLOCKS))
    return [TimeSpan(instant_at(table.start[n]), instant_at(table.end[n])) for n in found]


def crosses_neighbour(pair: PairView, session: SessionView, to: TimeSpan) -> bool:
    """Whether ``to`` lies on or beyond the day of the occurrence before or after.

    Exchange refuses such a move (``ErrorOccurrenceCrossingBoundary``). Days are counted in
    the zone of the series; single events are no neighbours.
    """
    zone = zone_info(pair.series.zone if pair.series else pair.zone)
    day = to.start.astimezone(zone).date()
    for other in pair.current:
        if other.id == session.id or other.is_single or not other.is_live:
            continue
        theirs = other.span.start.astimezone(zone).date()
        if other.recurrence_id < session.recurrence_id and day <= theirs:
            return True
        if other.recurrence_id > session.recurrence_id and day >= theirs:
            return True
    return False
