"""A tenant filled from files: what the files say is what its free/busy shows."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import pytest

from simulator.firm_files import FirmFileError, firm_from_calendars, firm_from_problem

PROBLEM: dict[str, Any] = {
    "format": "tandem-problem/1",
    "rule": {"start_date": "2027-01-11"},
    "people": [
        {
            "id": "jo",
            "tz": "Europe/London",
            "office": "London",
            "working_hours": {"mon": ["09:00", "17:00"], "thu": ["12:00", "18:00"]},
            "busy": [
                ["2027-01-11T14:00Z", "2027-01-11T15:00Z", "busy"],
                ["2027-01-12T09:00Z", "2027-01-12T10:00Z", "unknown"],
            ],
        },
        {"id": "pat", "tz": "America/New_York", "working_hours": {"mon": ["08:00", "16:00"]},
         "busy": []},
    ],
    "pairs": [{"id": "p0", "mentor": "jo", "mentee": "pat"}],
}  # fmt: skip

CALENDAR = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:test
X-WR-TIMEZONE:Europe/Berlin
BEGIN:VEVENT
UID:weekly
DTSTART:20270111T090000Z
DTEND:20270111T100000Z
RRULE:FREQ=WEEKLY;COUNT=3
EXDATE:20270118T090000Z
SUMMARY:Hearing in a matter nobody may know of
X-MICROSOFT-CDO-BUSYSTATUS:OOF
END:VEVENT
BEGIN:VEVENT
UID:day
DTSTART;VALUE=DATE:20270113
DTEND;VALUE=DATE:20270114
TRANSP:TRANSPARENT
SUMMARY:Birthday
END:VEVENT
END:VCALENDAR
"""


def _written(folder: Path, problem: Any) -> Path:
    file = folder / "problem.json"
    file.write_text(json.dumps(problem))
    return file


def test_a_problems_people_come_with_their_hours_and_busy_time(tmp_path: Path) -> None:
    firm = firm_from_problem(_written(tmp_path, PROBLEM))
    jo, pat = firm.people
    assert jo.hours == (time(9), time(18)), "settings can publish the widest range only"
    assert jo.hours_by_weekday["thursday"] == (time(12), time(18))
    assert pat.workdays == ("monday",)
    assert [(a.start, a.show_as) for a in jo.appointments] == [
        (datetime(2027, 1, 11, 14), "busy"),  # noqa: DTZ001 - wall clock in the zone beside it
        (datetime(2027, 1, 12, 9), "busy"),  # noqa: DTZ001
    ]
    [pair] = firm.pairs
    assert (pair.mentor, pair.mentee, pair.start_date) == (jo.id, pat.id, date(2027, 1, 11))
    assert len(firm.program_mailboxes) == 1


def test_exported_calendars_are_expanded_without_their_titles(tmp_path: Path) -> None:
    for name in ("jo", "pat"):
        (tmp_path / f"{name}.ics").write_text(CALENDAR)
    roster = tmp_path / "roster.csv"
    roster.write_text("mentor_mail;mentee_mail\nJo@firm.example;pat@firm.example\n")
    firm = firm_from_calendars(tmp_path, roster, date(2027, 1, 11))
    jo = firm.people[0]
    assert jo.mail == "jo@firm.example"
    assert jo.office.zone == "Europe/Berlin"
    starts = sorted((a.start.replace(tzinfo=UTC), a.show_as, a.all_day) for a in jo.appointments)
    assert starts == [
        (datetime(2027, 1, 11, 9, tzinfo=UTC), "oof", False),
        (datetime(2027, 1, 13, tzinfo=UTC), "free", True),
        (datetime(2027, 1, 25, 9, tzinfo=UTC), "oof", False),
    ]
    assert {a.subject for a in jo.appointments} == {"Appointment"}


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"rule": {"start_date": "soon"}}'])
def test_a_file_that_is_no_problem_is_named(tmp_path: Path, content: str) -> None:
    file = tmp_path / "problem.json"
    file.write_text(content)
    with pytest.raises(FirmFileError, match=r"problem\.json"):
        firm_from_problem(file)


def test_a_missing_calendar_is_named(tmp_path: Path) -> None:
    roster = tmp_path / "roster.csv"
    roster.write_text("mentor_mail,mentee_mail\njo@firm.example,pat@firm.example\n")
    with pytest.raises(FirmFileError, match=r"jo@firm\.example\.ics"):
        firm_from_calendars(tmp_path, roster, date(2027, 1, 11))
