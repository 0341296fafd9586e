"""Series keep their wall-clock time in the zone they are anchored in."""

from __future__ import annotations

from datetime import date, time
from typing import Any

import pytest

from simulator.errors import GraphError
from simulator.recurrence import normalised, starts
from tests.simulator.tenancy import PROGRAM, Tenancy, at, series, utc_starts


def recurring(first: str, zone: str, until: str, days: list[str]) -> dict[str, Any]:
    return {
        "start": at(f"{first}T09:00:00", zone),
        "end": at(f"{first}T10:00:00", zone),
        "recurrence": {
            "pattern": {"type": "weekly", "interval": 1, "daysOfWeek": days},
            "range": {"type": "endDate", "startDate": first, "endDate": until},
        },
    }


@pytest.mark.parametrize(
    ("zone", "first", "until", "day", "hours"),
    [
        ("W. Europe Standard Time", "2027-03-22", "2027-04-05", "monday", ["08", "07", "07"]),
        ("W. Europe Standard Time", "2027-10-25", "2027-11-08", "monday", ["07", "08", "08"]),
        ("Eastern Standard Time", "2027-03-08", "2027-03-22", "monday", ["14", "13", "13"]),
        ("Eastern Standard Time", "2027-11-01", "2027-11-15", "monday", ["13", "14", "14"]),
        ("New Zealand Standard Time", "2027-03-29", "2027-04-12", "monday", ["20", "21", "21"]),
        ("AUS Eastern Standard Time", "2027-09-27", "2027-10-11", "monday", ["23", "22", "22"]),
        ("AUS Eastern Standard Time", "2027-03-29", "2027-04-12", "monday", ["22", "23", "23"]),
        ("Tokyo Standard Time", "2027-03-22", "2027-04-05", "monday", ["00", "00", "00"]),
        ("UTC", "2027-03-22", "2027-04-05", "monday", ["09", "09", "09"]),
    ],
)
async def test_a_series_keeps_its_hour_in_its_own_zone_over_a_clock_change(
    tenancy: Tenancy, zone: str, first: str, until: str, day: str, hours: list[str]
) -> None:
    made = await tenancy.book(**recurring(first, zone, until, [day]))
    instances = await tenancy.instances(made["id"])
    assert [start[11:13] for start in utc_starts(instances)] == hours
    local = await tenancy.instances(
        made["id"], headers={"Prefer": f'IdType="ImmutableId", outlook.timezone="{zone}"'}
    )
    assert {start[11:] for start in utc_starts(local)} == {"09:00"}


async def test_a_time_the_clocks_jump_over_is_counted_on_from_before_the_jump(
    tenancy: Tenancy,
) -> None:
    changes = recurring("2027-03-21", "W. Europe Standard Time", "2027-03-28", ["sunday"])
    changes["start"] = at("2027-03-21T02:30:00")
    changes["end"] = at("2027-03-21T03:30:00")
    made = await tenancy.book(**changes)
    starts_utc = utc_starts(await tenancy.instances(made["id"]))
    assert starts_utc == ["2027-03-21T01:30", "2027-03-28T01:30"]


async def test_the_first_occurrence_can_be_later_than_the_start_date(tenancy: Tenancy) -> None:
    made = await tenancy.book(
        **recurring("2027-02-01", "W. Europe Standard Time", "2027-02-20", ["thursday"])
    )
    assert [start[:10] for start in utc_starts(await tenancy.instances(made["id"]))] == [
        "2027-02-04",
        "2027-02-11",
        "2027-02-18",
    ]


async def test_a_start_date_other_than_the_day_of_start_is_refused(tenancy: Tenancy) -> None:
    body = series()
    body["recurrence"]["range"]["startDate"] = "2027-03-03"
    refused = await tenancy.ask("POST", f"/users/{PROGRAM}/events", body, 400)
    assert refused["error"]["code"] == "ErrorPropertyValidationFailure"


