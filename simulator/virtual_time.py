"""An asyncio event loop whose clock jumps: time passes only when nobody has anything to do.

``asyncio.sleep``, time-outs and back-off all follow it, so four months pass in
seconds, in one thread, without sockets and in the same order every time.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

T = TypeVar("T")


_RESOLUTION = 1e-6


class _JumpingSelector(selectors.SelectSelector):
    """Waits no real time: a wait of ``timeout`` seconds moves the loop's clock instead."""

    def __init__(self) -> None:
        super().__init__()
        self.elapsed = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready:
            return ready
        if timeout is None:
            raise RuntimeError("deadlock: every task waits and no timer is set")
        self.elapsed += max(timeout, 0.0)
        return []


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """A loop that begins at ``start`` and knows what time it pretends to be."""

    def __init__(self, start: datetime) -> None:
        if start.utcoffset() is None:
            raise ValueError(f"start needs a zone: {start}")
        self._jumping = _JumpingSelector()
        self._start = start.astimezone(UTC)
        super().__init__(self._jumping)
        # What is due within this counts as due. After half a year a nanosecond, the default, is
        # less than two neighbouring instants are apart, and nothing would ever be due.
        self._clock_resolution = _RESOLUTION

    def time(self) -> float:
        return self._jumping.elapsed

    def now(self) -> datetime:
        """The pretended instant, in UTC."""
        return self._start + timedelta(seconds=self._jumping.elapsed)


def run_virtually(start: datetime, main: Coroutine[Any, Any, T]) -> T:
    """Run ``main`` to its end on a loop of its own whose clock starts at ``start``."""
    with asyncio.Runner(loop_factory=lambda: VirtualTimeLoop(start)) as runner:
        # Not ``runner.run``: to take Ctrl-C it has Python describe the whole task with its result,
        # twice, which took a quarter of the tests that look at many photographs of a store.
        return runner.get_loop().run_until_complete(main)


def virtual_now() -> datetime:
    """The pretended instant of the running virtual loop."""
    loop = asyncio.get_running_loop()
    if not isinstance(loop, VirtualTimeLoop):
        raise RuntimeError("no virtual clock: this is not a virtual-time loop")
    return loop.now()
