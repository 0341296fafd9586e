"""One table and its records: what every repository does in the same way."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from functools import cache
from itertools import islice
from typing import Any, Generic, NamedTuple, TypeVar

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Executable,
    Select,
    Table,
    and_,
    bindparam,
    delete,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite

R = TypeVar("R")
S = TypeVar("S")
T = TypeVar("T", bound=NamedTuple)

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


AMONG = "among"
"""Under which name a statement of ``among`` takes its values."""


def among(column: ColumnElement[Any]) -> ColumnElement[bool]:
    """That ``column`` is one of the values bound as ``AMONG``."""
    return column.in_(bindparam(AMONG, expanding=True))


# Building a statement costs several times what running it does, and a process builds few kinds.
_BUILT: dict[tuple[type, str, str, str], Any] = {}


@cache
def _field_names(record: Hashable) -> tuple[str, ...]:
    return tuple(
        field.name
        for field in fields(record)  # type: ignore[arg-type]  # records are dataclasses
    )


@cache
def _own_names(table: Table, names: tuple[str, ...]) -> tuple[str, ...]:
    """Those of ``names`` that are columns of the table itself."""
    return tuple(name for name in names if name in table.columns)


@cache
def _key_parts(table: Table) -> tuple[tuple[str, type], ...]:
    """Under which name each part of a key is bound, and its type."""
    keys = table.primary_key.columns
    return tuple((f"key_{column.name}", column.type.python_type) for column in keys)


class Rows(Generic[R]):
    """One table whose columns are named after the fields of one class of records."""

    def __init__(self, connection: Connection, table: Table, record: type[R]) -> None:
        self._connection = connection
        self._table = table
        self._record = record
        self._fields = _field_names(record)  # type: ignore[arg-type]  # classes are hashable

    def _built(self, name: str, build: Callable[[], S]) -> S:
        """The statement ``name`` of this table and database, built when first asked for.

        Whatever differs from one use to the next has to be a ``bindparam`` in it.
        """
        key = (type(self), self._table.name, self._connection.dialect.name, name)
        statement: S | None = _BUILT.get(key)
        if statement is None:
            statement = _BUILT[key] = build()
        return statement

    @property
    def _keys(self) -> list[Column[Any]]:
        return list(self._table.primary_key.columns)

    def _is_key(self) -> ColumnElement[bool]:
        """That a row has the key whose parts are bound as ``_parts`` says."""
        return and_(*(column == bindparam(f"key_{column.name}") for column in self._keys))

    def _is(self, key: str) -> ColumnElement[bool]:
        """That a row has this key, for a statement that is built for one use."""
        values = self._parts(key).values()
        return and_(*(column == value for column, value in zip(self._keys, values, strict=True)))

    def _parts(self, key: str) -> dict[str, Any]:
        kinds = _key_parts(self._table)
        parts = key.rsplit("/", len(kinds) - 1)
        return {name: kind(part) for (name, kind), part in zip(kinds, parts, strict=True)}

    def _key(self, record: R) -> str:
        return "/".join(str(getattr(record, column.name)) for column in self._keys)

    def _query(self) -> Select[Any]:
        """Everything, column by column in the order of the fields."""
        return select(*(self._table.columns[name] for name in self._fields))

    def _fetch(self, query: Select[Any], values: Mapping[str, Any] | None = None) -> list[R]:
        # All rows at once: taking them one by one costs more than the statement.
        rows = self._connection.execute(query, values).all()
        return [self._record(**dict(zip(self._fields, row, strict=True))) for row in rows]

    def _tuples(self, query: Select[Any], among: Sequence[str], shape: type[T]) -> Iterator[T]:
        """What a query over ``AMONG`` finds, in tuples of ``shape`` named after its columns.

        Values are converted column by column from what the driver gives: for the hundred thousand
        rows of a large report, rows of SQLAlchemy's own in between cost as much as all the rest.
        """
        cursor = self._connection.execute(query, {AMONG: among}).cursor
        rows = cursor.fetchall() if cursor is not None else ()
        if not rows:
            return iter(())
        dialect = self._connection.dialect
        columns: list[Iterable[Any]] = list(zip(*rows, strict=True))
        for at, column in enumerate(query.selected_columns):
            convert = column.type.dialect_impl(dialect).result_processor(dialect, None)
            if convert is not None:
                columns[at] = map(convert, columns[at])
        return map(shape._make, zip(*columns, strict=True))

    def _row(self, record: R) -> dict[str, Any]:
        return {name: getattr(record, name) for name in _own_names(self._table, self._fields)}


class KeyedRows(Rows[R]):
    """Records that are found by a key; one of several columns has slashes between them."""

    def get(self, key: str) -> R | None:
        """The record with this key, None if there is none."""
        query = self._built("get", lambda: self._query().where(self._is_key()))
        found = self._fetch(query, self._parts(key))
        return found[0] if found else None

    def require(self, key: str) -> R:
        """The record with this key; ``LookupError`` if there is none."""
        record = self.get(key)
        if record is None:
            raise LookupError(f"{self._table.name}: there is no {key}")
        return record

    def add(self, record: R) -> None:
        """Store a new record; ``ValueError`` if its key is taken."""
        insert = self._built(
            "add", lambda: insert_into(self._connection, self._table).on_conflict_do_nothing()
        )
        if not self._connection.execute(insert, self._row(record)).rowcount:
            raise ValueError(f"{self._table.name}: {self._key(record)} is there already")

    def add_all(self, records: Sequence[R]) -> None:
        """``add`` for many at once; where a key is taken, the whole transaction is refused."""
        if records:
            plain = self._built("add all", lambda: insert_into(self._connection, self._table))
            self._connection.execute(plain, [self._row(record) for record in records])

    def put(self, record: R) -> None:
        """Store the record, in place of the one with the same key if there is one."""
        self.put_many([record])

    def put_many(self, records: Sequence[R]) -> None:
        """``put`` for many at once."""
        if not records:
            return
        upsert = self._built("put", self._upsert)
        self._connection.execute(upsert, [self._row(record) for record in records])

    def _upsert(self) -> Executable:
        insert = insert_into(self._connection, self._table)
        keys = self._keys
        excluded = insert.excluded
        rest = {c.name: excluded[c.name] for c in self._table.columns if c not in keys}
        return insert.on_conflict_do_update(index_elements=keys, set_=rest)

    def remove(self, key: str) -> bool:
        """Delete the record with this key; False if there is none."""
        gone = self._built("remove", lambda: delete(self._table).where(self._is_key()))
        return bool(self._connection.execute(gone, self._parts(key)).rowcount)

    def all(self) -> list[R]:
        """Every record, in the order of its key."""
        return self._fetch(self._built("all", lambda: self._query().order_by(*self._keys)))