async def test_the_answer_holds_the_recurrence_with_every_field_filled_in(
    tenancy: Tenancy,
) -> None:
    body = series()
    body["recurrence"]["pattern"]["daysOfWeek"] = ["Tuesday"]
    made = await tenancy.ask("POST", f"/users/{PROGRAM}/events", body, 201)
    assert made["recurrence"] == {
        "pattern": {
            "type": "weekly",
            "interval": 2,
            "month": 0,
            "dayOfMonth": 0,
            "daysOfWeek": ["tuesday"],
            "firstDayOfWeek": "sunday",
            "index": "first",
        },
        "range": {
            "type": "numbered",
            "startDate": "2027-03-02",
            "endDate": "0001-01-01",
            "recurrenceTimeZone": "W. Europe Standard Time",
            "numberOfOccurrences": 9,
        },
    }


def days_of(pattern: dict[str, Any], first: str, count: int = 4) -> list[str]:
    day = date.fromisoformat(first)
    span = {"type": "numbered", "startDate": first, "numberOfOccurrences": count}
    full = normalised({"pattern": {"interval": 1, **pattern}, "range": span}, day, "UTC")
    return [f"{start:%m-%d}" for start in starts(full, time(9), date(2040, 1, 1))]


@pytest.mark.parametrize(
    ("pattern", "first", "days"),
    [
        ({"type": "daily", "interval": 3}, "2027-02-25", ["02-25", "02-28", "03-03", "03-06"]),
        (
            {"type": "absoluteMonthly", "dayOfMonth": 31},
            "2027-01-31",
            ["01-31", "02-28", "03-31", "04-30"],
        ),
        (
            {"type": "relativeMonthly", "daysOfWeek": ["friday"], "index": "last"},
            "2027-01-01",
            ["01-29", "02-26", "03-26", "04-30"],
        ),
        (
            {"type": "relativeMonthly", "daysOfWeek": ["saturday", "sunday"]},
            "2027-01-01",
            ["01-02", "02-06", "03-06", "04-03"],
        ),
        (
            {"type": "absoluteYearly", "dayOfMonth": 29, "month": 2},
            "2027-02-28",
            ["02-28", "02-29", "02-28", "02-28"],
        ),
        (
            {"type": "relativeYearly", "daysOfWeek": ["monday"], "index": "second", "month": 5},
            "2027-05-10",
            ["05-10", "05-08", "05-14", "05-13"],
        ),
    ],
)
def test_each_pattern_gives_the_days_its_words_say(
    pattern: dict[str, Any], first: str, days: list[str]
) -> None:
    assert days_of(pattern, first) == days


def test_the_first_day_of_the_week_decides_which_weeks_count() -> None:
    """The example of RFC 5545 section 3.3.10: a fortnight of Tuesdays and Sundays."""
    pattern = {"type": "weekly", "interval": 2, "daysOfWeek": ["tuesday", "sunday"]}
    by_monday = days_of({**pattern, "firstDayOfWeek": "monday"}, "1997-08-05")
    by_sunday = days_of({**pattern, "firstDayOfWeek": "sunday"}, "1997-08-05")
    assert by_monday == ["08-05", "08-10", "08-19", "08-24"]
    assert by_sunday == ["08-05", "08-17", "08-19", "08-31"]


@pytest.mark.parametrize(
    "pattern",
    [
        {"type": "weekly", "interval": 1},
        {"type": "weekly", "interval": 0, "daysOfWeek": ["monday"]},
        {"type": "weekly", "interval": 1, "daysOfWeek": ["someday"]},
        {"type": "absoluteYearly", "interval": 1, "dayOfMonth": 1},
        {"type": "fortnightly", "interval": 1},
    ],
)
def test_a_pattern_that_lacks_what_its_type_needs_is_refused(pattern: dict[str, Any]) -> None:
    span = {"type": "noEnd", "startDate": "2027-03-01"}
    with pytest.raises(GraphError) as refused:
        normalised({"pattern": pattern, "range": span}, date(2027, 3, 1), "UTC")
    assert refused.value.status == 400


def test_a_series_without_end_goes_on_as_far_as_anybody_asks() -> None:
    full = normalised(
        {
            "pattern": {"type": "weekly", "interval": 1, "daysOfWeek": ["monday"]},
            "range": {"type": "noEnd", "startDate": "2027-03-01"},
        },
        date(2027, 3, 1),
        "UTC",
    )
    expanded = list(starts(full, time(9), date(2037, 3, 2)))
    assert expanded[-1].isoformat() == "2037-03-02T09:00:00"
    assert len(expanded) == 523
