"""A date that looks alone has no news over it: what spares a watch most of its comparing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from scheduling.changes.conflicts import has_news_over, is_alone_over
from scheduling.freebusy import Answer, OwnSession, without_own_sessions
from scheduling.people import BusyItem, BusyTable, FreeBusyStatus, Person
from scheduling.timespan import TimeSpan

DATE = TimeSpan(datetime(2027, 2, 3, 10, tzinfo=UTC), datetime(2027, 2, 3, 11, tzinfo=UTC))
OURS = OwnSession(DATE, Answer.NONE)
HALF_HOUR = timedelta(minutes=30)


@st.composite
def entries(draw: st.DrawFn) -> BusyItem:
    """Something around the date, often of its very time."""
    start = DATE.start + draw(st.integers(-3, 3)) * HALF_HOUR
    length = draw(st.sampled_from((1, 2, 2, 4))) * HALF_HOUR
    return BusyItem(start, start + length, draw(st.sampled_from(FreeBusyStatus)))


def _person(items: list[BusyItem]) -> Person:
    return Person(id="ann", zone="Europe/London", busy=BusyTable.of(items))


@given(st.lists(entries(), max_size=5))
def test_over_a_date_that_looks_alone_nothing_is_left_once_our_own_is_taken_out(
    items: list[BusyItem],
) -> None:
    person = _person(items)
    left = without_own_sessions(person.busy.items(), [OURS]).items
    if is_alone_over(person, DATE):
        assert not has_news_over(replace(person, busy=BusyTable.of(left)), DATE, ())


def test_the_invitation_and_an_appointment_of_just_its_time_are_not_alone() -> None:
    invitation = BusyItem(DATE.start, DATE.end, FreeBusyStatus.TENTATIVE)
    appointment = BusyItem(DATE.start, DATE.end, FreeBusyStatus.BUSY)
    assert is_alone_over(_person([invitation]), DATE)
    assert is_alone_over(_person([appointment]), DATE)
    assert not is_alone_over(_person([invitation, appointment]), DATE)
