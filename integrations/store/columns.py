"""Column types: how the values of a record lie in a row, the same on both databases.

With these a row's columns are a record's fields, and nothing has to translate between them. Each
makes its own functions for a database, instead of hooks around those of the type beneath: a booking
converts some ten thousand values, and the hooks cost more than the conversions.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Generic, TypeVar

from sqlalchemy import JSON, DateTime, Dialect, String
from sqlalchemy.types import TypeDecorator

E = TypeVar("E", bound=StrEnum)


class Instant(TypeDecorator[datetime]):
    """An instant: refuses naive datetimes, gives back aware ones in UTC.

    SQLite has no such type; there it is text of fixed width in UTC, which sorts by time.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any]:
        """See :class:`sqlalchemy.types.TypeEngine`."""
        return _utc_text if dialect.name == "sqlite" else _utc

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any]:
        """See :class:`sqlalchemy.types.TypeEngine`."""
        return _from_utc_text if dialect.name == "sqlite" else _from_instant


def _utc(value: datetime | None) -> datetime | None:
    if value is None or value.tzinfo is UTC:
        return value
    if value.utcoffset() is None:
        raise ValueError(f"an instant needs a zone: {value}")
    return value.astimezone(UTC)


def _utc_text(value: datetime | None) -> str | None:
    in_utc = _utc(value)
    if in_utc is None:
        return None
    return in_utc.replace(tzinfo=None).isoformat(" ", "microseconds")


def _from_utc_text(value: str | None) -> datetime | None:
    # Read with its zone: giving it one afterwards takes as long again.
    return None if value is None else datetime.fromisoformat(f"{value}+00:00")


def _from_instant(value: datetime | None) -> datetime | None:
    return None if value is None else value.astimezone(UTC)


class Word(TypeDecorator[E], Generic[E]):
    """One word of an enumeration, kept as text."""

    impl = String
    cache_ok = True

    def __init__(self, words: type[E]) -> None:
        super().__init__()
        self.words = words

    @property
    def python_type(self) -> type[E]:
        """See :class:`sqlalchemy.types.TypeEngine`."""
        return self.words

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any]:
        """See :class:`sqlalchemy.types.TypeEngine`."""
        return lambda value: None if value is None else self.words(value).value

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any]:
        """See :class:`sqlalchemy.types.TypeEngine`."""
        known = {word.value: word for word in self.words}
        # Of a word that the enumeration does not have, it says so itself.
        return lambda value: None if value is None else known.get(value) or self.words(value)


class JsonTuple(TypeDecorator[tuple[Any, ...]]):
    """A tuple, kept as a JSON array."""

    impl = JSON
    cache_ok = True

    def process_bind_param(
        self, value: tuple[Any, ...] | None, dialect: Dialect
    ) -> list[Any] | None:
        return None if value is None else list(value)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any]:
        """See :class:`sqlalchemy.types.TypeEngine`."""
        # Not process_result_value, which is called through another: large reports read many.
        read = self.impl_instance.dialect_impl(dialect).result_processor(dialect, coltype)
        if read is None:
            return lambda value: None if value is None else tuple(value)
        return lambda value: None if value is None else tuple(read(value) or ())
