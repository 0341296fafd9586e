"""The commands about who met; each calls one function of :mod:`integrations.attending`."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated

import typer

from integrations.cli.commands.options import Day, Json, PairName

Note = Annotated[str, typer.Option("--note", help="Your own words; coordinators alone see them.")]
Minutes = Annotated[int | None, typer.Option("--minutes", min=0, max=480, help="Together.")]


class Mode(StrEnum):
    """How Tandem finds out who met."""

    TEAMS = "teams"
    SELF_REPORT = "self_report"
    OFF = "off"


class Word(StrEnum):
    """What a coordinator can correct a verdict to."""

    HELD = "held"
    SHORT = "short"
    NOT_HELD = "not_held"


def add_to(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.command()(evidence)
    app.command()(met)
    app.command()(correct)
    app.command("known-as")(known_as)


def evidence(
    name: Annotated[str, typer.Argument(help="Name of the program.")],
    mode: Annotated[
        Mode | None, typer.Argument(help="The mode from now on. Default: show.")
    ] = None,
    office: Annotated[
        str | None, typer.Option("--office", help="For pairs of this office only.")
    ] = None,
    told: Annotated[
        bool,
        typer.Option("--people-were-told", help="People know that Teams' attendance is read."),
    ] = False,
) -> None:
    """Show how a program finds out who met, or change it for dates to come."""
    from integrations.cli.answers import attendance

    if mode is None:
        attendance.show_mode(name)
    else:
        attendance.set_mode(name, mode.value, office=office, told=told)


def met(
    pair: PairName,
    day: Day,
    start: Annotated[
        datetime | None,
        typer.Option("--at", formats=["%H:%M"], help="When it began. Default: as planned."),
    ] = None,
    minutes: Minutes = None,
    note: Note = "",
    as_json: Json = False,
) -> None:
    """Record that the two met on a day: as that day's date, or as a meeting outside all plans."""
    from integrations.cli.answers import attendance

    attendance.record_meeting(
        pair,
        day.date(),
        start.time() if start else None,
        minutes,
        note=note,
        as_json=as_json,
    )


def correct(
    pair: PairName,
    day: Day,
    word: Annotated[Word, typer.Argument(help="What became of it.")],
    minutes: Minutes = None,
    note: Note = "",
    as_json: Json = False,
) -> None:
    """Correct the verdict on a past date; the earlier one stays in the journal."""
    from integrations.cli.answers import attendance

    attendance.correct(pair, day.date(), word.value, minutes, note=note, as_json=as_json)


def known_as(
    person: Annotated[str, typer.Argument(help="The person's address on the roster.")],
    directory_id: Annotated[str, typer.Option("--id", help="Object id of the other account.")] = "",
    mail: Annotated[str, typer.Option("--mail", help="Address of the other account.")] = "",
) -> None:
    """Confirm that another account, a guest's for example, is the same person."""
    from integrations.cli.answers import attendance

    if not directory_id and not mail:
        raise typer.BadParameter("name --id, --mail or both")
    attendance.confirm_identity(person, directory_id=directory_id, mail=mail)
