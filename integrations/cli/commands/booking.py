"""The commands from the roster to booked series, and those about the program store."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from integrations.cli import console
from integrations.cli.commands.options import Json, ProgramName

db = typer.Typer(help="The program store.", no_args_is_help=True)

ProblemFile = Annotated[
    Path | None, typer.Option("--from", help="Problem file to use instead of the program.")
]
Calendars = Annotated[
    Path | None,
    typer.Option("--ics", help="Folder of exported calendars to use instead of the program."),
]
Roster = Annotated[Path | None, typer.Option("--roster", help="CSV of the pairs, with --ics.")]
RuleFile = Annotated[
    Path | None, typer.Option("--rule", help="JSON file with the cadence rule, with --ics.")
]


def add_to(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.add_typer(db, name="db")
    app.command("import")(import_roster)
    for command in (plan, slots, book, work, status):
        app.command()(command)
    app.command("take-up")(take_up)


@db.command("upgrade")
def db_upgrade() -> None:
    """Create the program store, or bring it up to this version. Run it at each deployment."""
    from integrations.cli.answers import booking

    booking.upgrade()


@db.command("admit")
def db_admit(
    role: Annotated[str, typer.Argument(help="Name of the app's managed identity.")],
) -> None:
    """Let the app's identity read and write the program store, and nothing more."""
    from integrations.cli.answers import booking

    booking.admit(role)


def import_roster(
    roster: Annotated[Path | None, typer.Argument(help="CSV file.")] = None,
    show_template: Annotated[
        bool, typer.Option("--template", help="Write an empty roster to standard output.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Enrol the pairs of a roster: whole or, with any fault, not at all."""
    if show_template:
        from integrations.workflows.enrolment.roster import template

        console.out.file.write(template())
        return
    if roster is None:
        raise typer.BadParameter("name a CSV file, or ask for --template")
    from integrations.cli.answers import booking

    booking.import_roster(roster, as_json=as_json)


def plan(
    program_name: ProgramName = None,
    from_problem: ProblemFile = None,
    ics: Calendars = None,
    roster: Roster = None,
    rule: RuleFile = None,
    to_plan: Annotated[Path | None, typer.Option("--to", help="Where the plan goes.")] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Reasons, in file and words.")] = False,
    as_json: Json = False,
) -> None:
    """Find the hour of every enrolled pair; nobody is told and nothing is booked.

    With --from or --ics, and --to, files are planned instead, and no tenant is needed.
    """
    if from_problem is None and ics is None:
        from integrations.cli.answers import booking

        booking.plan(program_name, as_json=as_json)
        return
    from integrations.planfiles import commands

    problem = commands.Sources(from_problem, ics, roster, rule).load()
    found = commands.write_plan(problem, _needed(to_plan), explained=explain)
    if explain:
        for line in commands.explained_lines(found):
            console.out.out(line)


def slots(
    from_problem: ProblemFile = None,
    ics: Calendars = None,
    roster: Roster = None,
    rule: RuleFile = None,
    to_slots: Annotated[Path | None, typer.Option("--to", help="Where the slots go.")] = None,
) -> None:
    """List every mutual slot of the pairs of a problem file; no tenant is needed."""
    from integrations.planfiles import commands

    problem = commands.Sources(from_problem, ics, roster, rule).load()
    commands.write_slots(problem, _needed(to_slots))


def _needed(target: Path | None) -> Path:
    if target is None:
        raise typer.BadParameter("name the file the answer goes to", param_hint="--to")
    return target


def book(
    program_name: ProgramName = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="List every write and mail; send none.")
    ] = False,
    again: Annotated[
        bool, typer.Option("--again", help="Take up given-up and refused pairs too.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Book every planned pair: series, moved dates, Teams meeting. Stop and go on at any time."""
    from integrations.cli.answers import booking

    if dry_run:
        booking.show_dry_run(program_name, as_json=as_json)
    else:
        booking.book(program_name, again=again, as_json=as_json)


def work() -> None:
    """Do due work until stopped: the loop for running without Azure Functions."""
    from integrations.cli.answers import booking

    booking.work()


def status(
    pair: Annotated[
        str | None, typer.Argument(help="Show every date of this pair. Default: all pairs.")
    ] = None,
    program_name: ProgramName = None,
    as_json: Json = False,
) -> None:
    """Show every pair, what is in the way, and the work still to do; or one pair's dates."""
    if pair is not None:
        from integrations.cli.answers import coordinating

        coordinating.show_dates(pair, as_json=as_json)
        return
    from integrations.cli.answers import booking

    booking.status(program_name, as_json=as_json)


def take_up(as_json: Json = False) -> None:
    """Take up again what was put aside after too many tries; mend the cause first."""
    from integrations.cli.answers import booking

    booking.take_up_again(as_json=as_json)
