"""Exported calendars: a folder with one ``.ics`` file for each person of a roster.

The file of a person is named after the mail address, or the part before the ``@``.
Recurring events are expanded by a library, exceptions and cancelled instances
included. Titles, places and attendees are never kept.
Source: RFC 5545; ``X-MICROSOFT-CDO-BUSYSTATUS`` in MS-OXCICAL 2.1.3.1.1.20.31.
"""

import csv
import io
import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import recurring_ical_events
from dateutil.rrule import rrulestr
from icalendar import Calendar

from integrations.planfiles.errors import PlanFileError
from integrations.planfiles.members import Node, decoded
from integrations.planfiles.problem_file import read_hours, read_rule, read_start_date
from scheduling.cadence import zone_info
from scheduling.errors import UnknownZoneError
from scheduling.people import BusyItem, BusyTable, FreeBusyStatus, Person, WorkingHours
from scheduling.problem import PairRequest, Problem
from scheduling.rule import CadenceRule, end_minute_of, minute_of

MOST_BYTES = 32 * 1024 * 1024
MOST_DATES = 500_000
"""How many dates the entries of one calendar may be unfolded into, from the first of each on."""
_OFTENER_THAN_DAILY = {"SECONDLY", "MINUTELY", "HOURLY"}
_TIMES_OF_A_DAY = ("BYHOUR", "BYMINUTE", "BYSECOND")
_WEEK = 7
_EVERY = {"DAILY": 1, "WEEKLY": _WEEK, "MONTHLY": 28, "YEARLY": 365}
"""Days between two dates of a rule, at least."""
_DAYS_OF_A_PERIOD = ("BYMONTH", "BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYSETPOS")

_MICROSOFT = {
    "FREE": FreeBusyStatus.FREE,
    "TENTATIVE": FreeBusyStatus.TENTATIVE,
    "BUSY": FreeBusyStatus.BUSY,
    "OOF": FreeBusyStatus.OOF,
    "WORKINGELSEWHERE": FreeBusyStatus.WORKING_ELSEWHERE,
}


@dataclass(frozen=True, slots=True)
class RosterLine:
    """One pair of a roster file and the line it stands on."""

    line: int
    pair_id: str
    mentor: str
    mentee: str


def read_ics_problem(folder: Path, roster: Path, rule_file: Path) -> Problem:
    """The problem made of exported calendars, a roster and a rule.

    ``roster`` is CSV with ``mentor_mail`` and ``mentee_mail``, ``pair_id`` optional.
    ``rule_file`` is JSON with ``rule`` as in a problem file, and optionally ``tz`` (for
    calendars that name no zone) and ``working_hours`` (for everybody; else the rule's own).

    Raises:
        PlanFileError: names the file and the line or JSON path.
    """
    try:
        document = decoded(_content(rule_file))
        rule_node = document.member("rule")
        rule, start_date = read_rule(rule_node), read_start_date(rule_node)
        now = rule_node.member("now").instant()
        hours = _common_hours(document, rule)
        zone = document.member("tz").text() if document.has("tz") else None
    except PlanFileError as error:
        raise PlanFileError(f"{rule_file.name} {error.where}", error.problem) from None
    lines = read_roster(roster)
    span = (start_date, start_date + timedelta(days=rule.horizon_days))
    people: dict[str, Person] = {}
    for line in lines:
        for mail in (line.mentor, line.mentee):
            if mail not in people:
                source = _file_of(folder, mail, f"{roster.name}:{line.line}")
                people[mail] = read_person(source, mail, hours, span, zone)
    pairs = tuple(
        PairRequest(
            id=line.pair_id,
            mentor=line.mentor,
            mentee=line.mentee,
            rule=rule,
            start_date=start_date,
        )
        for line in lines
    )
    return Problem(people=people, pairs=pairs, now=now)


def read_roster(source: Path) -> list[RosterLine]:
    """The pairs of a roster; comma or semicolon, columns in any order."""
    text = _content(source).decode("utf-8-sig", errors="replace")
    first = text.partition("\n")[0]
    delimiter = ";" if first.count(";") > first.count(",") else ","
    reader = csv.DictReader(io.StringIO(text), delimiter=delimiter)
    for column in ("mentor_mail", "mentee_mail"):
        if column not in (reader.fieldnames or ()):
            raise PlanFileError(f"{source.name}:1", f"column {column} is missing")
    lines: list[RosterLine] = []
    used: set[str] = set()
    for row in reader:
        where = f"{source.name}:{reader.line_num}"
        mentor = (row["mentor_mail"] or "").strip().lower()
        mentee = (row["mentee_mail"] or "").strip().lower()
        if not mentor or not mentee or mentor == mentee:
            raise PlanFileError(where, "expected two different mail addresses")
        pair_id = (row.get("pair_id") or "").strip() or f"p{len(lines):05}"
        if pair_id in used:
            raise PlanFileError(where, f"pair_id {pair_id!r} is used twice")
        used.add(pair_id)
        lines.append(RosterLine(reader.line_num, pair_id, mentor, mentee))
    return lines


