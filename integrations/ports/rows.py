"""What every table of records promises."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

R = TypeVar("R")


class Records(Protocol[R]):
    """One table of the store."""

    def get(self, key: str) -> R | None:
        """The record with this id, None if there is none."""
        ...

    def require(self, key: str) -> R:
        """The record with this id; ``LookupError`` if there is none."""
        ...

    def add(self, record: R) -> None:
        """Store a new record; ``ValueError`` if its key is taken."""
        ...

    def add_all(self, records: Sequence[R]) -> None:
        """``add`` for many at once; where a key is taken, the whole transaction is refused."""
        ...

    def put(self, record: R) -> None:
        """Store the record, in place of the one with the same key if there is one."""
        ...

    def put_many(self, records: Sequence[R]) -> None:
        """``put`` for many at once."""
        ...

    def remove(self, key: str) -> bool:
        """Delete the record with this key; False if there is none."""
        ...

    def all(self) -> list[R]:
        """Every record, in the order of its key."""
        ...
