"""The line in front of a store that takes one transaction at a time.

SQLite has one writer, and a commit waits for the disk. So while one transaction runs the next ones
gather; what has gathered then runs in turn within one transaction, with one commit for all of it.
Nobody is told of a result before that commit.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from integrations.errors import StoreLockedError
from integrations.ports import Offload

W = TypeVar("W")

MOST_TOGETHER = 8
"""Works in one transaction at most: the first of them waits for the last, and so do others who
want to write the file."""


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What a work returned, or what it raised."""

    result: Any = None
    error: Exception | None = None


class Line(Generic[W]):
    """Who stands in line for the store, within one event loop.

    ``transact`` runs works in turn in one transaction and returns their results; it raises what
    one of them raised, and then nothing was changed. Who finds nobody there is let in at once and
    alone: where ``offload`` blocks, nobody ever waits.
    """

    def __init__(self, offload: Offload, transact: Callable[[Sequence[W]], list[Any]]) -> None:
        self._offload, self._transact = offload, transact
        self._waiting: deque[tuple[W, asyncio.Future[Any]]] = deque()
        self._busy = False
        self._next: asyncio.Task[None] | None = None

    async def run(self, work: W) -> Any:
        """The work's result, once it is committed."""
        if self._busy:
            told: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
            self._waiting.append((work, told))
            return await told
        self._busy = True
        try:
            return (await self._offload(lambda: self._transact([work])))[0]
        finally:
            self._let_in()

    def _let_in(self) -> None:
        """Begin with those who wait, except who has gone away."""
        while self._waiting and self._waiting[0][1].done():
            self._waiting.popleft()
        self._busy = bool(self._waiting)
        if self._busy:
            self._next = asyncio.ensure_future(self._run_together())

    async def _run_together(self) -> None:
        first = [self._waiting.popleft() for _ in range(min(MOST_TOGETHER, len(self._waiting)))]
        together = [(work, told) for work, told in first if not told.done()]
        works = [work for work, _ in together]
        try:
            outcomes = await self._offload(lambda: self._outcomes(works))
        except Exception as error:  # noqa: BLE001 - it is raised where the works came from
            outcomes = [_Outcome(error=error) for _ in works]
        except BaseException:
            for _, told in together:
                told.cancel()
            raise
        finally:
            self._let_in()
        for (_, told), outcome in zip(together, outcomes, strict=True):
            _tell(told, outcome)

    def _outcomes(self, works: Sequence[W]) -> list[_Outcome]:
        if len(works) == 1:
            return [self._alone(works[0])]
        try:
            return [_Outcome(result) for result in self._transact(works)]
        except StoreLockedError as locked:
            # One after the other, each would only wait as long once more.
            return [_Outcome(error=locked) for _ in works]
        except Exception:  # noqa: BLE001 - whichever it was, it must not spoil the others
            return [self._alone(work) for work in works]

    def _alone(self, work: W) -> _Outcome:
        try:
            return _Outcome(self._transact([work])[0])
        except Exception as error:  # noqa: BLE001 - it is raised where the work came from
            return _Outcome(error=error)


def _tell(told: asyncio.Future[Any], outcome: _Outcome) -> None:
    if told.done():
        return
    if outcome.error is not None:
        told.set_exception(outcome.error)
    else:
        told.set_result(outcome.result)
