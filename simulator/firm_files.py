"""A firm from files: a planning problem as JSON, or a roster with exported calendars.

So a firm's own data can be rehearsed with. The files are read here anew, without the product's
readers, so that one misreading cannot hide another. What a simulated calendar has no word for
(``unknown`` time) becomes busy.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import recurring_ical_events
from icalendar import Calendar

from simulator.people import Appointment, Firm, FirmPair, FirmPerson, Office, ShowAs, Weekday

DOMAIN = "rehearsal.example"
PAIRS_PER_MAILBOX = 50
_WEEKDAYS: Mapping[str, Weekday] = {
    "mon": "monday",
    "tue": "tuesday",
    "wed": "wednesday",
    "thu": "thursday",
    "fri": "friday",
    "sat": "saturday",
    "sun": "sunday",
}
_SHOWN: Mapping[str, ShowAs] = {
    "free": "free",
    "tentative": "tentative",
    "busy": "busy",
    "oof": "oof",
    "workingelsewhere": "workingElsewhere",
    "unknown": "busy",
}
_HALF_A_YEAR = timedelta(weeks=40)
_OFFICE_HOURS = {name: (time(9), time(17, 30)) for name in list(_WEEKDAYS.values())[:5]}


class FirmFileError(Exception):
    """A file that no firm can be made of; the message names the file and what is wrong."""


def firm_from_problem(source: Path) -> Firm:
    """The firm of a planning problem: its people with their hours and busy time, and its pairs.

    Raises:
        FirmFileError: the file is not a planning problem.
    """
    try:
        problem = json.loads(source.read_text("utf-8"))
        start = date.fromisoformat(problem["rule"]["start_date"])
        people = {p["id"]: _person_of_problem(p) for p in problem["people"]}
        pairs = tuple(
            FirmPair(
                id=str(pair["id"]),
                mentor=people[pair["mentor"]].id,
                mentee=people[pair["mentee"]].id,
                start_date=start,
                office=people[pair["mentee"]].office.name,
                practice_group="",
            )
            for pair in problem["pairs"]
        )
    except (OSError, ValueError, KeyError, TypeError) as fault:
        raise FirmFileError(f"{source} is not a planning problem ({fault!r})") from fault
    return _firm(tuple(people.values()), pairs)


def firm_from_calendars(folder: Path, roster: Path, start: date) -> Firm:
    """The firm of a roster whose people have an exported calendar each in ``folder``.

    A calendar is named after the mail address or the part before its ``@`` and is read for 40
    weeks from ``start``. Its zone is its ``X-WR-TIMEZONE``.

    Raises:
        FirmFileError: roster or calendar is missing or unreadable.
    """
    try:
        text = roster.read_bytes().decode("utf-8-sig")
    except (OSError, ValueError) as fault:
        raise FirmFileError(f"{roster} cannot be read ({fault!r})") from fault
    delimiter = ";" if text.partition("\n")[0].count(";") else ","
    rows = list(csv.DictReader(io.StringIO(text), delimiter=delimiter))
    people: dict[str, FirmPerson] = {}
    pairs = []
    for number, row in enumerate(rows):
        try:
            mentor, mentee = (row[c].strip().lower() for c in ("mentor_mail", "mentee_mail"))
        except KeyError as missing:
            raise FirmFileError(f"{roster} has no column {missing}") from None
        for mail in (mentor, mentee):
            if mail not in people:
                people[mail] = _person_of_calendar(folder, mail, start)
        pairs.append(
            FirmPair(
                id=row.get("pair_id") or f"p{number:05}",
                mentor=people[mentor].id,
                mentee=people[mentee].id,
                start_date=start,
                office=row.get("office") or people[mentee].office.name,
                practice_group=row.get("practice_group") or "",
            )
        )
    return _firm(tuple(people.values()), tuple(pairs))


def _firm(people: tuple[FirmPerson, ...], pairs: tuple[FirmPair, ...]) -> Firm:
    offices = tuple({person.office.name: person.office for person in people}.values())
    boxes = tuple(
        _person(f"mentoring-{number}@{DOMAIN}", offices[0], _OFFICE_HOURS, ())
        for number in range(1, -(-max(len(pairs), 1) // PAIRS_PER_MAILBOX) + 1)
    )
    return Firm("Rehearsal", DOMAIN, offices, people, boxes, pairs)


def _person(
    mail: str,
    office: Office,
    hours: Mapping[Weekday, tuple[time, time]],
    appointments: tuple[Appointment, ...],
) -> FirmPerson:
    """Mailbox settings can publish one range for all days: the widest."""
    return FirmPerson(
        id=str(uuid5(NAMESPACE_URL, f"mailto:{mail}")),
        mail=mail,
        name=mail.partition("@")[0].replace(".", " ").title(),
        office=office,
        title="Lawyer",
        senior=False,
        workdays=tuple(hours),
        hours=(min(h[0] for h in hours.values()), max(h[1] for h in hours.values())),
        hours_by_weekday=dict(hours) if len(set(hours.values())) > 1 else {},
        appointments=appointments,
    )


def _person_of_problem(given: Mapping[str, Any]) -> FirmPerson:
    hours = {
        _WEEKDAYS[day]: (time.fromisoformat(start), time.fromisoformat(end))
        for day, (start, end) in given["working_hours"].items()
    }
    mail = given["id"] if "@" in given["id"] else f"{given['id']}@{DOMAIN}"
    office = Office(given.get("office") or given["tz"], given["tz"], "")
    return _person(mail.lower(), office, hours, tuple(_appointments_of(given["busy"])))


def _appointments_of(busy: list[list[str]]) -> Iterator[Appointment]:
    for start, end, status in busy:
        shown = _SHOWN[status.lower()]
        yield Appointment(_utc(start), _utc(end), "UTC", shown, subject="Appointment")


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC).replace(tzinfo=None)


def _person_of_calendar(folder: Path, mail: str, start: date) -> FirmPerson:
    names = (f"{mail}.ics", f"{mail.partition('@')[0]}.ics")
    source = next((folder / name for name in names if (folder / name).is_file()), None)
    if source is None:
        raise FirmFileError(f"{folder} holds no calendar of {names[0]} or {names[1]}")
    try:
        calendar: Any = Calendar.from_ical(source.read_bytes())
        zone = str(calendar["X-WR-TIMEZONE"])
        entries = recurring_ical_events.of(calendar).between(start, start + _HALF_A_YEAR)
        appointments = tuple(_appointment_of(entry, zone) for entry in entries)
    except (OSError, ValueError, KeyError) as fault:
        raise FirmFileError(f"{source} is not a calendar with a zone ({fault!r})") from fault
    return _person(mail, Office(zone, zone, ""), _OFFICE_HOURS, appointments)


def _appointment_of(entry: Any, zone: str) -> Appointment:
    start, end = entry.start, entry.end
    all_day = not isinstance(start, datetime)
    return Appointment(
        start=datetime.combine(start, time()) if all_day else _in_utc(start),
        end=datetime.combine(end, time()) if all_day else _in_utc(end),
        zone=zone if all_day else "UTC",
        show_as=_show_as_of(entry),
        subject="Appointment",
        all_day=all_day,
    )


def _in_utc(moment: datetime) -> datetime:
    """Wall clock in UTC; a floating time is taken as UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.astimezone(UTC).replace(tzinfo=None)


def _show_as_of(entry: Any) -> ShowAs:
    told = str(entry.get("X-MICROSOFT-CDO-BUSYSTATUS", "")).lower()
    if told in _SHOWN:
        return _SHOWN[told]
    if str(entry.get("TRANSP", "")).upper() == "TRANSPARENT":
        return "free"
    return "tentative" if str(entry.get("STATUS", "")).upper() == "TENTATIVE" else "busy"
