"""Reading a roster: a CSV of pairs, checked cell by cell before anything is kept.

Any column order, comma or semicolon, UTF-8 with or without a byte order mark or Windows-1252,
as spreadsheets write them.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from integrations.days import day_in
from integrations.errors import Fault, RosterError
from integrations.language import N_, gettext

REQUIRED = ("mentor_mail", "mentee_mail", "program", "start_date")
OPTIONAL = (
    "pair_id",
    "office",
    "practice_group",
    "mentor_practice_group",
    "mentee_practice_group",
    "timekeeper",
    "assistants",
    "focus",
    "place",
    "note",
)
COLUMNS = REQUIRED + OPTIONAL

MOST_BYTES = 8 * 1024 * 1024
MOST_ROWS = 50_000
MOST_CHARACTERS = dict.fromkeys(COLUMNS, 200) | {"note": 2_000, "assistants": 1_000}
MOST_FAULTS = 200

# Deliberately plain: the directory has the last word on who exists.
_ADDRESS = re.compile(r"[^@\s,;<>\"']+(?:'[^@\s,;<>\"']+)*@[^@\s,;<>\"']+\.[^@\s,;<>\"']+")


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterRow:
    """One pair as the roster names it. ``number`` counts rows as a spreadsheet shows them."""

    number: int
    mentor_mail: str
    mentee_mail: str
    program: str
    start_date: date
    pair_id: str | None = None
    office: str | None = None
    practice_group: str | None = None
    mentor_practice_group: str | None = None
    mentee_practice_group: str | None = None
    timekeeper: str | None = None
    assistants: tuple[str, ...] = ()
    focus: str | None = None
    place: str | None = None
    note: str | None = None


def template() -> str:
    """A roster with every column and one example row, as CSV text."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerow(
        [
            "ana.rivera@firm.example",
            "james.stone@firm.example",
            "Reverse mentoring 2027",
            "2027-01-11",
            "RM-001",
            "New York",
            "Litigation",
            "Litigation",
            "Tax",
            "T1042",
            "pat.lee@firm.example",
            "social media",
            "Teams",
            "",
        ]
    )
    return out.getvalue()


def read_roster(content: bytes) -> list[RosterRow]:
    """The rows of a roster.

    Raises:
        RosterError: every fault found, each with row and column; no row is returned then.
    """
    text = decoded(content)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter(text), strict=True)
    faults: list[Fault] = []
    rows: list[RosterRow] = []
    try:
        header = header_of(next(reader, []), COLUMNS, REQUIRED)
        for number, cells in enumerate(reader, start=2):
            if any(cell.strip() for cell in cells):
                rows += _row(number, header, cells, faults)
            if len(faults) >= MOST_FAULTS or number > MOST_ROWS:
                break
    except csv.Error as error:
        faults.append(
            Fault(
                gettext("line %(number)s", number=reader.line_num),
                gettext("well-formed CSV (%(why)s)", why=error),
            )
        )
    faults += _faults_of_all(rows, faults)
    if faults:
        raise RosterError(faults)
    return rows


def cell(row: int, column: str | int) -> str:
    """Where a fault is, as people find it in their spreadsheet."""
    return gettext("row %(row)s, column %(column)s", row=row, column=column)


