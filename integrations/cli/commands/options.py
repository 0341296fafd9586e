"""Arguments and options that several commands have."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print data instead of tables.")]
ProgramName = Annotated[
    str | None, typer.Option("--program", help="Only this program, by name. Default: all.")
]
NamedProgram = Annotated[str, typer.Argument(help="Name of the program.")]
PairName = Annotated[str, typer.Argument(help="The pair's id, or its id in the roster.")]
Day = Annotated[datetime, typer.Argument(formats=["%Y-%m-%d"], help="Date in the series' zone.")]
