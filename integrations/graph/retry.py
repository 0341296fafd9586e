"""The only retry layer: how often and how long one operation is tried."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type

from integrations.errors import GraphError, ThrottledError
from integrations.ports import Clock

T = TypeVar("T")

ATTEMPTS = 6
_FIRST_BACKOFF, _LONGEST_BACKOFF = 0.5, 16.0


class PassingTroubleError(Exception):
    """A failure that may be gone in a while: ``error`` is what it is if it stays.

    ``after`` is what the answer asked us to wait, None if it did not say.
    """

    def __init__(self, error: GraphError, after: timedelta | None = None) -> None:
        self.error, self.after = error, after
        super().__init__(str(error))


@dataclass(frozen=True, slots=True)
class Retries:
    """Waits exactly what was asked for, else exponentially longer with jitter.

    Gives up after six attempts, or as soon as the waits would add up to more than ``patience``:
    longer waiting is the business of due work, not of a running call.
    """

    clock: Clock
    chance: Random
    patience: timedelta

    async def run(self, attempt: Callable[[], Awaitable[T]]) -> T:
        """The result of the first attempt that does not end in passing trouble.

        Raises:
            ThrottledError: asked to wait longer than the patience lasts.
            GraphError: the trouble did not pass.
        """
        retrying = AsyncRetrying(
            sleep=self._sleep,
            wait=self._wait,
            stop=self._stop,
            retry=retry_if_exception_type(PassingTroubleError),
            reraise=True,
        )

        async def once() -> T:
            # Tenacity awaits what it can see to be a coroutine function, not any awaitable.
            return await attempt()

        try:
            return await retrying(once)
        except PassingTroubleError as trouble:
            raise _lasting(trouble) from None

    async def _sleep(self, seconds: float) -> None:
        await self.clock.sleep(timedelta(seconds=seconds))

    def _wait(self, state: RetryCallState) -> float:
        trouble = state.outcome.exception() if state.outcome is not None else None
        if isinstance(trouble, PassingTroubleError) and trouble.after is not None:
            return trouble.after.total_seconds()
        longest = min(_FIRST_BACKOFF * 2**state.attempt_number, _LONGEST_BACKOFF)
        return self.chance.uniform(longest / 2, longest)

    def _stop(self, state: RetryCallState) -> bool:
        waited = state.idle_for + state.upcoming_sleep
        return state.attempt_number >= ATTEMPTS or waited > self.patience.total_seconds()


def _lasting(trouble: PassingTroubleError) -> GraphError:
    if trouble.after is None or isinstance(trouble.error, ThrottledError):
        return trouble.error
    return ThrottledError(trouble.after, code="RetryAfter")