def decoded(content: bytes) -> str:
    """The text of a CSV as spreadsheets save it. Raises RosterError: it is none, or too large."""
    if len(content) > MOST_BYTES:
        raise RosterError(
            [Fault("roster", gettext("at most %(most)s MB", most=MOST_BYTES // 1024 // 1024))]
        )
    if b"\0" in content:
        raise RosterError([Fault("roster", N_("a CSV text file, not a workbook or other binary"))])
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        # What a Western Windows spreadsheet saves as "CSV"; the bytes it leaves undefined are
        # replaced, so that they show up in a fault about the cell rather than stop the import.
        return content.decode("cp1252", errors="replace")


def delimiter(text: str) -> str:
    """What stands between the cells."""
    first_line = text.split("\n", 1)[0]
    return ";" if first_line.count(";") > first_line.count(",") else ","


def header_of(cells: Sequence[str], columns: Sequence[str], required: Sequence[str]) -> list[str]:
    """The columns in their order; with a wrong header no cell below it means anything.

    Raises:
        RosterError: a column is unknown, stands twice, or is missing.
    """
    faults = []
    names = [cell.strip().lower().replace(" ", "_") for cell in cells]
    for place, name in enumerate(names, start=1):
        if name not in columns:
            known = ", ".join(columns)
            faults.append(
                Fault(
                    cell(1, place), gettext("one of %(choices)s", choices=known), cells[place - 1]
                )
            )
        elif names.index(name) != place - 1:
            faults.append(Fault(cell(1, place), N_("each column once"), name))
    faults += [
        Fault(
            gettext("row %(number)s", number=1),
            gettext("the column %(name)s, which is required", name=name),
        )
        for name in required
        if name not in names
    ]
    if faults:
        raise RosterError(faults)
    return names


def _row(number: int, header: list[str], cells: list[str], faults: list[Fault]) -> list[RosterRow]:
    """The row as a list of one, or of none if it has a fault."""
    before = len(faults)
    if len(cells) > len(header) and any(cell.strip() for cell in cells[len(header) :]):
        faults.append(
            Fault(
                gettext("row %(number)s", number=number),
                gettext("%(count)s cells", count=len(header)),
                str(len(cells)),
            )
        )
        return []
    values = {name: cell.strip() for name, cell in zip(header, cells, strict=False)}
    faults += _cell_faults(number, values)
    if len(faults) > before:
        return []
    optional = {name: values.get(name) or None for name in OPTIONAL if name != "assistants"}
    return [
        RosterRow(
            number=number,
            mentor_mail=values["mentor_mail"].lower(),
            mentee_mail=values["mentee_mail"].lower(),
            program=values["program"],
            start_date=date.fromisoformat(values["start_date"]),
            assistants=tuple(_assistants(values)),
            **optional,
        )
    ]


def _assistants(values: dict[str, str]) -> Iterator[str]:
    for address in re.split(r"[;,\s]+", values.get("assistants", "")):
        if address:
            yield address.lower()


def _cell_faults(number: int, values: dict[str, str]) -> Iterator[Fault]:
    for column in COLUMNS:
        value = values.get(column, "")
        expected = _expected(column, value, values)
        if expected is not None:
            is_long = len(value) > _MOST_SHOWN
            shown = gettext("%(count)s characters", count=len(value)) if is_long else value
            yield Fault(cell(number, column), expected, shown)


_MOST_SHOWN = 80


def _expected(column: str, value: str, row: dict[str, str]) -> str | None:
    """What was expected of this cell, or None if it is right."""
    if not value:
        return N_("a value") if column in REQUIRED else None
    if len(value) > MOST_CHARACTERS[column]:
        return gettext("at most %(most)s characters", most=MOST_CHARACTERS[column])
    if not is_readable(value):
        return N_("readable text (UTF-8 or Windows-1252)")
    check = _CHECKS.get(column)
    return check(value, row) if check else None


def is_readable(value: str) -> bool:
    """Whether a cell is text, with nothing in it that was replaced in reading."""
    return "\ufffd" not in value and all(ord(c) >= 32 or c in "\r\n\t" for c in value)


def _address(value: str, _: dict[str, str]) -> str | None:
    return None if _ADDRESS.fullmatch(value) else N_("one mail address")


def _mentee(value: str, row: dict[str, str]) -> str | None:
    if value.lower() == row.get("mentor_mail", "").lower():
        return N_("somebody other than the mentor")
    return _address(value, row)


def _date(value: str, _: dict[str, str]) -> str | None:
    return None if _is_date(value) else N_("a date as YYYY-MM-DD")


def _addresses(_: str, row: dict[str, str]) -> str | None:
    if all(_ADDRESS.fullmatch(address) for address in _assistants(row)):
        return None
    return N_("mail addresses, separated by spaces or semicolons")


_CHECKS: dict[str, Callable[[str, dict[str, str]], str | None]] = {
    "mentor_mail": _address,
    "mentee_mail": _mentee,
    "start_date": _date,
    "assistants": _addresses,
}


def _is_date(text: str) -> bool:
    try:
        return bool(re.fullmatch(r"\d{4}-\d\d-\d\d", text)) and day_in(text).year > 2000
    except ValueError:
        return False


def _faults_of_all(rows: list[RosterRow], faults: list[Fault]) -> list[Fault]:
    if not rows and not faults:
        return [Fault("roster", N_("at least one pair below the header"))]
    too_many = (
        [Fault("roster", gettext("at most %(most)s rows", most=MOST_ROWS))]
        if len(rows) >= MOST_ROWS
        else []
    )
    return [*too_many, *_repeated(rows)]


def _repeated(rows: list[RosterRow]) -> Iterator[Fault]:
    """The same two people, or the same pair id, twice in one program; a person in two groups."""
    people: dict[tuple[str, str, str], int] = {}
    ids: dict[tuple[str, str], int] = {}
    groups: dict[str, tuple[str, int]] = {}
    for row in rows:
        first = people.setdefault((row.program, row.mentor_mail, row.mentee_mail), row.number)
        if first != row.number:
            yield Fault(
                cell(row.number, "mentor_mail"),
                gettext("each pair once (it is in row %(row)s)", row=first),
            )
        if row.pair_id is not None:
            first = ids.setdefault((row.program, row.pair_id), row.number)
            if first != row.number:
                yield Fault(
                    cell(row.number, "pair_id"),
                    gettext("each id once in a program (it is in row %(row)s)", row=first),
                    row.pair_id,
                )
        for column, mail, group in (
            ("mentor_practice_group", row.mentor_mail, row.mentor_practice_group),
            ("mentee_practice_group", row.mentee_mail, row.mentee_practice_group),
        ):
            if group is None:
                continue
            known, first = groups.setdefault(mail, (group, row.number))
            if known != group:
                yield Fault(
                    cell(row.number, column),
                    gettext("the group of this person as in row %(row)s", row=first),
                    group,
                )