def read_person(
    source: Path,
    person_id: str,
    hours: WorkingHours,
    span: tuple[date, date],
    zone: str | None = None,
) -> Person:
    """A person from an exported calendar.

    Entries are read from a day before ``span`` (first date, date after the last) to a
    day after it. The zone is the calendar's ``X-WR-TIMEZONE``, or ``zone``.
    """
    calendar = _calendar(source)
    named = calendar.get("X-WR-TIMEZONE") or zone
    if named is None:
        raise PlanFileError(f"{source.name}:1", "the calendar names no zone (X-WR-TIMEZONE)")
    try:
        zone_info(str(named))
    except UnknownZoneError:
        where = f"{source.name}:{_line_of(source, 'X-WR-TIMEZONE')}"
        raise PlanFileError(where, f"{str(named)!r} is not an IANA time zone") from None
    items = busy_items(source, calendar, str(named), span)
    return Person(id=person_id, zone=str(named), hours=hours, busy=BusyTable.of(items))


def busy_items(source: Path, calendar: Any, zone: str, span: tuple[date, date]) -> list[BusyItem]:
    """The entries of a calendar near ``span``, all-day ones as whole local days of ``zone``."""
    first, after = span[0] - timedelta(days=1), span[1] + timedelta(days=1)
    _require_few_dates(source, calendar, first, after)
    try:
        events: Iterable[Any] = recurring_ical_events.of(calendar).between(first, after)
        return sorted(_item(event, zone) for event in events if not _is_cancelled(event))
    except (ValueError, TypeError, LookupError, ArithmeticError, AttributeError) as error:
        where = f"{source.name}:{_line_of(source, 'BEGIN:VEVENT')}"
        raise PlanFileError(where, f"an event cannot be expanded: {type(error).__name__}") from None


def _require_few_dates(source: Path, calendar: Any, first: date, after: date) -> None:
    """Refuse what would unfold into millions of dates, or be looked for in vain for ages."""
    where, dates = f"{source.name}:{_line_of(source, 'BEGIN:VEVENT')}", 0
    for event in calendar.walk("VEVENT"):
        rules = event.get("RRULE", [])
        for rule in rules if isinstance(rules, list) else [rules]:
            if problem := _problem_of(rule):
                raise PlanFileError(where, problem)
            dates += _steps(rule, _begins(event, first), after)
        dates += 1
    if dates > MOST_DATES:
        raise PlanFileError(where, f"unfolds into more than {MOST_DATES:,} dates")


def _begins(event: Any, first: date) -> date:
    """When unfolding begins: with the event, however long ago that was."""
    begun = getattr(event.get("DTSTART"), "dt", first)
    day = begun.date() if isinstance(begun, datetime) else begun
    return min(day, first) if isinstance(day, date) else first


