"""The command line: each command reads its arguments, calls one function, shows the answer.

Exit codes: 0 done; 1 a fault in Tandem; 2 wrong usage; 3 input refused (settings, roster, rule,
files, pairs, dates, rows); 4 the program store cannot be used; 5 Microsoft 365 could not be
reached or said no; 6 doctor found something that is not well.

What speaks to the tenant is imported when it is used: planning a file needs none of it.
"""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from integrations import cli_attendance, cli_outputs, console
from integrations.errors import (
    FaultsError,
    GraphError,
    IntegrationError,
    NotPossibleError,
    StoreError,
)
from integrations.planfiles.errors import PlanFileError

app = typer.Typer(
    name="tandem",
    help="Finds, books and keeps the hours of a reverse-mentoring program.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
db = typer.Typer(help="The program store.", no_args_is_help=True)
program = typer.Typer(help="Programs and their rules.", no_args_is_help=True)
rule = typer.Typer(help="Changes of a program's rule: look first.", no_args_is_help=True)
app.add_typer(db, name="db")
app.add_typer(rule, name="rule")
app.add_typer(program, name="program")
cli_outputs.add_to(app)
cli_attendance.add_to(app)

Json = Annotated[bool, typer.Option("--json", help="Print data instead of tables.")]
ProgramName = Annotated[
    str | None, typer.Option("--program", help="Only this program, by name. Default: all.")
]


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


def main() -> None:
    """Run the command line; every expected failure is one line and a remedy."""
    try:
        app()
    except IntegrationError as error:
        console.show_error(str(error), error.remedy)
        sys.exit(_exit_code(error))


def _exit_code(error: IntegrationError) -> int:
    if isinstance(error, FaultsError | NotPossibleError | PlanFileError):
        return 3
    if isinstance(error, StoreError):
        return 4
    return 5 if isinstance(error, GraphError) else 1


@db.command("upgrade")
def db_upgrade() -> None:
    """Create the program store, or bring it up to this version. Run it at each deployment."""
    from integrations import live

    live.upgrade()


@program.command("rule")
def program_rule(
    name: Annotated[str | None, typer.Argument(help="Name of the program.")] = None,
    from_file: Annotated[
        Path | None, typer.Option("--from", help="JSON file with the new rule.")
    ] = None,
    show_template: Annotated[
        bool, typer.Option("--template", help="Print a rule with every member.")
    ] = False,
) -> None:
    """Show a program's cadence rule, or set it from a JSON file."""
    if show_template or name is None:
        from integrations.workflows.rules import ProgramRule

        console.show_json(ProgramRule().to_body())
        return
    from integrations import live

    if from_file is None:
        live.show_rule(name)
    else:
        live.set_rule_from(name, from_file)


@program.command("set")
def program_set(
    name: Annotated[str, typer.Argument(help="Name of the program.")],
    zone: Annotated[str | None, typer.Option(help="IANA zone the program lives in.")] = None,
    mixed: Annotated[
        bool | None, typer.Option(help="Whether the two take turns in leading.")
    ] = None,
    contact_name: Annotated[str | None, typer.Option(help="Whom pairs may turn to.")] = None,
    contact_phone: Annotated[str | None, typer.Option(help="Their telephone.")] = None,
    contact_mail: Annotated[str | None, typer.Option(help="Their address.")] = None,
    resources: Annotated[
        str | None, typer.Option(help="Link to good ways to start, for the invitation.")
    ] = None,
    sponsor: Annotated[
        str | None, typer.Option(help="In whose name the program is announced.")
    ] = None,
) -> None:
    """Set what a program's messages say; what is not named stays as it is."""
    from integrations import live

    contact = {"name": contact_name, "phone": contact_phone, "mail": contact_mail}
    contact["sponsor"] = sponsor
    live.set_program(name, zone=zone, mixed=mixed, contact=contact, links={"resources": resources})


@program.command("announce")
def program_announce(
    name: Annotated[str, typer.Argument(help="Name of the program.")],
    mails: Annotated[
        int | None,
        typer.Option("--mails", help="The number of mails shown; without it nothing is sent."),
    ] = None,
    books_on: Annotated[
        datetime | None,
        typer.Option(
            "--books-on",
            formats=["%Y-%m-%d"],
            help="First day of booking. Default: five working days from today, the soonest.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Show how many mails announcing a program causes; with that number, announce it."""
    from integrations import messaging

    day = books_on.date() if books_on else None
    messaging.announce(name, books_on=day, mails=mails, as_json=as_json)


@program.command("text")
def program_text(
    name: Annotated[str, typer.Argument(help="Name of the program.")],
    message: Annotated[
        str | None, typer.Argument(help="Name of the message. Default: list them all.")
    ] = None,
    from_file: Annotated[
        Path | None, typer.Option("--from", help="File with the program's own text.")
    ] = None,
    usual: Annotated[bool, typer.Option("--usual", help="Go back to the usual text.")] = False,
    as_json: Json = False,
) -> None:
    """Show what a program says in a message, give it a text of its own, or take that back."""
    from integrations import messaging

    if (from_file is not None and usual) or (message is None and (from_file or usual)):
        raise typer.BadParameter("name one message, and one of --from and --usual")
    if message is None:
        messaging.list_texts(name, as_json=as_json)
    elif from_file is None and not usual:
        messaging.show_text(name, message)
    else:
        messaging.set_text_from(name, message, from_file)


@app.command("import")
def import_roster(
    roster: Annotated[Path | None, typer.Argument(help="CSV file.")] = None,
    show_template: Annotated[
        bool, typer.Option("--template", help="Write an empty roster to standard output.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Enrol the pairs of a roster: whole or, with any fault, not at all."""
    if show_template:
        from integrations.workflows.roster import template

        console.out.file.write(template())
        return
    if roster is None:
        raise typer.BadParameter("name a CSV file, or ask for --template")
    from integrations import live

    live.import_roster(roster, as_json=as_json)


@app.command()
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
        from integrations import live

        live.plan(program_name, as_json=as_json)
        return
    from integrations.planfiles import commands

    problem = commands.Sources(from_problem, ics, roster, rule).load()
    found = commands.write_plan(problem, _needed(to_plan), explained=explain)
    if explain:
        for line in commands.explained_lines(found):
            console.out.out(line)


@app.command()
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


@app.command()
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
    from integrations import live

    if dry_run:
        live.show_dry_run(program_name, as_json=as_json)
    else:
        live.book(program_name, again=again, as_json=as_json)


@app.command()
def work() -> None:
    """Do due work until stopped: the loop for running without Azure Functions."""
    from integrations import live

    live.work()


@app.command()
def status(
    pair: Annotated[
        str | None, typer.Argument(help="Show every date of this pair. Default: all pairs.")
    ] = None,
    program_name: ProgramName = None,
    as_json: Json = False,
) -> None:
    """Show every pair, what is in the way, and the work still to do; or one pair's dates."""
    if pair is not None:
        from integrations import coordinating

        coordinating.show_dates(pair, as_json=as_json)
        return
    from integrations import live

    live.status(program_name, as_json=as_json)


PairName = Annotated[str, typer.Argument(help="The pair's id, or its id in the roster.")]
Day = Annotated[datetime, typer.Argument(formats=["%Y-%m-%d"], help="Date in the series' zone.")]
UntilOption = Annotated[
    datetime | None,
    typer.Option(
        "--until",
        formats=["%Y-%m-%d"],
        help="Last date, included; of a meeting to record, the day of it.",
    ),
]


@app.command()
def pause(
    pair: PairName,
    until: Annotated[
        datetime, typer.Option("--until", formats=["%Y-%m-%d"], help="Last date, included.")
    ],
    since: Annotated[
        datetime | None,
        typer.Option("--from", formats=["%Y-%m-%d"], help="First date. Default: today."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Let a pair rest: dates inside are cancelled once, and planning resumes by itself."""
    from integrations import coordinating

    coordinating.pause(pair, since.date() if since else None, until.date(), as_json=as_json)


@app.command()
def resume(pair: PairName, as_json: Json = False) -> None:
    """End a pair's pause today."""
    from integrations import coordinating

    coordinating.resume(pair, as_json=as_json)


@app.command()
def skip(
    pair: PairName,
    day: Day,
    make_up: Annotated[
        bool, typer.Option("--make-up", help="Plan another date for the one left out.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Leave one date of a pair out; both are told in neutral words."""
    from integrations import coordinating

    coordinating.skip(pair, day.date(), make_up=make_up, as_json=as_json)


@app.command()
def move(
    pair: PairName,
    day: Day,
    to: Annotated[
        datetime,
        typer.Argument(formats=["%Y-%m-%dT%H:%M"], help="New start, 2027-02-11T14:00."),
    ],
    as_json: Json = False,
) -> None:
    """Move one date of a pair; times are those of its series' zone."""
    from integrations import coordinating

    coordinating.move(pair, day.date(), to.date(), to.time(), as_json=as_json)


@app.command()
def withdraw(pair: PairName, as_json: Json = False) -> None:
    """End a pair: dates to come leave the calendars, past ones stay."""
    from integrations import coordinating

    coordinating.withdraw(pair, as_json=as_json)


@app.command("needs-you")
def needs_you(
    row: Annotated[
        str | None, typer.Argument(help="Beginning of a row's id. Default: list all.")
    ] = None,
    act: Annotated[str | None, typer.Option(help="Do one of the acts that are ready.")] = None,
    until: UntilOption = None,
    snooze: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Put the row off until then.")
    ] = None,
    note: Annotated[str | None, typer.Option(help="Keep your own words with the row.")] = None,
    done: Annotated[bool, typer.Option("--done", help="Nobody has to do anything more.")] = False,
    program_name: ProgramName = None,
    as_json: Json = False,
) -> None:
    """Show what waits for a coordinator; or act on a row, put it off, note it, close it."""
    from integrations import coordinating

    if row is None:
        coordinating.show_needs(program_name, as_json=as_json)
        return
    if [act is not None, snooze is not None, note is not None, done].count(True) != 1:
        raise typer.BadParameter("name one of --act, --snooze, --note, --done")
    if act is not None:
        coordinating.act_on_need(row, act, until=until.date() if until else None, as_json=as_json)
    elif snooze is not None:
        coordinating.snooze_need(row, snooze.date())
    elif note is not None:
        coordinating.note_need(row, note)
    else:
        coordinating.finish_need(row)


RuleBody = Annotated[Path, typer.Argument(help="JSON file with the changed rule.")]
NamedProgram = Annotated[str, typer.Argument(help="Name of the program.")]


@rule.command("preview")
def rule_preview(name: NamedProgram, file: RuleBody, as_json: Json = False) -> None:
    """Show what a changed rule would do to every booked pair. Nothing is changed."""
    from integrations import coordinating

    coordinating.show_rule_preview(name, file, as_json=as_json)


@rule.command("apply")
def rule_apply(
    name: NamedProgram,
    file: RuleBody,
    mails: Annotated[
        int, typer.Option("--mails", help="The number of mails that the preview showed.")
    ],
    as_json: Json = False,
) -> None:
    """Apply a changed rule to every booked pair, as previewed."""
    from integrations import coordinating

    coordinating.apply_rule_from(name, file, mails=mails, as_json=as_json)


@app.command()
def reconcile(
    pair: Annotated[str | None, typer.Argument(help="One pair. Default: all booked ones.")] = None,
    as_json: Json = False,
) -> None:
    """Compare pairs with the calendars now, and act on what is found."""
    from integrations import coordinating

    coordinating.reconcile_pairs(pair, as_json=as_json)


@app.command()
def journal(
    pair: Annotated[str | None, typer.Argument(help="One pair. Default: all.")] = None,
    code: Annotated[str | None, typer.Option(help="Only lines with this code.")] = None,
    last: Annotated[int | None, typer.Option(min=1, help="Only the newest so many.")] = None,
    as_json: Json = False,
) -> None:
    """Show what was decided and done, or left alone, and why."""
    from integrations import coordinating

    coordinating.show_journal(pair, code=code, last=last, as_json=as_json)


@app.command()
def doctor(as_json: Json = False) -> None:
    """Try token, operations, mailbox and join link by harmless calls, each with its remedy."""
    from integrations import live

    if not live.doctor(as_json=as_json):
        raise typer.Exit(6)


@app.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    add_help_option=False,
)
def simulator(context: typer.Context) -> None:
    """Serve a simulated Microsoft 365 tenant on this machine (`--help` lists its options)."""
    from integrations.demo.tenant import run_simulator

    run_simulator(context.args)


@app.command()
def demo(
    pairs: Annotated[int, typer.Option(min=1, max=10_000, help="Pairs of the invented firm.")] = 24,
    seed: Annotated[int, typer.Option(help="The same seed makes the same firm.")] = 1,
    months: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=12,
            help="Months of four weeks to live; 0: only book. Default: 5, or 0 above 60 pairs.",
        ),
    ] = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Begin anew even if a story was broken off here.")
    ] = False,
    folder: Annotated[Path, typer.Option(help="Where tenant and store live.")] = Path(
        ".tandem/demo"
    ),
) -> None:
    """Import, plan and book an invented firm in a simulated tenant, live for months, read back.

    Killed at any moment, it goes on where it was when it is called again.
    """
    from integrations.demo.run import Wish, run_demo

    # What takes minutes for a few dozen pairs takes hours for hundreds.
    lived = months if months is not None else 5 if pairs <= 60 else 0
    run_demo(Wish(pairs=pairs, seed=seed, months=lived, fresh=fresh), folder)
