"""Exported calendars: recurrence, exceptions, cancelled instances, all-day entries, zones."""

from datetime import UTC, date, datetime
from pathlib import Path

import orjson
import pytest

from integrations.planfiles.errors import PlanFileError
from integrations.planfiles.ics_folder import MOST_BYTES, read_ics_problem, read_person
from scheduling.people import OFFICE_HOURS, FreeBusyStatus
from scheduling.planner import plan
from tests.planfiles.test_problem_files import small

FULL_DAY, FULL_HOUR = (",".join(map(str, range(end))) for end in (24, 60))
SPAN = (date(2027, 3, 1), date(2027, 4, 5))


def calendar(*events: str, zone: str = "Europe/London") -> str:
    """An exported calendar with the given VEVENT bodies."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//x//y//EN", f"X-WR-TIMEZONE:{zone}"]
    for number, event in enumerate(events):
        body = [line.strip() for line in event.strip().splitlines()]
        uid = [] if "UID:" in event else [f"UID:{number}"]
        lines += ["BEGIN:VEVENT", *uid, "DTSTAMP:20270101T000000Z", *body, "END:VEVENT"]
    return "\r\n".join([*lines, "END:VCALENDAR", ""])


def items(tmp_path: Path, text: str) -> list[tuple[str, str, FreeBusyStatus]]:
    source = tmp_path / "jo.ics"
    source.write_text(text)
    found = read_person(source, "jo", OFFICE_HOURS, SPAN).busy.items()
    return [(f"{i.start:%m-%d %H:%M}", f"{i.end:%m-%d %H:%M}", i.status) for i in found]


BUSY = FreeBusyStatus.BUSY


def test_a_weekly_event_keeps_its_local_hour_over_the_clock_change(tmp_path: Path) -> None:
    weekly = """DTSTART;TZID=Europe/London:20270319T100000
        DTEND;TZID=Europe/London:20270319T110000
        RRULE:FREQ=WEEKLY;COUNT=3"""
    assert items(tmp_path, calendar(weekly)) == [
        ("03-19 10:00", "03-19 11:00", BUSY),
        ("03-26 10:00", "03-26 11:00", BUSY),
        ("04-02 09:00", "04-02 10:00", BUSY),
    ]


def test_a_moved_and_a_cancelled_instance_and_an_excluded_date_are_honoured(tmp_path: Path) -> None:
    daily = """UID:daily
        DTSTART:20270301T090000Z
        DTEND:20270301T100000Z
        RRULE:FREQ=DAILY;COUNT=4
        EXDATE:20270302T090000Z"""
    moved = """UID:daily
        RECURRENCE-ID:20270303T090000Z
        DTSTART:20270303T150000Z
        DTEND:20270303T160000Z"""
    cancelled = """UID:daily
        RECURRENCE-ID:20270304T090000Z
        STATUS:CANCELLED
        DTSTART:20270304T090000Z
        DTEND:20270304T100000Z"""
    assert items(tmp_path, calendar(daily, moved, cancelled)) == [
        ("03-01 09:00", "03-01 10:00", BUSY),
        ("03-03 15:00", "03-03 16:00", BUSY),
    ]


def test_an_all_day_event_is_a_local_day_of_the_calendars_zone(tmp_path: Path) -> None:
    holiday = """DTSTART;VALUE=DATE:20270310
        DTEND;VALUE=DATE:20270311"""
    found = items(tmp_path, calendar(holiday, zone="America/New_York"))
    assert found == [("03-10 05:00", "03-11 05:00", BUSY)]


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("TRANSP:TRANSPARENT", FreeBusyStatus.FREE),
        ("STATUS:TENTATIVE", FreeBusyStatus.TENTATIVE),
        ("X-MICROSOFT-CDO-BUSYSTATUS:OOF", BUSY),
        ("X-MICROSOFT-CDO-BUSYSTATUS:WORKINGELSEWHERE", FreeBusyStatus.FREE),
        ("X-MICROSOFT-CDO-BUSYSTATUS:TENTATIVE", FreeBusyStatus.TENTATIVE),
        ("X-MICROSOFT-CDO-BUSYSTATUS:MOONLIT", BUSY),
    ],
)
def test_the_status_of_an_entry_is_read(tmp_path: Path, line: str, status: FreeBusyStatus) -> None:
    event = f"DTSTART:20270301T090000Z\n DTEND:20270301T100000Z\n {line}"
    assert [s for _, _, s in items(tmp_path, calendar(event))] == [status]


def test_a_time_without_zone_is_local_to_the_calendar(tmp_path: Path) -> None:
    floating = "DTSTART:20270301T090000\n DURATION:PT30M"
    found = items(tmp_path, calendar(floating, zone="Asia/Kolkata"))
    assert found == [("03-01 03:30", "03-01 04:00", BUSY)]


@pytest.mark.parametrize(
    ("text", "where"),
    [
        (calendar("DTSTART:20270301T0900xxZ\n DTEND:20270301T100000Z"), "jo.ics:8"),
        (calendar(zone="Europe/Atlantis"), "jo.ics:4"),
        ("hello\n", "jo.ics:1"),
    ],
)
def test_a_broken_calendar_is_named_by_file_and_line(tmp_path: Path, text: str, where: str) -> None:
    with pytest.raises(PlanFileError) as caught:
        items(tmp_path, text)
    assert caught.value.where == where


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        ("FREQ=SECONDLY", "more often than daily"),
        ("FREQ=HOURLY;COUNT=3", "more often than daily"),
        (f"FREQ=DAILY;BYHOUR={FULL_DAY};BYMINUTE={FULL_HOUR};BYSECOND={FULL_HOUR}", "500,000"),
    ],
)
def test_a_calendar_that_would_unfold_into_millions_of_dates_is_refused(
    tmp_path: Path, rule: str, problem: str
) -> None:
    often = f"DTSTART:20270301T090000Z\n DTEND:20270301T090100Z\n RRULE:{rule}"
    with pytest.raises(PlanFileError, match=problem):
        items(tmp_path, calendar(often))


def test_a_calendar_larger_than_any_export_is_not_read(tmp_path: Path) -> None:
    source = tmp_path / "jo.ics"
    with source.open("wb") as file:
        file.truncate(MOST_BYTES + 1)
    with pytest.raises(PlanFileError, match="32 MB"):
        read_person(source, "jo", OFFICE_HOURS, SPAN)


def folder_with_roster(tmp_path: Path, roster: str) -> tuple[Path, Path, Path]:
    folder = tmp_path / "calendars"
    folder.mkdir()
    blocked = "DTSTART:20270111T080000Z\n DTEND:20270115T180000Z"
    (folder / "jo.ics").write_text(calendar(blocked))
    (folder / "Sam@firm.example.ics").write_text(calendar())
    (tmp_path / "roster.csv").write_text(roster)
    (tmp_path / "rule.json").write_bytes(orjson.dumps({"rule": small()["rule"]}))
    return folder, tmp_path / "roster.csv", tmp_path / "rule.json"


def test_a_folder_a_roster_and_a_rule_make_a_problem_that_can_be_planned(tmp_path: Path) -> None:
    roster = "pair_id;mentee_mail;mentor_mail\nx1;sam@firm.example;Jo@firm.example\n"
    asked = read_ics_problem(*folder_with_roster(tmp_path, roster))
    assert [(p.id, p.mentor, p.mentee) for p in asked.pairs] == [
        ("x1", "jo@firm.example", "sam@firm.example")
    ]
    (pair,) = plan(asked).placed_pairs
    assert pair.score.placed == 9
    assert pair.sessions[0].start >= datetime(2027, 1, 18, tzinfo=UTC)


@pytest.mark.parametrize(
    ("roster", "where"),
    [
        ("mentor_mail\njo@firm.example\n", "roster.csv:1"),
        ("mentor_mail,mentee_mail\njo@firm.example,\n", "roster.csv:2"),
        ("mentor_mail,mentee_mail\njo@firm.example,kim@firm.example\n", "roster.csv:2"),
    ],
)
def test_a_roster_fault_is_named_by_file_and_line(tmp_path: Path, roster: str, where: str) -> None:
    with pytest.raises(PlanFileError) as caught:
        read_ics_problem(*folder_with_roster(tmp_path, roster))
    assert caught.value.where == where
