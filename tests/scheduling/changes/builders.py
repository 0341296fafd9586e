"""A pair of six dates on Tuesdays, booked and healthy; a test states the one fact that matters."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

from scheduling.cadence import SeriesSlot
from scheduling.changes.acts import Act, Decision
from scheduling.changes.decide import decide
from scheduling.changes.reasons import ChangeCode
from scheduling.changes.situation import Situation
from scheduling.changes.views import (
    KnownTime,
    Member,
    OccurrenceView,
    PairState,
    PairView,
    Response,
    SeriesView,
    SessionState,
    SessionView,
    Time,
)
from scheduling.freebusy import Answer
from scheduling.people import BusyItem
from scheduling.rule import CadenceRule
from scheduling.timespan import TimeSpan
from tests.scheduling.builders import at, busy, person

LONDON, NEW_YORK, SYDNEY = "Europe/London", "America/New_York", "Australia/Sydney"
START = date(2027, 3, 1)
"""A Monday; clocks go forward in London on 28 March, back in Sydney on 4 April."""
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
RULE = CadenceRule(occurrences=6, minimum_held=None, shorter_than_four_months=True)


def hour(day: date, clock: str = "10:00", zone: str = LONDON) -> TimeSpan:
    """The hour that begins at that wall-clock time."""
    start = at(zone, day, clock)
    return TimeSpan(start, start + HOUR)


def tuesday(window: int) -> date:
    """The date of the series in a cadence window."""
    return START + timedelta(days=1, weeks=2 * window)


def slot(zone: str = LONDON, clock: time = time(10)) -> SeriesSlot:
    """Tuesdays at ten in the first week of each window."""
    return SeriesSlot(zone, 1, clock, 0, START + DAY)


def session(window: int, **facts: object) -> SessionView:
    """The scheduled session of a window at its usual hour, unless told otherwise."""
    usual = hour(tuesday(window))
    plain = SessionView(
        id=f"s{window}",
        window=window,
        state=SessionState.SCHEDULED,
        recurrence_id=usual.start,
        planned=usual,
        span=usual,
    )
    return replace(plain, **facts)  # type: ignore[arg-type]


def pair(**facts: object) -> PairView:
    """Jo (mentor) and Sam (mentee) in London, booked long ago."""
    plain = PairView(
        id="p",
        mentor=Member("jo", LONDON),
        mentee=Member("sam", LONDON),
        rule=RULE,
        start_date=START,
        state=PairState.BOOKED,
        series=slot(),
        booked_at=datetime(2027, 1, 4, tzinfo=UTC),
        sessions=tuple(session(k) for k in range(6)),
    )
    return replace(plain, **facts)  # type: ignore[arg-type]


def with_session(view: PairView, window: int, **facts: object) -> PairView:
    """The pair with facts of one session changed."""
    return view.with_session(replace(view.session(f"s{window}"), **facts))  # type: ignore[arg-type]


def calendar(view: PairView, **facts: object) -> SeriesView:
    """What the organizer's calendar shows if it agrees with the store."""
    occurrences = tuple(
        OccurrenceView(
            event_id=s.event_id or f"e-{s.id}",
            recurrence_id=None if s.is_single else s.recurrence_id,
            span=s.span,
        )
        for s in view.sessions
        if s.is_live
    )
    read = TimeSpan(datetime(2027, 1, 1, tzinfo=UTC), datetime(2027, 12, 31, tzinfo=UTC))
    return replace(SeriesView(alive=True, read=read, occurrences=occurrences), **facts)  # type: ignore[arg-type]


def answered(
    shown: SeriesView,
    window: int,
    who: str,
    answer: Answer = Answer.DECLINED,
    at: datetime | None = datetime(2027, 3, 1, 12, tzinfo=UTC),
    proposed: TimeSpan | None = None,
) -> SeriesView:
    """The calendar with one answer to the date of a window."""
    usual = hour(tuesday(window)).start
    occurrences = tuple(
        replace(o, responses=(*o.responses, Response(who, answer, at, proposed)))
        if o.recurrence_id == usual or o.event_id == f"s{window}"
        else o
        for o in shown.occurrences
    )
    return replace(shown, occurrences=occurrences)


def known(
    jo: Iterable[BusyItem] = (),
    sam: Iterable[BusyItem] = (),
    zones: tuple[str, str] = (LONDON, LONDON),
) -> KnownTime:
    """Both people's time: empty office weeks but for what is given."""
    return KnownTime(person("jo", zones[0], jo), person("sam", zones[1], sam))


def blocked(day: date, begin: str = "10:00", end: str = "11:00") -> BusyItem:
    """A firm appointment on a day in London."""
    return busy(LONDON, day, begin, end)


def situation(
    now: datetime,
    view: PairView | None = None,
    shown: SeriesView | None = None,
    time: Time | None = None,
    mails: dict[str, int] | None = None,
) -> Situation:
    """The situation at an instant; a calendar that agrees and free time unless given."""
    view = view or pair()
    return Situation.at(now, view, shown or calendar(view), time or known(), mails_this_week=mails)


def codes(decided: Sequence[Decision]) -> list[ChangeCode]:
    """The codes of decisions in order."""
    return [one.reason.code for one in decided]


def acts(decided: Sequence[Decision], *kinds: type) -> list[Act]:
    """All acts of some kinds, in order."""
    return [a for one in decided for a in one.acts if not kinds or isinstance(a, kinds)]


def decided(now: datetime, *views: object, **facts: object) -> tuple[Decision, ...]:
    """What is decided in a situation built as ``situation`` does."""
    return decide(situation(now, *views, **facts))  # type: ignore[arg-type]
