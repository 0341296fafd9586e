"""One table and its records: what every repository does in the same way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields
from itertools import islice
from typing import Any, Generic, TypeVar

from sqlalchemy import Column, ColumnElement, Connection, Select, Table, and_, delete, select
from sqlalchemy.dialects import postgresql, sqlite

R = TypeVar("R")

# Both databases bound the number of values in one statement; SQLite's bound is the lower one.
_VALUES_AT_ONCE = 500


def insert_into(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An INSERT of the connection's own dialect, for its ``ON CONFLICT``."""
    if connection.dialect.name == "sqlite":
        return sqlite.insert(table)
    return postgresql.insert(table)


def chunks(values: Iterable[str]) -> Iterator[list[str]]:
    """Different ``values`` in stretches that fit into one statement."""
    rest = iter(dict.fromkeys(values))
    while chunk := list(islice(rest, _VALUES_AT_ONCE)):
        yield chunk


class Rows(Generic[R]):
    """One table whose columns are named after the fields of one class of records."""

    def __init__(self, connection: Connection, table: Table, record: type[R]) -> None:
        self._connection = connection
        self._table = table
        self._record = record
        self._columns = frozenset(table.columns.keys())
        self._fields = tuple(
            field.name
            for field in fields(record)  # type: ignore[arg-type]  # records are dataclasses
        )

    @property
    def _keys(self) -> list[Column[Any]]:
        return list(self._table.primary_key.columns)

    def _is(self, key: str) -> ColumnElement[bool]:
        """That a row has this key."""
        parts = key.rsplit("/", len(self._keys) - 1)
        return and_(
            *(
                column == column.type.python_type(part)
                for column, part in zip(self._keys, parts, strict=True)
            )
        )

    def _key(self, record: R) -> str:
        return "/".join(str(getattr(record, column.name)) for column in self._keys)

    def _query(self) -> Select[Any]:
        """Everything, column by column in the order of the fields."""
        return select(*(self._table.columns[name] for name in self._fields))

    def _fetch(self, query: Select[Any]) -> list[R]:
        rows = self._connection.execute(query)
        return [self._record(**dict(zip(self._fields, row, strict=True))) for row in rows]

    def _row(self, record: R) -> dict[str, Any]:
        return {name: getattr(record, name) for name in self._fields if name in self._columns}


class KeyedRows(Rows[R]):
    """Records that are found by a key; one of several columns has slashes between them."""

    def get(self, key: str) -> R | None:
        """The record with this key, None if there is none."""
        found = self._fetch(self._query().where(self._is(key)))
        return found[0] if found else None

    def require(self, key: str) -> R:
        """The record with this key; ``LookupError`` if there is none."""
        record = self.get(key)
        if record is None:
            raise LookupError(f"{self._table.name}: there is no {key}")
        return record

    def add(self, record: R) -> None:
        """Store a new record; ``ValueError`` if its key is taken."""
        insert = insert_into(self._connection, self._table).on_conflict_do_nothing()
        if not self._connection.execute(insert, self._row(record)).rowcount:
            raise ValueError(f"{self._table.name}: {self._key(record)} is there already")

    def put(self, record: R) -> None:
        """Store the record, in place of the one with the same key if there is one."""
        self.put_many([record])

    def put_many(self, records: Sequence[R]) -> None:
        """``put`` for many at once."""
        if not records:
            return
        insert = insert_into(self._connection, self._table)
        keys = self._keys
        rest = {c.name: insert.excluded[c.name] for c in self._table.columns if c not in keys}
        upsert = insert.on_conflict_do_update(index_elements=keys, set_=rest)
        self._connection.execute(upsert, [self._row(record) for record in records])

    def remove(self, key: str) -> bool:
        """Delete the record with this key; False if there is none."""
        gone = self._connection.execute(delete(self._table).where(self._is(key)))
        return bool(gone.rowcount)

    def all(self) -> list[R]:
        """Every record, in the order of its key."""
        return self._fetch(self._query().order_by(*self._keys))
