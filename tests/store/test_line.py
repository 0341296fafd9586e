"""Works that wait for a SQLite store go in together; each is told as if it had gone in alone."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import pytest
from sqlalchemy import event

from integrations.errors import StoreLockedError
from integrations.ports import Transaction
from integrations.store import SqlStore
from integrations.store.line import MOST_TOGETHER
from tests.support.stores import open_store

T = TypeVar("T")


class Thread:
    """A thread that begins with its work when it is let: ``offload`` for stores."""

    def __init__(self) -> None:
        self.let = asyncio.Event()
        self.breaks = False

    async def __call__(self, work: Callable[[], T]) -> T:
        await self.let.wait()
        if self.breaks:
            raise OSError("no thread can be started")
        return work()


@pytest.fixture
def thread() -> Thread:
    return Thread()


@pytest.fixture
async def store(sqlite_url: str, thread: Thread) -> AsyncIterator[SqlStore]:
    """A store whose transactions wait until the thread is let."""
    opened = open_store(sqlite_url, offload=thread, lock_timeout=timedelta(0))
    yield opened
    thread.breaks = False
    await opened.close()


async def begun(store: SqlStore, *works: Callable[[Transaction], T]) -> list[asyncio.Task[T]]:
    """The works, each run by somebody of its own: the first is at it and the others wait."""
    tasks = [asyncio.create_task(store.run(work)) for work in works]
    await asyncio.sleep(0)
    return tasks


def switching(name: str) -> Callable[[Transaction], str]:
    """Work that sets a switch and returns its name."""

    def work(tx: Transaction) -> str:
        tx.switches.set(name, "on")
        return name

    return work


def failing(tx: Transaction) -> str:
    """Work that writes and then fails."""
    tx.switches.set("failed", "on")
    raise LookupError("not there")


async def is_on(store: SqlStore, name: str) -> bool:
    return await store.run(lambda tx: tx.switches.get(name)) == "on"


async def test_those_who_wait_share_one_commit(store: SqlStore, thread: Thread) -> None:
    commits: list[object] = []
    event.listen(store.engine, "commit", commits.append)
    tasks = await begun(store, *map(switching, "abcd"))
    thread.let.set()
    assert await asyncio.gather(*tasks) == ["a", "b", "c", "d"]
    assert len(commits) == 2
    assert [await is_on(store, name) for name in "abcd"] == [True] * 4


async def test_no_more_than_a_few_go_in_together(store: SqlStore, thread: Thread) -> None:
    commits: list[object] = []
    event.listen(store.engine, "commit", commits.append)
    names = [f"s{number}" for number in range(2 * MOST_TOGETHER + 2)]
    tasks = await begun(store, *map(switching, names))
    thread.let.set()
    assert await asyncio.gather(*tasks) == names
    assert len(commits) == 4


async def test_nobody_is_told_before_the_commit(store: SqlStore, thread: Thread) -> None:
    tasks = await begun(store, *map(switching, "abc"))
    told: list[list[bool]] = []
    event.listen(store.engine, "commit", lambda _: told.append([task.done() for task in tasks]))
    thread.let.set()
    await asyncio.gather(*tasks)
    assert told[1][1:] == [False, False]


async def test_one_that_fails_spoils_no_other(store: SqlStore, thread: Thread) -> None:
    tasks = await begun(store, switching("a"), switching("b"), failing, switching("c"))
    thread.let.set()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert [outcomes[0], outcomes[1], outcomes[3]] == ["a", "b", "c"]
    assert isinstance(outcomes[2], LookupError)
    assert [await is_on(store, name) for name in ("a", "b", "c", "failed")] == [*[True] * 3, False]


async def test_who_goes_away_while_waiting_changes_nothing(store: SqlStore, thread: Thread) -> None:
    _, gone, stays = await begun(store, *map(switching, "abc"))
    gone.cancel()
    await asyncio.sleep(0)
    thread.let.set()
    assert await stays == "c"
    assert not await is_on(store, "b")


async def test_the_others_are_let_in_when_the_first_is_cancelled(
    store: SqlStore, thread: Thread
) -> None:
    first, second = await begun(store, switching("a"), switching("b"))
    first.cancel()
    thread.let.set()
    assert await second == "b"
    assert await is_on(store, "b")


async def test_a_lock_of_somebody_else_is_told_to_all(
    store: SqlStore, thread: Thread, sqlite_url: str
) -> None:
    tasks = await begun(store, *map(switching, "abc"))
    other = sqlite3.connect(Path(sqlite_url.removeprefix("sqlite:///")), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    thread.let.set()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    other.close()
    assert [type(outcome) for outcome in outcomes] == [StoreLockedError] * 3
    assert await store.run(switching("a")) == "a"


async def test_nobody_waits_for_a_thread_that_cannot_be_started(
    store: SqlStore, thread: Thread
) -> None:
    tasks = await begun(store, *map(switching, "abc"))
    thread.breaks = True
    thread.let.set()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [OSError] * 3
    thread.breaks = False
    assert await store.run(switching("a")) == "a"
