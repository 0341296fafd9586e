"""The sponsor's sheet of a program: figures of the whole and of groups, and its objectives.

Of a small program it is counted while somebody waits; of a large one every hour, and kept.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from integrations.ports import Transaction
from integrations.records import Program
from integrations.workflows.reporting.history import histories
from integrations.workflows.reporting.objectives import objectives_table
from integrations.workflows.reporting.sponsor import sponsor_tables
from integrations.workflows.reporting.surveys import surveys_table
from integrations.workflows.reporting.tables import Cell, Table

FEWEST = 5
"""A program of fewer pairs has no figures here at all, not even of its objectives."""
COUNTED_AT_ONCE = 500
"""Programs of more pairs than this are counted beforehand."""
_KEPT = "sponsor_sheet/"
Row = dict[str, Cell]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """Figures of ``pairs`` pairs as they were at ``counted_at``; groups by what they are of.

    ``pulse`` is the whole's mean of how meetings were, with ``pairs`` and ``answers``; None where
    nobody said or too few pairs did. ``surveys`` are the rows of ``surveys_table``.
    """

    counted_at: datetime
    pairs: int
    whole: Row
    groups: dict[str, list[Row]]
    objectives: list[Row]
    pulse: Row | None = None
    surveys: list[Row] = field(default_factory=list)


def sheet_of(tx: Transaction, program: Program, now: datetime, zone: str) -> Sheet:
    """The sheet of a program, with the figures of a large one as they were counted last."""
    kept = tx.switches.get(_KEPT + program.id)
    if kept is not None:
        return _read(kept)
    return _counted(tx, program.id, now, zone)


def keep_sheets(tx: Transaction, now: datetime, zone: str) -> None:
    """Count the sheets of large programs anew; what is kept of others is forgotten."""
    sizes: dict[str, int] = {program.id: 0 for program in tx.programs.all()}
    for pair in tx.pairs.all():
        sizes[pair.program_id] += 1
    for program_id, size in sizes.items():
        if size > COUNTED_AT_ONCE:
            sheet = _counted(tx, program_id, now, zone)
            tx.switches.set(_KEPT + program_id, _written(sheet))
        else:
            tx.switches.set(_KEPT + program_id, None)


def _counted(tx: Transaction, program_id: str, now: datetime, zone: str) -> Sheet:
    found = list(histories(tx, now, program_id, zone))
    table, *more = sponsor_tables(found)
    whole, *rest = [*table.records()] or [{}]
    groups: dict[str, list[Row]] = {}
    for row in rest:
        groups.setdefault(str(row["breakdown"]), []).append(row)
    objectives: list[Row] = []
    if len(found) >= FEWEST:
        objectives = list(objectives_table(found[0].rule.objectives, found).records())
    return Sheet(
        counted_at=now,
        pairs=len(found),
        whole=whole,
        groups=groups,
        objectives=objectives,
        pulse=_pulse(more),
        surveys=[_as_text(row) for row in surveys_table(tx, [program_id]).records()],
    )


def _pulse(tables: Sequence[Table]) -> Row | None:
    whole = next((row for table in tables for row in table.records()), None)
    if whole is None or whole["mean"] is None:
        return None
    return _as_text({name: whole[name] for name in ("pairs", "answers", "mean")})


def _as_text(row: Row) -> Row:
    """Means as text, because what is kept is JSON."""
    return {name: str(cell) if isinstance(cell, Decimal) else cell for name, cell in row.items()}


def _written(sheet: Sheet) -> str:
    return json.dumps(
        {
            "counted_at": sheet.counted_at.isoformat(),
            "pairs": sheet.pairs,
            "whole": sheet.whole,
            "groups": sheet.groups,
            "objectives": sheet.objectives,
            "pulse": sheet.pulse,
            "surveys": sheet.surveys,
        }
    )


def _read(kept: str) -> Sheet:
    data = json.loads(kept)
    return Sheet(**{**data, "counted_at": datetime.fromisoformat(data["counted_at"])})
