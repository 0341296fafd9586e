"""The seams to time, chance, threads and life: the only modules that touch them are built here.

Production and simulation differ in these four objects and in nothing else.
"""

from __future__ import annotations

import asyncio
import gc
import hashlib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TypeVar

T = TypeVar("T")

# Python's own is 700. A call's objects die by reference count; few cycles are left to find.
_ALLOCATIONS_PER_COLLECTION = 20_000
_TURN_SECONDS = 0.0005


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """This instant, in UTC."""
        return datetime.now(UTC)

    async def sleep(self, length: timedelta) -> None:
        """Let ``length`` pass; none if it is negative."""
        await asyncio.sleep(max(length.total_seconds(), 0.0))


class LoopClock:
    """The running event loop's own clock, counted from ``start``.

    On a loop whose time jumps, sleeping, time-outs and ``now`` all follow the same pretended time.
    """

    def __init__(self, start: datetime) -> None:
        if start.utcoffset() is None:
            raise ValueError(f"start needs a zone: {start}")
        self._start = start.astimezone(UTC)
        self._zero: float | None = None

    def now(self) -> datetime:
        """The pretended instant, in UTC; counting begins with the first look."""
        elapsed = asyncio.get_running_loop().time()
        if self._zero is None:
            self._zero = elapsed
        return self._start + timedelta(seconds=elapsed - self._zero)

    async def sleep(self, length: timedelta) -> None:
        """Let ``length`` of the loop's time pass; none if it is negative."""
        # Whoever sleeps before anybody asked the time must not lose what passes meanwhile.
        self.now()
        await asyncio.sleep(max(length.total_seconds(), 0.0))


async def in_thread(work: Callable[[], T]) -> T:
    """Run blocking work in a thread, so that the event loop goes on."""
    return await asyncio.to_thread(work)


async def inline(work: Callable[[], T]) -> T:
    """Run blocking work at once, in order: one thread, the same every time."""
    return work()


@contextmanager
def loading() -> Iterator[None]:
    """Import inside with the collector at rest, and have it pass over what was loaded for good.

    Modules make some hundred thousand objects that live as long as the process. Looking through
    them as their number grew took a seventh of the time in which a new instance loads.
    """
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if collects:
            gc.enable()


def ease_garbage_collection() -> None:
    """Have the collector pass over what is loaded by now, and look less often for more.

    For processes that work for long, once they are set up. Graph's SDK keeps some hundred
    thousand objects that live as long as the process; walking them again and again took a tenth
    of a booking run's processor time. What is frozen is never collected, so what is garbage by
    now goes first. Once per process: a second call does nothing.
    """
    if gc.get_threshold()[0] == _ALLOCATIONS_PER_COLLECTION:
        return
    gc.collect()
    gc.freeze()
    gc.set_threshold(_ALLOCATIONS_PER_COLLECTION, 20, 50)


def hand_over_sooner() -> None:
    """Have threads get their turn after half a millisecond instead of five.

    A transaction gives its turn up at each of its statements, and while the event loop was busy
    it waited for it again up to five milliseconds each time, with the store locked.
    """
    sys.setswitchinterval(_TURN_SECONDS)


class Immortal:
    """The life of a process that ends only when its operating system ends it."""

    def check(self, point: str) -> None:
        """Always return."""


class Death(BaseException):
    """This incarnation is dead: nothing it does reaches the store or the tenant any more.

    Not an ``Exception``, so that nothing catches it on the way and tidies up, as nothing would
    tidy up after a power cut.
    """


class EventLog:
    """What happened, in order, as one hash: the same seed has to give the same one."""

    def __init__(self) -> None:
        self.points: list[str] = []

    def write(self, line: str) -> None:
        """Add what happened; ids and codes only."""
        self.points.append(line)

    @property
    def hash(self) -> str:
        """SHA-256 over all lines so far, in hex."""
        return hashlib.sha256("\n".join(self.points).encode()).hexdigest()


class Incarnation:
    """One life of the program in simulation; dies at the ``dies_at``-th point it passes.

    Points are counted from 1. Once dead, every port refuses, whoever asks.
    """

    def __init__(self, log: EventLog, *, dies_at: int | None = None) -> None:
        self.log = log
        self.passed = 0
        self.dead = False
        self._dies_at = dies_at

    def check(self, point: str) -> None:
        """Pass ``point`` alive, or raise :class:`Death`."""
        if self.dead:
            raise Death(point)
        self.passed += 1
        self.log.write(point)
        if self.passed == self._dies_at:
            self.dead = True
            self.log.write(f"death {point}")
            raise Death(point)
