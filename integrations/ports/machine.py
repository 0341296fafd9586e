"""Time, life and threads: what differs between production and simulation."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

T = TypeVar("T")


class Clock(Protocol):
    """The one place that knows what time it is."""

    def now(self) -> datetime:
        """This instant, aware, in UTC."""
        ...

    async def sleep(self, length: timedelta) -> None:
        """Let ``length`` pass."""
        ...


class Life(Protocol):
    """Whether this incarnation of the program still lives.

    Every port asks before it acts and after it has been answered. In production nobody dies by
    this; in simulation death is a ``BaseException`` after which nothing of the incarnation gets
    through to store or tenant, so no ``finally`` can tidy up.
    """

    def check(self, point: str) -> None:
        """Return if alive at ``point`` (for example ``"before commit"``), raise otherwise."""
        ...


class Offload(Protocol):
    """Runs blocking work: in a thread in production, inline in simulation."""

    async def __call__(self, work: Callable[[], T]) -> T: ...
