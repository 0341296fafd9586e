"""The commands for whoever installs Tandem, looks after it and takes it away again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from integrations.cli.commands.options import Json

mailbox = typer.Typer(help="Program mailboxes.", no_args_is_help=True)

Confirmed = Annotated[
    int | None,
    typer.Option("--confirm", help="Do it: the number of mails that the dry run named."),
]


def add_to(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.add_typer(mailbox, name="mailbox")
    for command in (doctor, probe, decommission, teams_package):
        app.command()(command)


def doctor(as_json: Json = False) -> None:
    """Try settings, store, rights, mailboxes, webhook by harmless calls, each with its remedy."""
    from integrations.cli.answers import installation

    code = installation.doctor(as_json=as_json)
    if code:
        raise typer.Exit(code)


@mailbox.command("move")
def mailbox_move(
    source: Annotated[str, typer.Argument(help="Address of the mailbox to be given up.")],
    target: Annotated[str, typer.Argument(help="Address of the one that takes its pairs over.")],
    confirm: Confirmed = None,
    as_json: Json = False,
) -> None:
    """Book the dates to come of a program mailbox's pairs anew from another; first only shown."""
    from integrations.cli.answers import installation

    installation.move_mailbox(source, target, confirm=confirm, as_json=as_json)


def probe(
    first: Annotated[str, typer.Argument(help="Address of a volunteer.")],
    second: Annotated[str, typer.Argument(help="Address of another volunteer.")],
    yes: Annotated[
        bool,
        typer.Option("--yes", help="Ask nothing: neither leave nor what the two see and do."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Try out with two volunteers what this tenant does, clean up, and name fitting settings."""
    from integrations.cli.answers import probing

    probing.probe_tenant(first, second, yes=yes, as_json=as_json)


def decommission(
    end_dates: Annotated[
        bool,
        typer.Option("--end-dates/--leave-dates", help="Whether dates to come are cancelled."),
    ] = True,
    export: Annotated[
        Path | None, typer.Option("--export", help="Folder that all of the store is written to.")
    ] = None,
    confirm: Confirmed = None,
    as_json: Json = False,
) -> None:
    """Take Tandem away: end dates or leave them, end subscriptions, export; first only shown."""
    from integrations.cli.answers import installation

    installation.decommission(end_dates, export, confirm=confirm, as_json=as_json)


def teams_package(
    firm: Annotated[str, typer.Option("--firm", help="Who publishes the app, as people read it.")],
    to: Annotated[
        Path, typer.Option("--to", help="The file that is uploaded to Teams' admin center.")
    ] = Path("tandem-teams.zip"),
    version: Annotated[
        str, typer.Option("--version", help="Of the package; an update needs a higher one.")
    ] = "1.0.0",
    privacy: Annotated[
        str | None, typer.Option("--privacy", help="The firm's page about data protection.")
    ] = None,
    terms: Annotated[
        str | None, typer.Option("--terms", help="The firm's page with terms of use.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Write the app package for Teams: tabs for pairs and coordinators, news in the feed."""
    from integrations.cli.answers import installation

    wish = installation.TeamsWish(firm, version, privacy, terms)
    installation.teams_package(wish, to, as_json=as_json)
