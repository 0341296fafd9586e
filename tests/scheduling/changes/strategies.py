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
ZONES = ((LONDON, NEW_YORK), (SYDNEY, SYDNEY), (LONDON, LONDON), (NEW_YORK, NEW_YORK))
WINDOWS = 4


def _once_in(times: int) -> st.SearchStrategy[bool]:
    return st.sampled_from([False] * (times - 1) + [True])


def _usual(start: date, window: int, zone: str) -> TimeSpan:
    begin = at(zone, start + DAY + timedelta(weeks=2 * window), "10:00")
    return TimeSpan(begin, begin + HOUR)


def _nudged(span: TimeSpan, days: int, hours: int) -> TimeSpan:
    away = timedelta(days=days, hours=hours)
    return TimeSpan(span.start + away, span.end + away)


@st.composite
def sessions(draw: st.DrawFn, window: int, usual: TimeSpan, now: datetime) -> SessionView:
    """A session in any state a store may hold it in."""
    state = draw(st.sampled_from([SessionState.SCHEDULED] * 9 + [SessionState.CANCELLED]))
    moved = draw(st.sampled_from([(0, 0)] * 6 + [(1, 2), (2, 0), (-1, 1)]))
    conflicts: tuple[ConflictSeen, ...] = ()
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
        moves=draw(st.sampled_from([0, 0, 0, 1, 1, 2, 3])),
        declines=draw(st.sampled_from([0, 0, 0, 1])),
        conflicts=conflicts if live else (),
        moved_by_person=draw(st.booleans()) if moved != (0, 0) else False,
        cause=None if live else draw(st.sampled_from(list(CancelCause))),
        held=draw(st.sampled_from([None, True, True, True, False])),
    )


@st.composite
def responses(draw: st.DrawFn, near: TimeSpan, now: datetime) -> tuple[Response, ...]:
    """Answers of the two and of somebody who was added, with or without a proposal."""
    found = []
    said = ("jo", "sam", "assistant") if draw(_once_in(4)) else ("jo", "sam")
    for who in said:
        answer = draw(
            st.sampled_from(
                [Answer.NONE, Answer.DECLINED, Answer.TENTATIVE, Answer.NONE, Answer.ACCEPTED]
            )
        )
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
    if draw(_once_in(20)):
        return None
    occurrences = []
    for session in view.sessions:
        fate = draw(st.sampled_from(["same"] * 20 + ["moved", "gone"]))
        if not session.is_live or fate == "gone":
            continue
        span = _nudged(session.span, 1, 1) if fate == "moved" else session.span
        occurrences.append(
            OccurrenceView(
                f"e{session.id}", session.recurrence_id, span, draw(responses(span, now))
            )
        )
    read = TimeSpan(now - timedelta(days=60), now + timedelta(days=200))
    alive = not draw(_once_in(20))
    series = draw(responses(view.sessions[0].span, now)) if draw(_once_in(4)) else ()
    return SeriesView(alive, read, tuple(occurrences) if alive else (), series)


@st.composite
def times(draw: st.DrawFn, zones: tuple[str, str], view: PairView, now: datetime) -> Time:
    """Both people's time with appointments around ``now`` and over dates, or unreadable."""
    if draw(_once_in(8)):
        return UnreadableTime((draw(st.sampled_from(["jo", "sam"])),))
    people = []
    for name, zone in zip(("jo", "sam"), zones, strict=True):
        items = []
        for _ in range(draw(st.integers(0, 6))):
            begin = now + timedelta(hours=draw(st.integers(0, 24 * 21)))
            length = timedelta(hours=draw(st.sampled_from([1, 3, 10, 30])))
            status = draw(st.sampled_from([FreeBusyStatus.BUSY, FreeBusyStatus.TENTATIVE]))
            items.append(BusyItem(begin, begin + length, status))
        items += [BusyItem(s.span.start, s.span.end) for s in view.sessions if draw(_once_in(3))]
        people.append(person(name, zone, items))
    return KnownTime(people[0], people[1])


@st.composite
def situations(draw: st.DrawFn) -> Situation:
    """A pair somewhere in its four windows, with anything that may have happened to it."""
    start, zones = draw(st.sampled_from(STARTS)), draw(st.sampled_from(ZONES))
    clock = draw(st.sampled_from(["15:00", "13:00", "14:15", "16:30", "14:00", "15:45", "22:30"]))
    day = draw(st.sampled_from([0, 4, 10, 11, 14, 15, 16, 18, 25, 28, 29, 32, 39, 42, 43, 50, 57]))
    now = at(zones[0], start + day * DAY, clock)
    standing = draw(st.sampled_from([Standing.ACTIVE] * 20 + list(Standing)))
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
        last_on_record=None if draw(_once_in(4)) else now.date(),
        series=SeriesSlot(zones[0], 1, time(10), 0, start + DAY),
        booked_at=now - timedelta(days=draw(st.sampled_from([50, 60, 9]))),
        pause=pause if draw(_once_in(6)) else None,
        program_end=end if draw(_once_in(8)) else None,
        withdrawn=draw(_once_in(30)),
        series_declines=declines if draw(_once_in(5)) else (),
        sessions=tuple(draw(sessions(k, _usual(start, k, zones[0]), now)) for k in range(WINDOWS)),
    )
    mails = {who: draw(st.sampled_from([0, 0, 0, 1, 2])) for who in ("jo", "sam")}
    return Situation.at(
        now, view, draw(calendars(view, now)), draw(times(zones, view, now)), mails_this_week=mails
    )
