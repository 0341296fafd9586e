"""Series in wall-clock time over clock changes, and their recurrence."""

from datetime import date, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduling.cadence import (
    Recurrence,
    SeriesSlot,
    cadence_windows,
    recurrence_of,
    utc_of_local,
)
from scheduling.errors import RepeatedLocalTimeError, SkippedLocalTimeError, UnknownZoneError

ZONES = ("America/New_York", "Europe/London", "Australia/Sydney", "America/Santiago", "UTC")
dates = st.dates(date(2026, 1, 1), date(2028, 12, 31))
clocks = st.times(time(6), time(22)).map(lambda t: t.replace(second=0, microsecond=0))
recurrences = st.builds(
    Recurrence,
    first_date=dates,
    start=clocks,
    zone=st.sampled_from(ZONES),
    interval_weeks=st.integers(1, 4),
    count=st.integers(1, 20),
)


@given(recurrences)
def test_a_series_keeps_its_wall_clock_time_over_both_clock_changes(series: Recurrence) -> None:
    """Both hemispheres: dates run over three years in zones that change in either direction."""
    for day, start in zip(series.dates(), series.utc_starts(), strict=True):
        local = start.astimezone(ZoneInfo(series.zone))
        assert (local.date(), local.time()) == (day, series.start)


def test_a_new_york_hour_moves_in_utc_when_its_clocks_change() -> None:
    series = Recurrence(date(2027, 3, 9), time(9), "America/New_York", 1, 2)
    assert [start.hour for start in series.utc_starts()] == [14, 13]


def test_a_time_the_clocks_jump_over_is_named() -> None:
    with pytest.raises(SkippedLocalTimeError) as caught:
        utc_of_local(date(2027, 3, 28), time(1, 30), "Europe/London")
    assert (f"{caught.value.local:%H:%M}", caught.value.zone) == ("01:30", "Europe/London")


def test_a_time_the_clocks_show_twice_is_named() -> None:
    with pytest.raises(RepeatedLocalTimeError):
        utc_of_local(date(2027, 4, 4), time(2, 30), "Australia/Sydney")


def test_a_zone_nobody_keeps_is_refused() -> None:
    with pytest.raises(UnknownZoneError):
        Recurrence(date(2027, 1, 4), time(9), "Europe/Atlantis", 2, 9)


@given(recurrences, st.integers(-40, 600))
def test_a_truncated_series_ends_with_the_last_date_before_the_cut(
    series: Recurrence, days: int
) -> None:
    cut = series.first_date + timedelta(days=days)
    kept = [day for day in series.dates() if day <= cut]
    shorter = series.truncated_after(cut)
    assert (shorter.dates() if shorter else []) == kept


@given(recurrences)
def test_a_recurrence_from_its_first_date_and_count_is_the_same(series: Recurrence) -> None:
    """The facts any calendar system keeps of a series are enough to make it again."""
    again = Recurrence(
        series.dates()[0], series.start, series.zone, series.interval_weeks, len(series.dates())
    )
    assert again == series
    assert again.last_date == series.dates()[-1]
    assert {day.weekday() for day in series.dates()} == {series.weekday}


@given(st.integers(0, 1), st.integers(0, 6), st.integers(0, 8), st.integers(0, 8))
def test_a_series_slot_falls_into_its_phase_of_every_window(
    phase: int, weekday: int, a: int, b: int
) -> None:
    first, last = sorted((a, b))
    start = date(2027, 1, 4)
    slot = SeriesSlot(
        "Europe/London", weekday, time(10), phase, start + timedelta(days=7 * phase + weekday)
    )
    windows = cadence_windows(start, 2, 9)
    series = recurrence_of(slot, 2, first, last)
    assert series.count == last - first + 1
    for window, day in zip(windows[first : last + 1], series.dates(), strict=True):
        assert window.first <= day <= window.last
        assert (day - window.first).days // 7 == phase
