"""Random pairs, calendars and instants for laws that hold for every decision."""

from dataclasses import replace
from datetime import date, datetime, time, timedelta

from hypothesis import strategies as st

from scheduling.cadence import SeriesSlot
from scheduling.changes.situation import Situation
from scheduling.changes.views import (
    CancelCause,
    ConflictSeen,
    KnownTime,
    Member,
    OccurrenceView,
    PairState,
    PairView,
    Pause,
    Response,
    SeriesDecline,
    SeriesView,
    SessionState,
    SessionView,
    Standing,
    Time,
    UnreadableTime,
)
from scheduling.freebusy import Answer
from scheduling.people import BusyItem, FreeBusyStatus
from scheduling.timespan import TimeSpan
from tests.scheduling.builders import at, person
from tests.scheduling.changes.builders import DAY, HOUR, LONDON, NEW_YORK, RULE, SYDNEY

STARTS = (date(2027, 3, 1), date(2027, 9, 20), date(2027, 10, 11))
"""Clocks change in London, New York or Sydney within the weeks that follow each."""
ZONES = ((LONDON, LONDON), (LONDON, NEW_YORK), (SYDNEY, SYDNEY), (NEW_YORK, NEW_YORK))
WINDOWS = 4


def _usual(start: date, window: int, zone: str) -> TimeSpan:
    begin = at(zone, start + DAY + timedelta(weeks=2 * window), "10:00")
    return TimeSpan(begin, begin + HOUR)


def _nudged(span: TimeSpan, days: int, hours: int) -> TimeSpan:
    away = timedelta(days=days, hours=hours)
    return TimeSpan(span.start + away, span.end + away)


@st.composite
def sessions(draw: st.DrawFn, window: int, usual: TimeSpan, now: datetime) -> SessionView:
    """A session in any state a store may hold it in."""
    state = draw(st.sampled_from([SessionState.SCHEDULED] * 5 + [SessionState.CANCELLED]))
    moved = draw(st.sampled_from([(0, 0), (0, 0), (1, 2), (2, 0), (-1, 1)]))
    conflicts = ()
    if draw(st.booleans()):
        since = now - timedelta(hours=draw(st.integers(1, 60)))
        conflicts = (ConflictSeen("jo", since, since, draw(st.integers(1, 2))),)
    live = state is SessionState.SCHEDULED
    return SessionView(
        id=f"s{window}",
        window=window,
        state=state,
        recurrence_id=usual.start,
        planned=usual,
        span=_nudged(usual, *moved),
        moves=draw(st.integers(0, 3)),
        declines=draw(st.integers(0, 1)),
        conflicts=conflicts if live else (),
        moved_by_person=draw(st.booleans()) if moved != (0, 0) else False,
        cause=None if live else draw(st.sampled_from(list(CancelCause))),
        held=draw(st.sampled_from([None, True, False])),
    )


@st.composite
def responses(draw: st.DrawFn, near: TimeSpan, now: datetime) -> tuple[Response, ...]:
    """Answers of the two and of somebody who was added, with or without a proposal."""
    found = []
    for who in ("jo", "sam", "assistant"):
        answer = draw(st.sampled_from([*Answer, Answer.NONE, Answer.NONE]))
        proposed = None
        if answer in (Answer.DECLINED, Answer.TENTATIVE) and draw(st.booleans()):
            away = draw(st.tuples(st.integers(-3, 5), st.integers(-4, 6)))
            proposed = _nudged(near, *away)
        said_at = now - timedelta(hours=draw(st.integers(1, 90)))
        if answer is not Answer.NONE or proposed:
            found.append(Response(who, answer, said_at, proposed))
    return tuple(found)


@st.composite
def calendars(draw: st.DrawFn, view: PairView, now: datetime) -> SeriesView | None:
    """What the organizer's calendar shows: the store's dates, answered, some moved or gone."""
    if draw(st.integers(0, 9)) == 0:
        return None
    occurrences = []
    for session in view.sessions:
        fate = draw(st.sampled_from(["same"] * 6 + ["moved", "gone"]))
        if not session.is_live or fate == "gone":
            continue
        span = _nudged(session.span, 1, 1) if fate == "moved" else session.span
        occurrences.append(
            OccurrenceView(
                f"e{session.id}", session.recurrence_id, span, draw(responses(span, now))
            )
        )
    read = TimeSpan(now - timedelta(days=60), now + timedelta(days=200))
    alive = draw(st.integers(0, 9)) > 0
    series = draw(responses(view.sessions[0].span, now)) if draw(st.booleans()) else ()
    return SeriesView(alive, read, tuple(occurrences) if alive else (), series)


@st.composite
def times(draw: st.DrawFn, zones: tuple[str, str], now: datetime) -> Time:
    """Both people's time with appointments around ``now``, or unreadable."""
    if draw(st.integers(0, 5)) == 0:
        return UnreadableTime((draw(st.sampled_from(["jo", "sam"])),))
    people = []
    for name, zone in zip(("jo", "sam"), zones, strict=True):
        items = []
        for _ in range(draw(st.integers(0, 6))):
            begin = now + timedelta(hours=draw(st.integers(0, 24 * 21)))
            length = timedelta(hours=draw(st.sampled_from([1, 3, 10, 30])))
            status = draw(st.sampled_from([FreeBusyStatus.BUSY, FreeBusyStatus.TENTATIVE]))
            items.append(BusyItem(begin, begin + length, status))
        people.append(person(name, zone, items))
    return KnownTime(people[0], people[1])


@st.composite
def situations(draw: st.DrawFn) -> Situation:
    """A pair somewhere in its four windows, with anything that may have happened to it."""
    start, zones = draw(st.sampled_from(STARTS)), draw(st.sampled_from(ZONES))
    now = at(zones[0], start, "00:00") + timedelta(minutes=15 * draw(st.integers(0, 96 * 63)))
    standing = draw(st.sampled_from([Standing.ACTIVE] * 9 + list(Standing)))
    first = start + timedelta(days=draw(st.integers(0, 50)))
    pause = Pause(first, first + timedelta(days=draw(st.integers(0, 20))))
    declines = (SeriesDecline("sam", now - timedelta(days=draw(st.integers(1, 9)))),)
    end = start + timedelta(days=draw(st.integers(20, 80)))
    view = PairView(
        id="p",
        mentor=Member("jo", zones[0]),
        mentee=Member("sam", zones[1], standing),
        rule=replace(RULE, occurrences=WINDOWS),
        start_date=start,
        state=PairState.BOOKED,
        series=SeriesSlot(zones[0], 1, time(10), 0, start + DAY),
        booked_at=now - timedelta(days=draw(st.integers(1, 60))),
        pause=pause if draw(st.integers(0, 4)) == 0 else None,
        program_end=end if draw(st.integers(0, 4)) == 0 else None,
        withdrawn=draw(st.integers(0, 14)) == 0,
        series_declines=declines if draw(st.integers(0, 5)) == 0 else (),
        sessions=tuple(draw(sessions(k, _usual(start, k, zones[0]), now)) for k in range(WINDOWS)),
    )
    mails = {"jo": draw(st.integers(0, 2)), "sam": draw(st.integers(0, 2))}
    return Situation.at(
        now, view, draw(calendars(view, now)), draw(times(zones, now)), mails_this_week=mails
    )
