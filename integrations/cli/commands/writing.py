"""The commands that stop all writing and let it go on."""

from __future__ import annotations

import typer

writing = typer.Typer(help="Stop all writing, or let it go on.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.add_typer(writing, name="writing")


@writing.command("stop")
def stop() -> None:
    """Stop all writing at once, of every process: no calendar is changed, no mail leaves."""
    from integrations.cli.answers import writing as answers

    answers.stop()


@writing.command("go-on")
def go_on() -> None:
    """Let writing go on; what waited is taken up at the usual pace."""
    from integrations.cli.answers import writing as answers

    answers.go_on()
