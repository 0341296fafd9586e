"""Clocks a tenant can be given: any callable that gives an aware instant will do."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

Clock = Callable[[], datetime]


def machine_clock() -> datetime:
    """The machine's own time, in UTC."""
    return datetime.now(UTC)


class AdjustableClock:
    """A clock that is told what time it is and, where asked to, runs on from there.

    A clock that stands still moves by :meth:`set` and :meth:`advance` alone.
    """

    def __init__(self, start: datetime, *, runs: bool = False) -> None:
        self._machine_start = machine_clock()
        self._runs = runs
        self._start = _in_utc(start)

    def __call__(self) -> datetime:
        if not self._runs:
            return self._start
        return self._start + (machine_clock() - self._machine_start)

    def set(self, now: datetime) -> None:
        """Make it ``now``; going back is allowed, though no real clock does."""
        self._start = _in_utc(now)
        self._machine_start = machine_clock()

    def advance(self, by: timedelta) -> None:
        """Let time pass."""
        self.set(self() + by)


def _in_utc(instant: datetime) -> datetime:
    if instant.utcoffset() is None:
        raise ValueError(f"an instant needs a zone: {instant}")
    return instant.astimezone(UTC)
