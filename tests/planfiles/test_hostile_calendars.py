"""Calendars that Hypothesis makes up: a person with bounded entries, or where the fault stands."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.planfiles.errors import PlanFileError
from integrations.planfiles.ics_folder import MOST_DATES, read_person
from scheduling.people import OFFICE_HOURS
from tests.planfiles.test_ics_folder import SPAN, calendar
from tests.support.hostile import BOUNDED

_NUMBERS = st.sampled_from(["0", "1", "2", "-1", "5", "13", "29", "31", "53", "366", "99999999999"])
_VALUES = st.lists(_NUMBERS, min_size=1, max_size=2).map(",".join)
_DAYS = st.lists(
    st.sampled_from(["MO", "TU", "SU", "1MO", "-1FR", "5MO", "9MO", "XX"]), min_size=1, max_size=3
).map(",".join)
_PARTS = st.one_of(
    st.tuples(
        st.sampled_from(
            [
                "INTERVAL",
                "COUNT",
                "BYMONTH",
                "BYMONTHDAY",
                "BYYEARDAY",
                "BYWEEKNO",
                "BYSETPOS",
                "BYHOUR",
            ]
        ),
        _VALUES,
    ).map("=".join),
    _DAYS.map("BYDAY={}".format),
    st.sampled_from(["UNTIL=20270401", "UNTIL=00010101T000000Z", "WKST=SU", "FREQ=HOURLY", "X=1"]),
)
_RULES = st.tuples(
    st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY", "SECONDLY", "NEVER"]),
    st.lists(_PARTS, max_size=3),
).map(lambda rule: f"RRULE:FREQ={';'.join([rule[0], *rule[1]])}")
_TIMES = st.sampled_from(
    [
        ":20270301T090000Z",
        ";TZID=Europe/London:20270328T013000",
        ";VALUE=DATE:20270310",
        ";TZID=Nowhere/At all:20270310T090000",
        ":00010101T000000Z",
        ":99991231T235959Z",
        ":20270230T250000",
        ":19000101T090000",
        ":",
    ]
)
_LINES = st.one_of(
    _TIMES.map("DTSTART{}".format),
    _TIMES.map("DTEND{}".format),
    _TIMES.map("EXDATE{}".format),
    _TIMES.map("RDATE{}".format),
    _TIMES.map("RECURRENCE-ID{}".format),
    st.sampled_from(["DURATION:PT1H", "DURATION:-P1D", "DURATION:P9999999D", "UID:same"]),
    _RULES,
    st.text(st.characters(exclude_categories=["Cs"]), max_size=40),
)
_EVENTS = st.tuples(_TIMES, st.lists(_LINES, max_size=4)).map(
    lambda event: "\n".join([f"DTSTART{event[0]}", *event[1]])
)


REFUSED = -1


def _read(folder: Path, content: bytes) -> int:
    """How many entries came of a file; ``REFUSED`` if none could be read."""
    source = folder / "jo.ics"
    source.write_bytes(content)
    try:
        items = read_person(source, "jo", OFFICE_HOURS, SPAN).busy.items()
    except PlanFileError as error:
        return REFUSED if error.where.startswith("jo.ics:") else MOST_DATES + 1
    assert all(item.start <= item.end for item in items)
    return len(items)


@BOUNDED
@given(st.lists(_EVENTS, min_size=1, max_size=3))
def test_any_events_are_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, events: list[str]
) -> None:
    folder = tmp_path_factory.getbasetemp()
    assert _read(folder, calendar(*events).encode()) <= MOST_DATES


@BOUNDED
@given(st.binary(max_size=300), st.integers(0, 400), st.integers(0, 60))
def test_any_bytes_are_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, noise: bytes, at: int, gone: int
) -> None:
    whole = calendar("DTSTART:20270301T090000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY").encode()
    folder = tmp_path_factory.getbasetemp()
    assert _read(folder, whole[:at] + noise + whole[at + gone :]) <= MOST_DATES
    assert _read(folder, noise) <= MOST_DATES


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=DAILY;INTERVAL=0",
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=DAILY;BYSETPOS=5",
        "FREQ=WEEKLY;BYDAY=MO;BYMONTHDAY=31",
        "FREQ=MONTHLY;BYMONTH=4;BYMONTHDAY=31",
        "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=6",
        "FREQ=YEARLY;BYMONTH=1;BYYEARDAY=366",
        "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=400",
    ],
)
def test_a_rule_that_would_be_looked_for_in_vain_is_refused(tmp_path: Path, rule: str) -> None:
    event = f"DTSTART:20270301T090000Z\nDURATION:PT1H\nRRULE:{rule}"
    assert _read(tmp_path, calendar(event).encode()) == REFUSED


@pytest.mark.parametrize(
    ("rule", "dates"),
    [
        ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", 2),
        ("FREQ=MONTHLY;INTERVAL=2;BYMONTHDAY=1", 1),
        ("FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU", 2),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE", 6),
    ],
)
def test_rules_that_calendars_export_are_unfolded(tmp_path: Path, rule: str, dates: int) -> None:
    event = f"DTSTART:20270301T090000Z\nDURATION:PT1H\nRRULE:{rule}"
    assert _read(tmp_path, calendar(event).encode()) == dates


def test_entries_that_began_ages_ago_count_from_then(tmp_path: Path) -> None:
    ages = "DTSTART:00010101T090000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY"
    assert _read(tmp_path, calendar(ages).encode()) == REFUSED
