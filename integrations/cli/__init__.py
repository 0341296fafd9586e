"""The command line: what is typed (``commands``), what is shown for it (``answers``, ``console``).

Exit codes: 0 done; 1 a fault in Tandem; 2 wrong usage; 3 input refused (settings, roster, rule,
files, pairs, dates, rows); 4 the program store cannot be used; 5 Microsoft 365 could not be
reached or said no; 6 doctor found something that is missing or wrong; 7 doctor found nothing wrong
but rights that reach further than needed.

What speaks to the tenant is imported when it is used: planning a file needs none of it.
"""

from __future__ import annotations

import sys

import typer

from integrations.cli import console
from integrations.cli.commands import (
    attendance,
    booking,
    coordinating,
    installation,
    outputs,
    programs,
    restoring,
    serving,
    trying_out,
    writing,
)
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
for subject in (
    booking,
    installation,
    programs,
    coordinating,
    attendance,
    outputs,
    serving,
    writing,
    restoring,
    trying_out,
):
    subject.add_to(app)


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
