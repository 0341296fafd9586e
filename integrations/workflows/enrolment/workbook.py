"""A roster as a workbook: its first sheet as the CSV it would be saved as, within bounds.

A workbook is a zip of XML, so a small file can be made to unfold into a huge one. What its entries
say they unfold to is added up before anything is unfolded, and reading stops at what they said.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Any

from integrations.errors import Fault, RosterError
from integrations.language import N_, gettext
from integrations.workflows.enrolment.roster import COLUMNS, MOST_BYTES, MOST_ROWS

MOST_UNFOLDED = 64 * 1024 * 1024
MOST_ENTRIES = 1_000
MOST_COLUMNS = 2 * len(COLUMNS)
_MAGIC = b"PK\x03\x04"


def is_workbook(content: bytes) -> bool:
    """Whether these bytes are a workbook rather than a text."""
    return content.startswith(_MAGIC)


def roster_of(content: bytes) -> bytes:
    """A roster as CSV, from a CSV or a workbook; rows keep the numbers that the sheet shows.

    Raises:
        RosterError: it is no workbook that can be read, or too large.
    """
    if not is_workbook(content):
        return content
    _require_bounds(content)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    for row in _rows(content):
        writer.writerow(row)
    return out.getvalue().encode()


def _require_bounds(content: bytes) -> None:
    if len(content) > MOST_BYTES:
        raise RosterError(
            [Fault("roster", gettext("at most %(most)s MB", most=MOST_BYTES // 1024 // 1024))]
        )
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError):
        raise _unreadable() from None
    if len(entries) > MOST_ENTRIES or sum(e.file_size for e in entries) > MOST_UNFOLDED:
        raise RosterError(
            [
                Fault(
                    "roster",
                    gettext(
                        "a workbook of at most %(most)s MB unfolded",
                        most=MOST_UNFOLDED // 1024 // 1024,
                    ),
                )
            ]
        )


def _rows(content: bytes) -> Iterator[list[str]]:
    from openpyxl import load_workbook  # type: ignore[import-untyped]  # takes long to import

    try:
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
        try:
            sheet = book.worksheets[0]
            # What a sheet says of its size is not to be relied on.
            sheet.reset_dimensions()
            found = sheet.iter_rows(
                max_row=MOST_ROWS + 2, max_col=MOST_COLUMNS + 1, values_only=True
            )
            rows = [_cells(row) for row in found]
        finally:
            book.close()
    except RosterError:
        raise
    except Exception:  # noqa: BLE001 - a library reading a stranger's file fails in its own ways
        raise _unreadable() from None
    width = max((len(row) for row in rows[:1]), default=0)
    if width > MOST_COLUMNS:
        raise RosterError([Fault("roster", gettext("at most %(most)s columns", most=MOST_COLUMNS))])
    yield from (row[:width] + [cell for cell in row[width:] if cell] for row in rows)


def _cells(row: tuple[Any, ...]) -> list[str]:
    cells = [_text(value) for value in row]
    while cells and not cells[-1]:
        cells.pop()
    return cells


def _text(value: Any) -> str:
    """A cell as a person reads it: dates in full, whole numbers without a point."""
    match value:
        case None:
            return ""
        case datetime() if value.time() == time():
            return value.date().isoformat()
        case datetime() | date():
            return value.isoformat()
        case float() if value.is_integer():
            return str(int(value))
        case bool():
            return "yes" if value else "no"
        case _:
            return str(value).replace("\x00", "")


def _unreadable() -> RosterError:
    return RosterError([Fault("roster", N_("an Excel workbook (.xlsx) or a CSV file"))])
