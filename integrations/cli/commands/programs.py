"""The commands about programs: their rules, announcing them, what their messages say."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from integrations.cli import console
from integrations.cli.commands.options import Json, NamedProgram
from integrations.page_records import StaffRole

program = typer.Typer(help="Programs and their rules.", no_args_is_help=True)
rule = typer.Typer(help="Changes of a program's rule: look first.", no_args_is_help=True)

RuleBody = Annotated[Path, typer.Argument(help="JSON file with the changed rule.")]


def add_to(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.add_typer(rule, name="rule")
    app.add_typer(program, name="program")


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
        from integrations.workflows.rulebook.rules import ProgramRule

        console.show_json(ProgramRule().to_body())
        return
    from integrations.cli.answers import programs

    if from_file is None:
        programs.show_rule(name)
    else:
        programs.set_rule_from(name, from_file)


@program.command("set")
def program_set(
    name: NamedProgram,
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
    from integrations.cli.answers import programs

    contact = {"name": contact_name, "phone": contact_phone, "mail": contact_mail}
    contact["sponsor"] = sponsor
    programs.set_program(
        name, zone=zone, mixed=mixed, contact=contact, links={"resources": resources}
    )


@program.command("announce")
def program_announce(
    name: NamedProgram,
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
    from integrations.cli.answers import programs

    day = books_on.date() if books_on else None
    programs.announce(name, books_on=day, mails=mails, as_json=as_json)


@program.command("ask-hours")
def program_ask_hours(
    name: NamedProgram,
    mails: Annotated[
        int | None,
        typer.Option("--mails", help="The number of mails shown; without it nobody is asked."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Ask whoever has not said their working hours, before anything is booked; count first."""
    from integrations.cli.answers import programs

    programs.ask_hours(name, mails=mails, as_json=as_json)


@program.command("text")
def program_text(
    name: NamedProgram,
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
    from integrations.cli.answers import programs

    if (from_file is not None and usual) or (message is None and (from_file or usual)):
        raise typer.BadParameter("name one message, and one of --from and --usual")
    if message is None:
        programs.list_texts(name, as_json=as_json)
    elif from_file is None and not usual:
        programs.show_text(name, message)
    else:
        programs.set_text_from(name, message, from_file)


@program.command("staff")
def program_staff(
    name: NamedProgram,
    add: Annotated[
        str | None,
        typer.Option(
            "--add",
            help="Address of somebody of the firm's directory, or object id of a service.",
        ),
    ] = None,
    role: Annotated[
        StaffRole, typer.Option("--as", help="What they are to the program.")
    ] = StaffRole.COORDINATOR,
    remove: Annotated[
        str | None, typer.Option("--remove", help="Address or id of whom to remove.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show who coordinates or sponsors a program; add or remove somebody."""
    from integrations.cli.answers import programs

    programs.staff(name, add=add, role=role, remove=remove, as_json=as_json)


@rule.command("preview")
def rule_preview(name: NamedProgram, file: RuleBody, as_json: Json = False) -> None:
    """Show what a changed rule would do to every booked pair. Nothing is changed."""
    from integrations.cli.answers import programs

    programs.show_rule_preview(name, file, as_json=as_json)


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
    from integrations.cli.answers import programs

    programs.apply_rule_from(name, file, mails=mails, as_json=as_json)
