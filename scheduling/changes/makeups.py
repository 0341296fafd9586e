"""Make-ups: another date for each lost one, planned before anything else is."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from scheduling.cadence import utc_of_local
from scheduling.changes.acts import BookDate, Decision, RaiseNeed, ReadyAct, decision
from scheduling.changes.limits import shown
from scheduling.changes.reasons import ChangeCode
from scheduling.changes.search import held_over, other_hours, window_of
from scheduling.changes.situation import Situation
from scheduling.changes.views import (
    EXCUSED,
    PairState,
    PairView,
    SessionState,
    session_id_of,
)
from scheduling.timespan import TimeSpan

_SHORT = (ReadyAct.LOWER_MINIMUM, ReadyAct.OFFER_HOURS, ReadyAct.PAUSE, ReadyAct.TALK)


def missing_dates(pair: PairView, now: datetime) -> int:
    """How many dates are owed: planned ones less those excused, but at least the minimum.

    A date counts while it stands, and afterwards unless its verdict is against it.
    """
    sessions = pair.current
    excused = sum(s.cause in EXCUSED for s in sessions if not s.is_live)
    target = max(pair.rule.occurrences - excused, pair.rule.minimum_held or 0)
    # Windows that have no session yet are waiting to be added, not lost.
    kept = held_over(pair)
    unborn = pair.rule.occurrences - len({s.window for s in sessions if not s.make_up} | kept)
    standing = [
        s
        for s in sessions
        if s.state is SessionState.PLANNED or (s.is_live and s.held is not False)
    ]
    more = len(kept - {s.window for s in standing})
    return max(0, target - len(standing) - more - max(0, unborn))


def last_chance(situation: Situation) -> datetime:
    """The end of the last date on which a make-up may lie.

    Some weeks after the last planned one, and never after the program's end.
    """
    pair = situation.pair
    planned = [s.planned.end for s in pair.current if s.window < pair.rule.occurrences]
    last = max(planned, default=situation.now)
    day = pair.day_of(last) + timedelta(weeks=situation.limits.make_up_weeks)
    if pair.program_end is not None:
        day = min(day, pair.program_end)
    return utc_of_local(day + timedelta(days=1), datetime.min.time(), pair.zone)


def made_up(situation: Situation) -> Iterator[Decision]:
    """A make-up for each date owed: in its own window if that has room, else after the last."""
    pair, known = situation.pair, situation.known
    if pair.state is not PairState.BOOKED or known is None or not pair.current:
        return
    if RaiseNeed(ChangeCode.SERIES_DELETED).key in pair.needs:
        # Somebody took the whole series away: whether it is booked again is not ours to say.
        return
    missing, limit = missing_dates(pair, situation.now), last_chance(situation)
    # Whoever ended the pair through Tandem after the backup must not be invited again.
    places = iter(()) if pair.may_have_ended else _places(situation, limit)
    for window, session_id in places:
        if missing == 0:
            return
        hours = (
            span
            for span in other_hours(situation, known, window, avoid=_lost(pair, window))
            if span.end <= limit
        )
        span = next(hours, None)
        if span is not None:
            missing -= 1
            booked = decision(
                ChangeCode.MAKE_UP,
                BookDate(session_id, window, span),
                session=session_id,
                to=shown(span.start),
            )
            yield booked
            situation = situation.after(booked)
    if missing:
        need = RaiseNeed(ChangeCode.SHORTFALL, ready=_SHORT)
        until = pair.day_of(limit) - timedelta(days=1)
        yield decision(ChangeCode.SHORTFALL, need, missing=missing, until=until.isoformat())


def _places(situation: Situation, limit: datetime) -> Iterator[tuple[int, str]]:
    """Windows without a live date and the session a make-up there would be, soonest first."""
    pair = situation.pair
    today = window_of(pair.start_date, pair.rule, pair.day_of(situation.now))
    last = window_of(pair.start_date, pair.rule, pair.day_of(limit))
    full = {s.window for s in pair.current if s.is_live or s.state is SessionState.PLANNED}
    full |= held_over(pair)
    by_window = {s.window: s for s in pair.current if s.window not in full}
    for window in range(max(today, 0), last + 1):
        lost = by_window.get(window)
        if window in full or (lost is None and window < pair.rule.occurrences):
            continue
        if lost is not None and lost.id in situation.claimed:
            continue
        yield window, lost.id if lost else session_id_of(pair.id, pair.generation, window)


def _lost(pair: PairView, window: int) -> list[TimeSpan]:
    """Hours that were lost in this window and are not offered again."""
    return [s.span for s in pair.current if s.window == window]
