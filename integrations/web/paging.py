"""Lists by the page: where one is, and the addresses of what lies beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

AT_ONCE = 50
"""Rows on one page of a list."""


def offset_in(query: Mapping[str, str], at_once: int = AT_ONCE) -> int:
    """Where the list asked for begins; the beginning for whatever is no such place."""
    asked = query.get("from", "")
    if not asked.isascii() or not asked.isdigit() or len(asked) > 7:
        return 0
    return int(asked) // at_once * at_once


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A stretch of a list as it is shown at ``path`` with ``query`` (search, filters)."""

    path: str
    query: Mapping[str, str]
    offset: int
    shown: int
    total: int
    sort: str = ""
    at_once: int = AT_ONCE

    @property
    def first(self) -> int:
        """Number of the first row shown, counted from one; 0 of an empty list."""
        return self.offset + 1 if self.shown else 0

    @property
    def last(self) -> int:
        """Number of the last row shown."""
        return self.offset + self.shown

    @property
    def earlier(self) -> str | None:
        """Address of the stretch before, None at the beginning."""
        return self._at(max(0, self.offset - self.at_once)) if self.offset else None

    @property
    def later(self) -> str | None:
        """Address of the stretch after, None at the end."""
        return self._at(self.offset + self.at_once) if self.last < self.total else None

    def sorted_by(self, name: str) -> str:
        """Address of the list by ``name``, the other way round if it is sorted so already."""
        return self._address({"sort": f"-{name}" if self.sort == name else name})

    def _at(self, offset: int) -> str:
        more = {"sort": self.sort} if self.sort else {}
        return self._address({**more, **({"from": str(offset)} if offset else {})})

    def _address(self, more: Mapping[str, str]) -> str:
        kept = {k: v for k, v in self.query.items() if v and k not in ("from", "sort")}
        said = urlencode({**kept, **more})
        return f"{self.path}?{said}" if said else self.path
