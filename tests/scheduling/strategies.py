"""Random problems for laws that hold for every plan."""

from datetime import UTC, date, datetime, time, timedelta

from hypothesis import strategies as st

from scheduling.people import BusyItem, BusyTable, FreeBusyStatus, Person, WorkingHours
from scheduling.problem import PairRequest, Problem
from scheduling.rule import CadenceRule

ZONES = ("Europe/London", "America/New_York", "Australia/Sydney", "Asia/Kolkata", "Europe/Berlin")
STARTS = (date(2027, 3, 1), date(2027, 9, 20), date(2027, 1, 4))
STATUSES = (
    FreeBusyStatus.BUSY,
    FreeBusyStatus.BUSY,
    FreeBusyStatus.TENTATIVE,
    FreeBusyStatus.OOF,
    FreeBusyStatus.FREE,
)

rules = st.builds(
    CadenceRule,
    interval_weeks=st.sampled_from([1, 2]),
    occurrences=st.integers(2, 5),
    slot_step_minutes=st.sampled_from([15, 30]),
    weekdays=st.sampled_from([frozenset(range(5)), frozenset([0, 2]), frozenset(range(7))]),
    earliest_local=st.just(time(8)),
    latest_local=st.sampled_from([time(18), time(22)]),
    buffer=st.sampled_from([timedelta(0), timedelta(minutes=10)]),
    min_gap_days=st.sampled_from([None, 3, 6]),
    tolerance_working_days=st.sampled_from([None, 2, 4]),
    max_per_person_per_day=st.sampled_from([1, 2]),
    max_per_person_per_week=st.sampled_from([1, 2]),
    minimum_held=st.none(),
    shorter_than_four_months=st.just(True),
)


@st.composite
def calendars(draw: st.DrawFn, start: date, days: int) -> list[BusyItem]:
    """Long entries scattered over the horizon, so that dates do clash."""
    items = []
    midnight = datetime(start.year, start.month, start.day, tzinfo=UTC)
    for _ in range(draw(st.integers(0, 25))):
        begin = midnight + timedelta(
            days=draw(st.integers(0, days)), minutes=15 * draw(st.integers(0, 90))
        )
        length = timedelta(minutes=15 * draw(st.sampled_from([2, 4, 20, 40, 300])))
        items.append(BusyItem(begin, begin + length, draw(st.sampled_from(STATUSES))))
    return items


@st.composite
def people(draw: st.DrawFn, name: str, start: date, days: int) -> Person:
    """Somebody in one of five zones, on three hemispheres' clocks."""
    begin = draw(st.sampled_from([480, 510, 540]))
    worked = draw(st.sampled_from([range(7), range(5), (0, 1, 3)]))
    return Person(
        id=name,
        zone=draw(st.sampled_from(ZONES)),
        hours=WorkingHours.every(worked, begin, draw(st.sampled_from([960, 1050, 1320]))),
        busy=BusyTable.of(draw(calendars(start, days))),
    )


@st.composite
def problems(draw: st.DrawFn, pairs: tuple[tuple[str, str], ...]) -> Problem:
    """A problem with the given pairs under one random rule."""
    rule, start = draw(rules), draw(st.sampled_from(STARTS))
    names = sorted({name for pair in pairs for name in pair})
    known = {name: draw(people(name, start, rule.horizon_days)) for name in names}
    asked = tuple(
        PairRequest(id=f"{a}{b}", mentor=a, mentee=b, rule=rule, start_date=start) for a, b in pairs
    )
    now = datetime(start.year, start.month, start.day, tzinfo=UTC) - timedelta(days=1)
    return Problem(people=known, pairs=asked, now=now)
