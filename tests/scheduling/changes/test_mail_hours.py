"""When people may be mailed, around clock changes in both hemispheres."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduling.cadence import zone_info
from scheduling.changes.mail_hours import MailHours, NoMailHourError, next_mailable
from scheduling.errors import InvalidRuleError
from tests.scheduling.builders import at
from tests.scheduling.changes.builders import LONDON, NEW_YORK, SYDNEY

WEEK = frozenset(range(5))
TUESDAY = date(2027, 3, 2)


@pytest.mark.parametrize(
    ("clock", "expected"),
    [
        pytest.param("07:59", (2, "08:00"), id="a minute early waits a minute"),
        pytest.param("08:00", (2, "08:00"), id="eight is within"),
        pytest.param("18:29", (2, "18:29"), id="a minute before the end is within"),
        pytest.param("18:30", (3, "08:00"), id="half past six is not"),
    ],
)
def test_one_zone_is_mailed_from_eight_to_half_past_six(
    clock: str, expected: tuple[int, str]
) -> None:
    day, local = expected
    found = next_mailable(at(LONDON, TUESDAY, clock), [LONDON], WEEK)
    assert found == at(LONDON, date(2027, 3, day), local)


@pytest.mark.parametrize(
    ("clock", "expected"),
    [("09:00", (2, "10:30")), ("14:59", (2, "14:59")), ("15:00", (3, "10:30"))],
)
def test_a_program_may_have_mail_hours_of_its_own(clock: str, expected: tuple[int, str]) -> None:
    hours = MailHours(time(10, 30), time(15))
    day, local = expected
    found = next_mailable(at(LONDON, TUESDAY, clock), [LONDON], WEEK, hours=hours)
    assert found == at(LONDON, date(2027, 3, day), local)


def test_an_hour_a_day_in_which_two_far_zones_never_meet_is_widened_until_they_do() -> None:
    hours = MailHours(time(12), time(13))
    found = next_mailable(at(LONDON, TUESDAY, "00:00"), [LONDON, SYDNEY], WEEK, hours=hours)
    assert found < at(LONDON, date(2027, 3, 4), "00:00")


def test_mail_hours_that_close_before_an_hour_has_passed_are_refused() -> None:
    with pytest.raises(InvalidRuleError, match="an hour after 10:30"):
        MailHours(time(10, 30), time(11, 29))


def test_a_weekend_and_a_holiday_are_waited_out() -> None:
    good_friday, easter_monday = date(2027, 3, 26), date(2027, 3, 29)
    found = next_mailable(
        at(LONDON, date(2027, 3, 25), "19:00"), [LONDON], WEEK, {good_friday, easter_monday}
    )
    assert found == at(LONDON, date(2027, 3, 30), "08:00")


@pytest.mark.parametrize(
    ("day", "utc_hour"),
    [
        pytest.param(date(2027, 3, 12), 13, id="before either change"),
        pytest.param(date(2027, 3, 15), 12, id="New York has changed, London not"),
        pytest.param(date(2027, 3, 29), 12, id="both have changed"),
    ],
)
def test_two_zones_wait_for_the_later_morning_over_the_clock_changes(
    day: date, utc_hour: int
) -> None:
    found = next_mailable(at(LONDON, day, "08:30"), [LONDON, NEW_YORK], WEEK)
    assert found == datetime.combine(day, time(utc_hour), UTC)


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        pytest.param(date(2027, 1, 12), "07:30", id="northern winter: hours never meet, widened"),
        pytest.param(date(2027, 7, 6), "08:00", id="northern summer: half an hour meets"),
        pytest.param(date(2027, 3, 30), "08:00", id="London summer time, Sydney still, widened"),
    ],
)
def test_london_and_sydney_are_mailed_in_the_london_morning(day: date, expected: str) -> None:
    found = next_mailable(at(LONDON, day, "00:30"), [LONDON, SYDNEY], WEEK)
    assert found == at(LONDON, day, expected)


def test_a_friday_evening_in_sydney_is_a_working_day_for_neither_after_midnight() -> None:
    saturday_in_sydney = at(SYDNEY, date(2027, 7, 10), "00:30")
    found = next_mailable(saturday_in_sydney, [LONDON, SYDNEY], WEEK)
    assert found.astimezone(zone_info(SYDNEY)).date() == date(2027, 7, 12)


def test_a_firm_that_never_works_is_never_mailed() -> None:
    with pytest.raises(NoMailHourError) as caught:
        next_mailable(at(LONDON, TUESDAY, "09:00"), [LONDON], ())
    assert caught.value.now == at(LONDON, TUESDAY, "09:00")


instants = st.integers(0, 60 * 24 * 330).map(
    lambda minutes: datetime(2027, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)
ZONES = [LONDON, NEW_YORK, SYDNEY, "Asia/Kolkata", "America/Los_Angeles", "Pacific/Auckland"]


@given(
    now=instants,
    zones=st.sets(st.sampled_from(ZONES), min_size=1, max_size=2),
)
def test_the_moment_found_is_a_working_day_for_everybody_and_stays_found(
    now: datetime, zones: set[str]
) -> None:
    found = next_mailable(now, zones, WEEK)
    assert found >= now
    assert all(found.astimezone(zone_info(z)).weekday() in WEEK for z in zones)
    assert next_mailable(found, zones, WEEK) == found


@given(now=instants)
def test_in_one_zone_it_is_always_between_eight_and_half_past_six(now: datetime) -> None:
    local = next_mailable(now, [SYDNEY], WEEK).astimezone(zone_info(SYDNEY)).time()
    assert time(8) <= local < time(18, 30)
