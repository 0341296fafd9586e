"""The commands that let something out; each calls one function of the answers."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from integrations.cli.commands.options import Json, ProgramName

ToFile = Annotated[
    Path | None, typer.Option("--to", help="Write a file instead: .csv, .xlsx or .json.")
]
PersonName = Annotated[str, typer.Argument(help="The person's address, or internal id.")]


class Part(StrEnum):
    """What of an export is wanted."""

    PAIRS = "pairs"
    SESSIONS = "sessions"
    TOTALS = "totals"


def add_to(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.command()(report)
    app.command("export")(export)
    app.command()(credit)
    app.command()(hours)
    app.add_typer(privacy, name="privacy")


privacy = typer.Typer(help="What is kept about one person.", no_args_is_help=True)


def report(
    program_name: ProgramName = None,
    sponsor: Annotated[
        bool, typer.Option("--sponsor", help="Figures without names, groups under five withheld.")
    ] = False,
    to: ToFile = None,
    as_json: Json = False,
) -> None:
    """Show for every pair what is held, what can still be reached, and how the program stands."""
    from integrations.cli.answers import outputs

    outputs.show_report(program_name, for_sponsor=sponsor, to=to, as_json=as_json)


def export(
    to: Annotated[Path, typer.Option("--to", help="The file: .csv, .xlsx or .json.")],
    what: Annotated[
        Part | None, typer.Option("--what", help="Only this. Default: all; in CSV, sessions.")
    ] = None,
    program_name: ProgramName = None,
) -> None:
    """Write every pair and every judged session, with evidence and reasons, into a file."""
    from integrations.cli.answers import outputs

    outputs.export(program_name, what.value if what else None, to)


def credit(
    program_name: Annotated[str, typer.Argument(help="Name of the program.")],
    to: Annotated[Path, typer.Option("--to", help="The file: .csv, .xlsx or .json.")],
    as_json: Json = False,
) -> None:
    """Write the time credit of a program: all its lines, corrections as lines of their own."""
    from integrations.cli.answers import outputs

    outputs.export_credit(program_name, to, as_json=as_json)


def hours(person: PersonName, to: ToFile = None, as_json: Json = False) -> None:
    """Show the hours one person gave and, for mentors, the meetings they led."""
    from integrations.cli.answers import outputs

    outputs.show_hours(person, to=to, as_json=as_json)


@privacy.command("export")
def privacy_export(
    person: PersonName,
    to: Annotated[Path, typer.Option("--to", help="The file, .json.")],
) -> None:
    """Write everything that is kept about a person into a file."""
    from integrations.cli.answers import outputs

    outputs.export_person(person, to)


@privacy.command("erase")
def privacy_erase(
    person: PersonName,
    for_good: Annotated[
        bool, typer.Option("--for-good", help="Really do it. Without: only show what would go.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Put a tombstone in place of a person who has left every pair; counts stay as they are."""
    from integrations.cli.answers import outputs

    outputs.erase_person(person, for_good=for_good, as_json=as_json)
