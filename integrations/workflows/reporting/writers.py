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
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import Any

import orjson
import xlsxwriter  # type: ignore[import-untyped]

from integrations.workflows.reporting.tables import Cell, Table

_BEGINS_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_MOST_CHARACTERS = 32_767
"""Excel's limit for one cell."""
_WIDEST = 60
_MANY_CELLS = 2_000_000
"""Beyond this, some 500 MB, a workbook is written row by row, which takes half as long again."""
_LONG_AGO = datetime(2000, 1, 1)  # noqa: DTZ001 - a property of a file, which knows no zones


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
    """A workbook with a sheet for each table, headings kept in view, rows ready to be filtered."""
    file = io.BytesIO()
    options = {
        "constant_memory": sum(len(t.rows) * len(t.columns) for t in tables) > _MANY_CELLS,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with xlsxwriter.Workbook(file, options) as book:
        book.set_properties({"created": _LONG_AGO})
        for table in tables:
            _Sheet(book, table).write()
    return file.getvalue()


class _Sheet:
    """One sheet of a workbook, written from top to bottom."""

    def __init__(self, book: Any, table: Table) -> None:
        self._sheet = book.add_worksheet(table.name[:31])
        self._table = table
        self._bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
        self._day = book.add_format({"num_format": "yyyy-mm-dd"})
        self._tenths = book.add_format({"num_format": "0.0"})
        self._text = book.add_format({"quote_prefix": True})

    def write(self) -> None:
        """Headings, widths and rows."""
        sheet, table = self._sheet, self._table
        for at, column in enumerate(table.columns):
            sheet.set_column(at, at, self._width(at, column.title))
        sheet.write_row(0, 0, [column.title for column in table.columns], self._bold)
        sheet.freeze_panes(1, 0)
        if table.columns:
            sheet.autofilter(0, 0, max(1, len(table.rows)), len(table.columns) - 1)
        for number, row in enumerate(table.rows, start=1):
            for at, cell in enumerate(row):
                self._put(number, at, cell)

    def _width(self, at: int, title: str) -> int:
        longest = max((len(str(row[at])) for row in self._table.rows[:200]), default=0)
        return min(_WIDEST, 2 + max(longest, len(title) // 2 + 1))

    def _put(self, row: int, at: int, cell: Cell) -> None:
        match cell:
            # The commonest first: a large report is mostly numbers.
            case int():
                self._sheet.write_number(row, at, cell)
            case str() if is_formula(cell):
                self._sheet.write_string(row, at, cell[:_MOST_CHARACTERS], self._text)
            case str():
                self._sheet.write_string(row, at, cell[:_MOST_CHARACTERS])
            case None:
                return
            case date():
                self._sheet.write_datetime(row, at, cell, self._day)
            case Decimal():
                self._sheet.write_number(row, at, cell, self._tenths)


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
