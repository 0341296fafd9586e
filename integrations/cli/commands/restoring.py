"""The command to give after a backup of the program store was put back."""

from __future__ import annotations

import typer


def add_to(app: typer.Typer) -> None:
    """Add this command to the command line."""
    app.command()(restored)


def restored() -> None:
    """Say that a backup of the program store was put back: writing stops, everything is compared.

    What was booked since is found in the calendars and not booked again. Mails of Tandem's own that
    were due by now are given up. Writing goes on with `tandem writing go-on`.
    """
    from integrations.cli.answers.restoring import say_restored

    say_restored()
