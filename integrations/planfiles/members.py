"""Decodes JSON, and refuses members by their path when they are missing or wrong."""

import gc
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any, TypeVar, cast

import orjson

from integrations.planfiles.errors import MalformedJSONError, PlanFileError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Node:
    """A value of a JSON document and the path that leads to it (``$.rule.weekdays[0]``)."""

    value: object
    path: str

    def has(self, name: str) -> bool:
        """Whether this object has a member that is not null."""
        return isinstance(self.value, Mapping) and self.value.get(name) is not None

    def member(self, name: str) -> "Node":
        """The member of that name; refused when it is missing."""
        members = self.mapping()
        if name not in members:
            raise PlanFileError(f"{self.path}.{name}", "missing")
        return Node(members[name], f"{self.path}.{name}")

    def mapping(self) -> Mapping[str, Any]:
        """This value as an object."""
        if not isinstance(self.value, Mapping):
            raise self.wrong("an object")
        return self.value

    def elements(self) -> list["Node"]:
        """The elements of this list."""
        return [Node(v, f"{self.path}[{n}]") for n, v in enumerate(self.sequence())]

    def sequence(self) -> Sequence[Any]:
        """This value as a list."""
        if not isinstance(self.value, list):
            raise self.wrong("a list")
        return cast("Sequence[Any]", self.value)

    def text(self) -> str:
        """This value as text."""
        if not isinstance(self.value, str):
            raise self.wrong("text")
        return self.value

    def number(self, least: int = 0) -> int:
        """This value as a whole number of at least ``least``."""
        if not isinstance(self.value, int) or isinstance(self.value, bool) or self.value < least:
            raise self.wrong(f"a whole number from {least}")
        return self.value

    def flag(self) -> bool:
        """This value as true or false."""
        if not isinstance(self.value, bool):
            raise self.wrong("true or false")
        return self.value

    def date(self) -> date:
        """This value as an ISO date."""
        return self._parsed(date.fromisoformat, "a date like 2027-01-11")

    def clock(self) -> time:
        """This value as a local time; 24:00 is the end of the day."""
        if self.value == "24:00":
            return time(0)
        return self._parsed(time.fromisoformat, "a local time like 09:00")

    def instant(self) -> datetime:
        """This value as an instant with its offset, in UTC."""
        found = self._parsed(datetime.fromisoformat, "an instant like 2027-01-11T14:00Z")
        if found.utcoffset() is None:
            raise self.wrong("an instant with Z or an offset")
        return found.astimezone(UTC)

    def wrong(self, expected: str) -> PlanFileError:
        """The refusal of this value."""
        return PlanFileError(self.path, f"expected {expected}, got {_shown(self.value)}")

    def _parsed(self, parse: Callable[[str], T], expected: str) -> T:
        try:
            return parse(self.text())
        except ValueError:
            raise self.wrong(expected) from None


def _shown(value: object) -> str:
    if isinstance(value, Mapping):
        return "an object"
    if isinstance(value, list):
        return "a list"
    shown = repr(value)
    return shown if len(shown) <= 40 else f"{shown[:37]}..."


def decoded(content: bytes | memoryview) -> Node:
    """The JSON document of a file.

    Raises:
        MalformedJSONError: it is not JSON in UTF-8; says the line and column.
    """
    collecting = gc.isenabled()
    # Millions of small values are made and none is garbage: looking for some costs half as much
    # time again.
    gc.disable()
    try:
        return Node(orjson.loads(content), "$")
    except orjson.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise MalformedJSONError(place, error.msg) from None
    finally:
        if collecting:
            gc.enable()
