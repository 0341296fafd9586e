"""The commands for trying Tandem out: a simulated tenant, a story told in one, its pages."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

_PASSED_ON = {"allow_extra_args": True, "ignore_unknown_options": True}


def add_to(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.command(context_settings=_PASSED_ON, add_help_option=False)(simulator)
    app.command()(demo)


def simulator(context: typer.Context) -> None:
    """Serve a simulated Microsoft 365 tenant on this machine (`--help` lists its options)."""
    from integrations.demo.tenant import run_simulator

    run_simulator(context.args)


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
