"""The commands of coordinators: what pairs are told, what needs somebody, what was done and why."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from integrations.cli.commands.options import Day, Json, PairName, ProgramName

UntilOption = Annotated[
    datetime | None,
    typer.Option(
        "--until",
        formats=["%Y-%m-%d"],
        help="Last date, included; of a meeting to record, the day of it.",
    ),
]


def add_to(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    for command in (pause, resume, skip, move, withdraw, adopt):
        app.command()(command)
    app.command("needs-you")(needs_you)
    app.command()(reconcile)
    app.command()(journal)


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
    from integrations.cli.answers import coordinating

    coordinating.pause(pair, since.date() if since else None, until.date(), as_json=as_json)


def resume(pair: PairName, as_json: Json = False) -> None:
    """End a pair's pause today."""
    from integrations.cli.answers import coordinating

    coordinating.resume(pair, as_json=as_json)


def skip(
    pair: PairName,
    day: Day,
    make_up: Annotated[
        bool, typer.Option("--make-up", help="Plan another date for the one left out.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Leave one date of a pair out; both are told in neutral words."""
    from integrations.cli.answers import coordinating

    coordinating.skip(pair, day.date(), make_up=make_up, as_json=as_json)


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
    from integrations.cli.answers import coordinating

    coordinating.move(pair, day.date(), to.date(), to.time(), as_json=as_json)


def withdraw(pair: PairName, as_json: Json = False) -> None:
    """End a pair: dates to come leave the calendars, past ones stay."""
    from integrations.cli.answers import coordinating

    coordinating.withdraw(pair, as_json=as_json)


def adopt(
    pair: PairName,
    series: Annotated[
        str | None,
        typer.Argument(help="Beginning of a series' id. Default: look, and list what is found."),
    ] = None,
    as_json: Json = False,
) -> None:
    """List the series the two of a pair have in a program mailbox, or have one be the pair's."""
    from integrations.cli.answers import coordinating

    if series is None:
        coordinating.show_series(pair, as_json=as_json)
        return
    coordinating.adopt(pair, series, as_json=as_json)


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
    from integrations.cli.answers import coordinating

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


def reconcile(
    pair: Annotated[str | None, typer.Argument(help="One pair. Default: all booked ones.")] = None,
    as_json: Json = False,
) -> None:
    """Compare pairs with the calendars now, and act on what is found."""
    from integrations.cli.answers import coordinating

    coordinating.reconcile_pairs(pair, as_json=as_json)


def journal(
    pair: Annotated[str | None, typer.Argument(help="One pair. Default: all.")] = None,
    code: Annotated[str | None, typer.Option(help="Only lines with this code.")] = None,
    last: Annotated[int | None, typer.Option(min=1, help="Only the newest so many.")] = None,
    as_json: Json = False,
) -> None:
    """Show what was decided and done, or left alone, and why."""
    from integrations.cli.answers import coordinating

    coordinating.show_journal(pair, code=code, last=last, as_json=as_json)
