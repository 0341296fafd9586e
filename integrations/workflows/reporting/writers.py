"""Tables as bytes: CSV and XLSX for people with spreadsheets, JSON for programs.

The same tables give the same bytes, whenever and wherever they are written. A text that a
spreadsheet would take for a formula stays a text: in CSV an apostrophe is put before it, as
OWASP's page on CSV injection advises; in XLSX the cell is a string by type and carries the mark
that Excel itself sets for a typed apostrophe, so that editing the cell keeps it one.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType

import orjson

from integrations.workflows.reporting.tables import Cell, Table
from integrations.workflows.reporting.workbook import workbook

_BEGINS_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


class Format(StrEnum):
    """How tables leave Tandem."""

    CSV = "csv"
    XLSX = "xlsx"
    JSON = "json"


def written(tables: Sequence[Table], form: Format) -> bytes:
    """Tables in one file of this form; CSV holds the first alone.

    Raises:
        ValueError: CSV of more than one table.
    """
    return _WRITERS[form](tables)


def to_csv(table: Table, *, marked: bool = True) -> bytes:
    """RFC 4180 in UTF-8; ``marked`` begins it with the byte order mark that Excel looks for."""
    text = io.StringIO(newline="")
    rows = csv.writer(text, lineterminator="\r\n")
    rows.writerow([column.name for column in table.columns])
    rows.writerows([_in_csv(cell) for cell in row] for row in table.rows)
    return text.getvalue().encode("utf-8-sig" if marked else "utf-8")


def is_formula(text: str) -> bool:
    """Whether a spreadsheet may take the text for a formula or a command."""
    if text[:1].isalnum():
        return False
    return text.lstrip(" '\"").startswith(_BEGINS_FORMULA) or text.startswith(_BEGINS_FORMULA)


def _in_csv(cell: Cell) -> str | int | Decimal:
    match cell:
        case None:
            return ""
        case str():
            return f"'{cell}" if is_formula(cell) else cell
        case date():
            return cell.isoformat()
        case _:
            return cell


def to_xlsx(tables: Sequence[Table]) -> bytes:
    """A workbook with a sheet for each table."""
    return workbook(tables, is_formula)


def to_json(tables: Sequence[Table]) -> bytes:
    """An object with one array of records for each table."""
    data = {table.name: list(table.records()) for table in tables}
    return orjson.dumps(data, default=_in_json, option=orjson.OPT_INDENT_2) + b"\n"


def _in_json(value: object) -> float:
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(f"no JSON for {type(value).__name__}")


def _only(tables: Sequence[Table]) -> Table:
    if len(tables) != 1:
        raise ValueError(f"a CSV file holds one table, not {len(tables)}")
    return tables[0]


_WRITERS: Mapping[Format, Callable[[Sequence[Table]], bytes]] = MappingProxyType(
    {
        Format.CSV: lambda tables: to_csv(_only(tables)),
        Format.XLSX: to_xlsx,
        Format.JSON: to_json,
    }
)
