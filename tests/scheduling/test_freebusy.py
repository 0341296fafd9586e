"""What an answer of getSchedule means for one person's calendar."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduling.freebusy import (
    Answer,
    OwnSession,
    calendar_of,
    chunks,
    reading_windows,
    with_standing,
    without_own_sessions,
)
from scheduling.people import BusyItem, FreeBusyStatus
from scheduling.timespan import TimeSpan
from tests.scheduling.builders import at

DAY = datetime(2027, 1, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Item:
    start: datetime
    end: datetime
    status: str = "busy"


@dataclass(frozen=True)
class Reading:
    span: TimeSpan
    items: Sequence[Item] = ()
    digits: str = ""
    digit_minutes: int = 60


def hours(begin: float, end: float, status: str = "busy") -> Item:
    return Item(DAY + timedelta(hours=begin), DAY + timedelta(hours=end), status)


def entry(begin: float, end: float, status: FreeBusyStatus = FreeBusyStatus.BUSY) -> BusyItem:
    return BusyItem(DAY + timedelta(hours=begin), DAY + timedelta(hours=end), status)


def reading(digits: str, *items: Item, start: float = 0) -> Reading:
    begin = DAY + timedelta(hours=start)
    return Reading(TimeSpan(begin, begin + timedelta(hours=len(digits))), items, digits)


def test_items_that_explain_their_digits_are_the_whole_calendar() -> None:
    found = calendar_of([reading("00220", hours(2, 4))], "Europe/London")
    assert found == [entry(2, 4)]


@pytest.mark.parametrize(
    ("digit", "status"),
    [
        ("1", FreeBusyStatus.TENTATIVE),
        ("2", FreeBusyStatus.BUSY),
        ("3", FreeBusyStatus.OOF),
        ("7", FreeBusyStatus.UNKNOWN),
        ("x", FreeBusyStatus.UNKNOWN),
    ],
)
def test_a_digit_without_an_item_becomes_an_entry(digit: str, status: FreeBusyStatus) -> None:
    assert calendar_of([reading(f"0{digit}0")], "Europe/London") == [entry(1, 2, status)]


@pytest.mark.parametrize("digit", ["0", "4"])
def test_free_and_working_elsewhere_digits_leave_time_open(digit: str) -> None:
    assert calendar_of([reading(f"0{digit}0")], "Europe/London") == []


def test_a_tentative_item_does_not_explain_a_busy_digit() -> None:
    found = calendar_of([reading("020", hours(1, 2, "tentative"))], "Europe/London")
    assert entry(1, 2) in found


def test_an_undefined_digit_blocks_even_where_an_item_lies() -> None:
    found = calendar_of([reading("090", hours(1, 2, "tentative"))], "Europe/London")
    assert entry(1, 2, FreeBusyStatus.UNKNOWN) in found


def test_a_stretch_without_digits_is_unknown() -> None:
    span = TimeSpan(DAY, DAY + timedelta(hours=4))
    found = calendar_of([Reading(span, (), "00")], "Europe/London")
    assert {(i.start, i.end, i.status) for i in found} == {
        (DAY + timedelta(hours=n), DAY + timedelta(hours=n + 1), FreeBusyStatus.UNKNOWN)
        for n in (2, 3)
    }


def test_a_status_nobody_defined_blocks() -> None:
    found = calendar_of([reading("0", hours(0, 1, "focusing"))], "Europe/London")
    assert found == [entry(0, 1, FreeBusyStatus.UNKNOWN)]


def test_status_names_are_read_in_any_case() -> None:
    found = calendar_of([reading("0", hours(0, 1, "WorkingElsewhere"))], "Europe/London")
    assert found == [entry(0, 1, FreeBusyStatus.WORKING_ELSEWHERE)]


def test_an_item_over_a_seam_is_counted_once_and_unclipped() -> None:
    over = hours(3, 6)
    left, right = reading("0002", over), reading("2200", over, start=4)
    assert calendar_of([left, right], "Europe/London") == [entry(3, 6)]


def test_two_equal_items_of_one_window_stay_two() -> None:
    same = (hours(3, 5), hours(3, 5))
    left, right = reading("0002", *same), reading("2000", *same, start=4)
    assert calendar_of([left, right], "Europe/London") == [entry(3, 5), entry(3, 5)]


@pytest.mark.parametrize("zone", ["America/New_York", "Australia/Sydney", "Asia/Kolkata"])
def test_a_day_written_in_utc_blocks_that_date_in_the_persons_zone(zone: str) -> None:
    whole = Item(DAY, DAY + timedelta(days=1), "oof")
    span = TimeSpan(DAY - timedelta(days=1), DAY + timedelta(days=2))
    found = calendar_of([Reading(span, (whole,), "0" * 24 + "3" * 24 + "0" * 24)], zone)
    day = date(2027, 1, 12)
    start, end = at(zone, day, "00:00"), at(zone, day + timedelta(days=1), "00:00")
    assert BusyItem(start, end, FreeBusyStatus.OOF) in found


def test_an_all_day_item_of_the_own_zone_is_not_widened_further() -> None:
    start, end = (at("America/New_York", date(2027, 3, d), "00:00") for d in (14, 15))
    span = TimeSpan(start - timedelta(hours=1), end)
    digits = "0" + "3" * 23
    found = calendar_of([Reading(span, (Item(start, end, "oof"),), digits)], "America/New_York")
    assert found == [BusyItem(start, end, FreeBusyStatus.OOF)]


def test_reading_windows_touch_and_stay_under_62_days() -> None:
    start, end = DAY, DAY + timedelta(days=126, hours=5)
    windows = reading_windows(start, end)
    assert (windows[0].start, windows[-1].end) == (start, end)
    assert all(a.end == b.start for a, b in itertools.pairwise(windows))
    assert max(w.length for w in windows) < timedelta(days=62) - timedelta(hours=1)
    assert len(windows) == 3


def test_chunks_hold_at_most_twenty_people_and_lose_nobody() -> None:
    people = list(range(45))
    assert [len(c) for c in chunks(people)] == [20, 20, 5]
    assert [p for c in chunks(people) for p in c] == people


items = st.builds(
    lambda begin, length, status: hours(begin / 4, (begin + length) / 4, status),
    st.integers(0, 600),
    st.integers(1, 40),
    st.sampled_from(["busy", "tentative", "oof", "free"]),
)


@pytest.mark.acceptance(14)
@given(st.lists(items, max_size=20), st.lists(st.integers(1, 150), unique=True, max_size=4))
def test_seams_neither_lose_nor_double_an_entry(calendar: list[Item], seams: list[int]) -> None:
    """Results at the seams neither lose nor double a busy block."""
    edges = [0, *sorted(seams), 160]
    readings = []
    for first, after in itertools.pairwise(edges):
        span = TimeSpan(DAY + timedelta(hours=first), DAY + timedelta(hours=after))
        inside = tuple(i for i in calendar if i.start < span.end and span.start < i.end)
        digits = "".join(_digit(inside, span.start, hour) for hour in range(after - first))
        readings.append(Reading(span, inside, digits))
    whole = [BusyItem(i.start, i.end, FreeBusyStatus(i.status)) for i in calendar]
    assert calendar_of(readings, "UTC") == sorted(whole)


def _digit(inside: Sequence[Item], start: datetime, hour: int) -> str:
    begin = start + timedelta(hours=hour)
    worth = {"free": "0", "tentative": "1", "busy": "2", "oof": "3"}
    touching = [i for i in inside if i.start < begin + timedelta(hours=1) and begin < i.end]
    return max((worth[i.status] for i in touching), default="0")


@dataclass(frozen=True)
class Case:
    answer: Answer
    calendar: list[BusyItem]
    left: list[BusyItem] = field(default_factory=list)
    missing: int = 0


TENTATIVE = FreeBusyStatus.TENTATIVE


@pytest.mark.parametrize(
    "case",
    [
        Case(Answer.NONE, [entry(1, 2, TENTATIVE)]),
        Case(Answer.ACCEPTED, [entry(1, 2)]),
        Case(Answer.DECLINED, [entry(1, 2)], [entry(1, 2)]),
        Case(Answer.ACCEPTED, [], [], 1),
        Case(Answer.ACCEPTED, [entry(1, 3)], [entry(1, 3)], 1),
        # A foreign meeting at the identical time is still seen.
        Case(Answer.ACCEPTED, [entry(1, 2), entry(1, 2)], [entry(1, 2)]),
        Case(Answer.NONE, [entry(1, 2), entry(1, 2, TENTATIVE)], [entry(1, 2)]),
        Case(Answer.ACCEPTED, [entry(1, 2), entry(1, 2, TENTATIVE)], [entry(1, 2, TENTATIVE)]),
        # Answered without sending a reply: the status does not fit, the entry is ours still.
        Case(Answer.NONE, [entry(1, 2)]),
    ],
    ids=lambda case: f"{case.answer}-{len(case.calendar)}-{len(case.left)}",
)
def test_our_own_session_is_taken_out_exactly_once(case: Case) -> None:
    own = OwnSession(TimeSpan(entry(1, 2).start, entry(1, 2).end), case.answer)
    taken = without_own_sessions(case.calendar, [own])
    assert list(taken.items) == case.left
    assert len(taken.missing) == case.missing


def test_standing_sessions_are_laid_back_as_firm() -> None:
    span = TimeSpan(entry(1, 2).start, entry(1, 2).end)
    assert with_standing([entry(0, 1)], [span]) == [entry(0, 1), entry(1, 2)]
