"""Tables as data: what a report says, apart from the form in which it leaves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

Cell = str | int | Decimal | date | None
"""What a table holds. Instants are written as text with their zone by whoever makes the table."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column: ``name`` for programs, ``title`` for people."""

    name: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows under named columns; every row has a cell for each.

    ``name`` is a short word: a sheet of a workbook, a file, a member of JSON.

    Raises:
        ValueError: a row is longer or shorter than there are columns.
    """

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def __post_init__(self) -> None:
        for number, row in enumerate(self.rows):
            if len(row) != len(self.columns):
                raise ValueError(
                    f"row {number} of {self.name} has {len(row)} cells for "
                    f"{len(self.columns)} columns"
                )

    def records(self) -> Iterator[dict[str, Cell]]:
        """The rows as mappings from column name to cell."""
        names = [column.name for column in self.columns]
        return (dict(zip(names, row, strict=True)) for row in self.rows)


def columns(*pairs: tuple[str, str]) -> tuple[Column, ...]:
    """Columns from (name, title)."""
    return tuple(Column(name, title) for name, title in pairs)


def table(
    name: str, title: str, titled: Sequence[tuple[str, str]], rows: Sequence[tuple[Cell, ...]]
) -> Table:
    """A table from (name, title) of its columns, and its rows."""
    return Table(name=name, title=title, columns=columns(*titled), rows=tuple(rows))
