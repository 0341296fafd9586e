"""Requests with one key that reach several processes at the same moment do one act."""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, TypeVar, cast

import pytest

from integrations.api_client.shapes import Answer
from integrations.errors import ClaimLostError
from integrations.ports import Transaction
from integrations.records import JournalEntry, Json
from integrations.runtime import in_thread
from integrations.store import SqlStore
from integrations.web.api.endpoint import Mark
from integrations.web.api.once import Answered, Asked, answered_once
from integrations.web.api.problems import ApiError
from integrations.workflows.app import App
from tests.support.stores import MINUTE, NOW, open_store

T = TypeVar("T")
KEY = Asked.of("a service", "one", b"pause")
PROCESSES = 3


class Done(Answer):
    """What the act answers."""

    by: int


@dataclass
class Process:
    """A process that is asked: the program's own code over a store and a clock of its own."""

    number: int
    store: SqlStore
    met: threading.Barrier | None = None
    now: Any = field(default=NOW)

    async def run(self, work: Callable[[Transaction], T]) -> T:
        """A transaction that, the first time, begins when those of the others have begun."""
        met, self.met = self.met, None

        def together(tx: Transaction) -> T:
            nonlocal met
            tx.kept_answers.get(KEY.id)
            if met is not None:
                met.wait(timeout=20)
                met = None
            return work(tx)

        return await self.store.run(together)

    async def asked(self) -> Answered:
        """Ask for the act once."""
        app = SimpleNamespace(
            store=self,
            secrets=random.Random(self.number),
            clock=SimpleNamespace(now=lambda: self.now),
            options=SimpleNamespace(claim_length=3 * MINUTE),
        )

        async def do(mark: Mark) -> Answer:
            def act(tx: Transaction) -> None:
                tx.journal.write(JournalEntry(at=self.now, code="pause_ordered"))
                mark(tx, {"by": self.number})

            await self.run(act)
            return Done(by=self.number)

        async def go_on(done: Json) -> Answer:
            return Done.model_validate(done)

        return await answered_once(cast("App", app), KEY, do, go_on)


async def _ended(processes: list[Process]) -> list[Answered | BaseException]:
    return await asyncio.gather(*(each.asked() for each in processes), return_exceptions=True)


async def _close(processes: list[Process]) -> None:
    for each in processes:
        await each.store.close()


@pytest.mark.parametrize("is_late", [False, True])
async def test_of_requests_at_once_one_acts_and_no_answer_is_a_fault(
    store_url: str, *, is_late: bool
) -> None:
    """First requests on PostgreSQL, where nobody waits for anybody before the rows meet; and
    requests that all find the claim of a dead process run out."""
    # SQLite lets one transaction in at a time: there is no moment at which all have looked.
    met = None if store_url.startswith("sqlite") else threading.Barrier(PROCESSES)
    processes = [
        Process(number, open_store(store_url, offload=in_thread), met)
        for number in range(PROCESSES)
    ]
    if is_late:
        dead = Process(9, processes[0].store)
        with pytest.raises(asyncio.CancelledError):
            await _dies_acting(dead)
        for each in processes:
            each.now = NOW + 4 * MINUTE
    ended = await _ended(processes)
    acts = await processes[0].store.run(lambda tx: len(tx.journal.read()))
    await _close(processes)
    answers = [one for one in ended if isinstance(one, Answered)]
    refused = [one for one in ended if not isinstance(one, Answered)]
    assert acts == 1
    assert len({one.body["by"] for one in answers}) == 1
    assert [one for one in refused if not isinstance(one, (ApiError, ClaimLostError))] == []


async def _dies_acting(process: Process) -> None:
    """Leave a claim and no act."""

    async def cut(mark: Mark) -> Answer:
        raise asyncio.CancelledError

    async def never(done: Json) -> Answer:
        raise AssertionError(done)

    app = SimpleNamespace(
        store=process.store,
        secrets=random.Random(process.number),
        clock=SimpleNamespace(now=lambda: NOW),
        options=SimpleNamespace(claim_length=3 * MINUTE),
    )
    await answered_once(cast("App", app), KEY, cut, never)