def _steps(rule: Any, begins: date, after: date) -> int:
    """How often the library looks for a date of the rule, at most."""
    days = (after - begins).days
    if _interval(rule) > 1 and any(name in rule for name in _DAYS_OF_A_PERIOD):
        # It may step past what it looks for, until the calendar ends.
        days = (date.max - begins).days
    times = math.prod(len(rule.get(name, [0])) for name in _TIMES_OF_A_DAY)
    return (days // (_EVERY[rule["FREQ"][0]] * _interval(rule)) + 1) * times


def _interval(rule: Any) -> int:
    return int(rule.get("INTERVAL", [1])[0])


def _problem_of(rule: Any) -> str | None:
    """Why a rule cannot be unfolded in bounded time."""
    frequencies = rule.get("FREQ", [])
    if _OFTENER_THAN_DAILY.intersection(frequencies):
        return "an event repeats more often than daily"
    if len(frequencies) != 1 or frequencies[0] not in _EVERY or _interval(rule) < 1:
        return "an event repeats in a way that iCalendar does not know"
    unusual = [name for name in _DAYS_OF_A_PERIOD if name in rule]
    if _EVERY[frequencies[0]] <= _WEEK and unusual:
        return f"an event repeats daily or weekly with {unusual[0]}"
    if unusual and not _ever_comes(rule):
        return "an event repeats on a day that never comes"
    return None


def _ever_comes(rule: Any) -> bool:
    """Whether the rule has a date in 28 years: weekdays and leap years have come round by then.

    The years are the last of the calendar, because the library looks until it ends.
    """
    named = {name: rule[name] for name in ("FREQ", "BYDAY", *_DAYS_OF_A_PERIOD) if name in rule}
    start = datetime(date.max.year - 28, 1, 1)  # noqa: DTZ001 - a day in no zone
    try:
        found = rrulestr(type(rule)(named).to_ical().decode(), dtstart=start)
        return next(iter(found), None) is not None
    except (ValueError, LookupError):
        # A month 13, a place 400 of a period, a ninth Monday.
        return False


def _calendar(source: Path) -> Any:
    content = _content(source)
    try:
        calendar: Any = Calendar.from_ical(content)
    except ValueError as error:
        where = f"{source.name}:{_broken_line(content, str(error))}"
        raise PlanFileError(where, "not iCalendar") from None
    if not isinstance(calendar, Calendar):
        raise PlanFileError(f"{source.name}:1", "expected one VCALENDAR")
    for component in calendar.walk():
        for name, _ in component.errors:
            where = f"{source.name}:{_line_of(source, name or 'BEGIN')}"
            raise PlanFileError(where, f"{name} has a value that iCalendar does not know")
    return calendar


def _broken_line(content: bytes, message: str) -> int:
    """The first line that the parser's message quotes, or the first that is no content line."""
    for number, line in enumerate(content.decode("utf-8", errors="replace").splitlines(), 1):
        text = line.strip()
        if text and not line.startswith((" ", "\t")) and (":" not in text or text in message):
            return number
    return 1


def _line_of(source: Path, start: str) -> int:
    text = _content(source).decode("utf-8", errors="replace")
    for number, line in enumerate(text.splitlines(), 1):
        if line.upper().startswith(start.upper()):
            return number
    return 1


def _is_cancelled(event: Any) -> bool:
    return str(event.get("STATUS", "")).upper() == "CANCELLED"


def _item(event: Any, zone: str) -> BusyItem:
    start = event["DTSTART"].dt
    if "DTEND" in event:
        end = event["DTEND"].dt
    elif "DURATION" in event:
        end = start + event["DURATION"].dt
    else:
        end = start if isinstance(start, datetime) else start + timedelta(days=1)
    return BusyItem(_instant(start, zone), _instant(end, zone), _status(event))


def _instant(value: date | datetime, zone: str) -> datetime:
    """A date is local midnight, a time without zone is local: RFC 5545 section 3.3.5 form 1."""
    if not isinstance(value, datetime):
        value = datetime.combine(value, time(0))
    if value.tzinfo is None:
        value = value.replace(tzinfo=zone_info(zone))
    return value.astimezone(UTC)


def _status(event: Any) -> FreeBusyStatus:
    said = str(event.get("X-MICROSOFT-CDO-BUSYSTATUS", "")).strip().upper()
    if said:
        return _MICROSOFT.get(said, FreeBusyStatus.UNKNOWN)
    if str(event.get("TRANSP", "")).upper() == "TRANSPARENT":
        return FreeBusyStatus.FREE
    if str(event.get("STATUS", "")).upper() == "TENTATIVE":
        return FreeBusyStatus.TENTATIVE
    return FreeBusyStatus.BUSY


def _common_hours(document: Node, rule: CadenceRule) -> WorkingHours:
    if document.has("working_hours"):
        return read_hours(document.member("working_hours"))
    opens, closes = minute_of(rule.earliest_local), end_minute_of(rule.latest_local)
    return WorkingHours.every(sorted(rule.weekdays), opens, closes)


def _file_of(folder: Path, mail: str, where: str) -> Path:
    names = {path.name.lower(): path for path in folder.glob("*") if path.is_file()}
    for stem in (mail, mail.partition("@")[0]):
        if f"{stem}.ics" in names:
            return names[f"{stem}.ics"]
    raise PlanFileError(where, f"{folder.name} has no calendar {mail}.ics")


def _content(source: Path) -> bytes:
    try:
        if source.stat().st_size > MOST_BYTES:
            raise PlanFileError(source.name, f"more than {MOST_BYTES // 1024 // 1024} MB")
        return source.read_bytes()
    except OSError as error:
        raise PlanFileError(source.name, error.strerror or "cannot be read") from None
