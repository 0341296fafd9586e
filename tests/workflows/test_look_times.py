"""Hours of looks and nights, around changes of clocks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from integrations.workflows.look_times import is_hour_of_looks, last_night, next_look, next_night

LONDON, BERLIN, NEW_YORK = "Europe/London", "Europe/Berlin", "America/New_York"


def at(text: str, zone: str = "UTC") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def looks_between(first: datetime, last: datetime, *zones: str) -> list[datetime]:
    """Every look from ``first`` on and before ``last``."""
    looks, look = [], next_look(first - timedelta(seconds=1), zones)
    while look < last:
        looks.append(look)
        look = next_look(look, zones)
    return looks


def test_a_working_day_has_fifteen_hourly_looks_and_one_at_night() -> None:
    looks = looks_between(
        at("2027-03-10 00:00", NEW_YORK), at("2027-03-11 00:00", NEW_YORK), NEW_YORK
    )
    hours = [look.astimezone(ZoneInfo(NEW_YORK)).hour for look in looks]
    assert hours == [2, *range(6, 21)]


def test_a_weekend_has_one_look_a_night() -> None:
    looks = looks_between(at("2027-03-13 00:00", LONDON), at("2027-03-15 00:00", LONDON), LONDON)
    assert looks == [at("2027-03-13 02:00", LONDON), at("2027-03-14 02:00", LONDON)]


@pytest.mark.parametrize(
    ("zone", "first", "last"),
    [
        (NEW_YORK, "2027-03-10", "2027-03-20"),  # 02:00 to 03:00 does not exist on 14 March
        (BERLIN, "2027-03-23", "2027-04-02"),  # nor on 28 March here
        (BERLIN, "2027-10-26", "2027-11-05"),  # 02:00 comes twice on 31 October
        (NEW_YORK, "2027-11-03", "2027-11-13"),  # 01:00 comes twice on 7 November
        (LONDON, "2027-10-26", "2027-11-05"),
    ],
)
def test_every_date_has_one_night_however_clocks_change(zone: str, first: str, last: str) -> None:
    nights, night = [], last_night(at(f"{first} 12:00", zone), zone)
    while night < at(f"{last} 12:00", zone):
        nights.append(night.astimezone(ZoneInfo(zone)).date())
        night = next_night(night, zone)
    assert len(nights) == len(set(nights)) == 11
    assert nights == sorted(nights)


def test_the_night_that_is_skipped_comes_an_hour_later_by_the_wall() -> None:
    night = next_night(at("2027-03-13 12:00", NEW_YORK), NEW_YORK)
    assert night == at("2027-03-14 03:00", NEW_YORK) == datetime(2027, 3, 14, 7, tzinfo=UTC)


def test_the_night_that_comes_twice_counts_from_its_first_time() -> None:
    first = datetime(2027, 10, 31, 0, tzinfo=UTC)
    assert next_night(at("2027-10-30 12:00", BERLIN), BERLIN) == first
    assert last_night(first + timedelta(minutes=90), BERLIN) == first
    assert next_night(first, BERLIN) == at("2027-11-01 02:00", BERLIN)


def test_an_hour_of_any_program_is_an_hour_of_looks() -> None:
    evening_here_morning_there = at("2027-03-10 12:00", NEW_YORK)
    assert is_hour_of_looks(evening_here_morning_there, [LONDON, NEW_YORK])
    before_both = at("2027-03-10 05:59", LONDON)
    assert not is_hour_of_looks(before_both, [LONDON, NEW_YORK])
    late_in_london = at("2027-03-10 23:00", LONDON)
    assert not is_hour_of_looks(late_in_london, [LONDON])
    assert is_hour_of_looks(late_in_london, [LONDON, NEW_YORK])
