"""What the commands do that let something out: reports, exports, credit, hours, a person's data.

Each opens the store, calls one workflow and shows the answer or
writes a file. None of them speaks to Microsoft 365.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from rich.markup import escape
from rich.measure import Measurement
from rich.table import Table as Drawn

from integrations.bootstrap import settings_from_environment
from integrations.cli import console, opening
from integrations.errors import Fault, FaultsError
from integrations.ports import Transaction
from integrations.runtime import SystemClock
from integrations.workflows.enrolment.programs import program_key
from integrations.workflows.operating import privacy
from integrations.workflows.reporting import adherence, credit, hours, sponsor
from integrations.workflows.reporting.history import histories, histories_of_person
from integrations.workflows.reporting.objectives import objectives_table
from integrations.workflows.reporting.people import find_person
from integrations.workflows.reporting.recognition import badges_table, recognition_table
from integrations.workflows.reporting.surveys import surveys_table
from integrations.workflows.reporting.tables import Table
from integrations.workflows.reporting.writers import Format, to_csv, to_json, written

T = TypeVar("T")
_MOST_LINES_A_ROW = 6
Made = Callable[[Transaction, datetime, str], T]


def show_report(program: str | None, *, for_sponsor: bool, to: Path | None, as_json: bool) -> None:
    """Every pair with its counts and the program's objectives, or the sponsor's figures."""

    def made(tx: Transaction, now: datetime, zone: str) -> Sequence[Table]:
        key = program_key(tx, program)
        found = list(histories(tx, now, key, zone))
        surveys = surveys_table(tx, None if key is None else [key])
        found_out: tuple[Table, ...] = (surveys,) if surveys.rows else ()
        if for_sponsor:
            return (*sponsor.sponsor_tables(found), *found_out)
        named = recognition_table(tx, found, now)
        found_out += (named,) if named.rows else ()
        of_program = {history.program.id: history.rule for history in found}
        goals = [
            objectives_table(rule.objectives, [h for h in found if h.program.id == key])
            for key, rule in sorted(of_program.items())
        ]
        tables = adherence.Adherence.of(found, now, with_sessions=False).tables
        return (*tables, *(goal for goal in goals if goal.rows), *found_out)

    _give(_read(made), to, as_json=as_json)


def export(program: str | None, what: str | None, to: Path) -> None:
    """Write pairs, sessions and totals into a file; CSV holds one of them."""

    def made(tx: Transaction, now: datetime, zone: str) -> Sequence[Table]:
        key = program_key(tx, program)
        tables = adherence.Adherence.of(histories(tx, now, key, zone), now).tables
        return [table for table in tables if what in (None, table.name)]

    form = _form(to)
    if form is Format.CSV and what is None:
        what = "sessions"
    _write(_read(made), to)


def export_credit(program: str, to: Path, *, as_json: bool) -> None:
    """Write the whole ledger of a program; what is new in it is kept."""
    form = _form(to)

    def made(tx: Transaction, now: datetime, zone: str) -> credit.Credit:
        key = program_key(tx, program)
        return credit.export_credit(tx, key or "", now, zone)

    done = _read(made)
    # For a firm's time recording, which may stumble over a byte order mark.
    plain = form is Format.CSV
    to.write_bytes(to_csv(done.lines, marked=False) if plain else written([done.lines], form))
    facts = {
        "lines": len(done.lines.rows),
        "new": done.added,
        "without_timekeeper": sorted(done.without_number),
    }
    if as_json:
        console.show_json(facts)
        return
    console.out.print(f"{facts['lines']} lines, {facts['new']} of them new.")
    if done.without_number:
        console.out.print(
            f"{len(done.without_number)} people have no timekeeper's number and are not in it."
        )


def show_hours(person: str, *, to: Path | None, as_json: bool) -> None:
    """What one person gave, by their address or id."""

    def made(tx: Transaction, now: datetime, zone: str) -> Sequence[Table]:
        key = find_person(tx, person).id
        found = histories_of_person(tx, now, key, zone)
        badges = badges_table(tx, key, found, now)
        return (*hours.hours_tables(key, found), *((badges,) if badges.rows else ()))

    _give(_read(made), to, as_json=as_json)


def _read(made: Made[T]) -> T:
    now, zone = SystemClock().now(), settings_from_environment().zone
    return opening.with_store(lambda tx: made(tx, now, zone))


def _give(tables: Sequence[Table], to: Path | None, *, as_json: bool) -> None:
    if to is not None:
        _write(tables, to)
    elif as_json:
        console.out.file.write(to_json(tables).decode())
    else:
        for table in tables:
            show_table(table)


def _write(tables: Sequence[Table], to: Path) -> None:
    form = _form(to)
    to.write_bytes(written(tables[:1] if form is Format.CSV else tables, form))


def _form(to: Path) -> Format:
    """The form a file's name asks for."""
    try:
        return Format(to.suffix.lower().removeprefix("."))
    except ValueError:
        expected = f"a name that ends in {', '.join(f'.{form}' for form in Format)}"
        raise FaultsError([Fault("--to", expected, to.name)]) from None


def show_table(table: Table) -> None:
    """A table on the terminal; empty columns are left out.

    Where the terminal is too narrow for whole words, or so narrow that a row becomes a tower of
    them, each row is a paragraph of its own.
    """
    drawn = Drawn(title=table.title, title_justify="left")
    used = [
        at for at in range(len(table.columns)) if any(row[at] is not None for row in table.rows)
    ]
    for at in used:
        drawn.add_column(table.columns[at].title)
    for row in table.rows:
        drawn.add_row(*(escape("" if row[at] is None else str(row[at])) for at in used))
    if _least_width(drawn) <= console.out.width and _lines_a_row(drawn) <= _MOST_LINES_A_ROW:
        console.out.print(drawn)
        return
    console.out.print(f"[italic]{table.title}[/]")
    for row in table.rows:
        cells = [(table.columns[at].title, row[at]) for at in used if row[at] is not None]
        console.out.print(
            " · ".join(f"{title} [bold]{escape(str(cell))}[/]" for title, cell in cells)
        )
        console.out.print()


def _least_width(drawn: Drawn) -> int:
    """How many columns of a terminal a table needs to keep its words whole."""
    unbounded = console.out.options.update(max_width=10_000)
    return Measurement.get(console.out, unbounded, drawn).minimum


def _lines_a_row(drawn: Drawn) -> float:
    """How many lines of the terminal a row takes, its rules and the headings counted."""
    return len(console.out.render_lines(drawn)) / max(len(drawn.rows), 1)


def export_person(person: str, to: Path) -> None:
    """Write everything that is kept about a person."""
    data = _read(lambda tx, now, zone: privacy.data_of(tx, find_person(tx, person).id))
    to.write_text(json.dumps(data, indent=2, default=str, ensure_ascii=False) + "\n", "utf-8")


def erase_person(person: str, *, for_good: bool, as_json: bool) -> None:
    """Put a tombstone in place of a person, or show what that would change."""
    done = _read(
        lambda tx, now, zone: privacy.erase(tx, find_person(tx, person).id, now, for_good=for_good)
    )
    if as_json:
        console.show_json(asdict(done))
        return
    console.show_counts("Erased" if done.done else "Would be erased or changed", done.rows)
    for name in done.contact_of:
        console.out.print(f"Still the contact of {escape(name)}: change it with program set.")
