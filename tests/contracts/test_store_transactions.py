"""A transaction happens whole or not at all, and never after its program died."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

import pytest
from sqlalchemy import update

from integrations.errors import StoreNewerError, StoreOutdatedError
from integrations.ports import Store, Transaction
from integrations.runtime import Death, EventLog, Immortal, Incarnation, in_thread
from integrations.store import CODE_REVISION, SqlStore, tables, upgrade
from tests.support.stores import enrol, open_store


class WorkflowError(Exception):
    """Something that goes wrong in a workflow."""


def set_a(tx: Transaction) -> str:
    tx.switches.set("a", "on")
    return "done"


async def a(store: Store) -> str | None:
    return await store.run(lambda tx: tx.switches.get("a"))


async def test_the_result_of_the_work_is_handed_back(store: Store) -> None:
    assert await store.run(set_a) == "done"
    assert await a(store) == "on"


async def test_transactions_that_hold_one_person_see_what_the_other_wrote(store: Store) -> None:
    """However they are laid on top of each other: as many as came before are seen by each."""
    await store.run(enrol)

    def mark(number: int) -> Callable[[Transaction], int]:
        def work(tx: Transaction) -> int:
            tx.participants.hold(["sam", "mia"][:: 1 if number else -1])
            seen = sum(tx.switches.get(f"mark{n}") is not None for n in range(3))
            tx.switches.set(f"mark{number}", "on")
            return seen

        return work

    seen = await asyncio.gather(*(store.run(mark(number)) for number in range(3)))
    assert sorted(seen) == [0, 1, 2]


async def test_an_error_in_the_work_undoes_everything_and_is_passed_on(store: Store) -> None:
    def work(tx: Transaction) -> None:
        enrol(tx)
        raise WorkflowError

    with pytest.raises(WorkflowError):
        await store.run(work)
    assert await store.run(lambda tx: tx.participants.all()) == []


async def test_a_long_look_keeps_no_writer_waiting(store_url: str) -> None:
    store = SqlStore(store_url, offload=in_thread, life=Immortal())
    written, begun = threading.Event(), threading.Event()

    def look(tx: Transaction) -> str | None:
        tx.switches.get("a")
        begun.set()
        assert written.wait(20), "somebody who writes waits for somebody who looks"
        return tx.switches.get("b")

    async def write() -> None:
        await asyncio.to_thread(begun.wait, 20)
        await store.run(set_a)
        written.set()

    await asyncio.gather(store.look(look), write())
    assert await a(store) == "on"
    await store.close()


async def test_a_look_that_writes_is_refused_and_nothing_is_kept(store: Store) -> None:
    with pytest.raises(RuntimeError):
        await store.look(set_a)
    assert await a(store) is None


async def test_what_was_written_outlives_the_store_object(store: Store, store_url: str) -> None:
    await store.run(set_a)
    await store.close()
    again = open_store(store_url)
    assert await a(again) == "on"
    await again.close()


async def test_many_threads_of_one_process_lose_nothing(store_url: str) -> None:
    threaded = open_store(store_url, offload=in_thread)

    def count_up(tx: Transaction) -> None:
        tx.switches.set("n", str(int(tx.switches.get("n") or 0) + 1))

    await asyncio.gather(*(threaded.run(count_up) for _ in range(40)))
    assert await threaded.run(lambda tx: tx.switches.get("n")) == "40"
    await threaded.close()


async def test_life_is_asked_before_and_after_each_commit(store_url: str) -> None:
    log = EventLog()
    living = open_store(store_url, life=Incarnation(log))
    await living.run(set_a)
    assert log.points == ["store", "before commit", "after commit"]
    await living.close()


async def test_a_transaction_that_wrote_nothing_has_no_commit_to_die_at(store_url: str) -> None:
    log = EventLog()
    living = open_store(store_url, life=Incarnation(log))
    await a(living)
    assert log.points == ["store"]
    await living.close()


@pytest.mark.parametrize(("dies_at", "left"), [(1, None), (2, None), (3, "on")])
async def test_death_before_the_commit_leaves_nothing_and_after_it_everything(
    store: Store, store_url: str, dies_at: int, left: str | None
) -> None:
    mortal = open_store(store_url, life=Incarnation(EventLog(), dies_at=dies_at))
    with pytest.raises(Death):
        await mortal.run(set_a)
    assert await a(store) == left
    await mortal.close()


async def test_the_dead_reach_the_store_no_more(store: Store, store_url: str) -> None:
    mortal = open_store(store_url, life=Incarnation(EventLog(), dies_at=2))
    with pytest.raises(Death):
        await mortal.run(set_a)
    with pytest.raises(Death):
        await mortal.run(set_a)
    with pytest.raises(Death):
        await mortal.check()
    assert await a(store) is None
    await mortal.close()


async def test_a_sound_store_passes_the_check_and_is_not_changed_by_it(store: Store) -> None:
    await store.check()
    assert await store.run(lambda tx: tx.switches.get("store check")) is None


async def test_upgrading_again_changes_nothing(store: Store, store_url: str) -> None:
    await store.run(set_a)
    upgrade(store_url)
    assert await a(store) == "on"
    await store.check()


def admit(store: SqlStore, *, revision: int, minimum: int) -> None:
    """Make the store look as if code of another revision had upgraded it."""
    change = update(tables.store_info).values(revision=revision, minimum_code_revision=minimum)
    with store.engine.begin() as connection:
        connection.execute(change)


async def test_code_that_a_newer_store_does_not_admit_is_refused_at_once(
    store: SqlStore, store_url: str
) -> None:
    """Also where the store was fine at the start: instances outlive an upgrade for a while."""
    await store.run(set_a)
    admit(store, revision=CODE_REVISION + 2, minimum=CODE_REVISION + 1)
    with pytest.raises(StoreNewerError) as told:
        await store.run(set_a)
    assert (told.value.required, told.value.revision) == (CODE_REVISION + 1, CODE_REVISION)
    with pytest.raises(StoreNewerError):
        await store.check()
    with pytest.raises(StoreNewerError):
        upgrade(store_url)


async def test_code_that_a_newer_store_still_admits_goes_on(
    store: SqlStore, store_url: str
) -> None:
    admit(store, revision=CODE_REVISION + 1, minimum=CODE_REVISION)
    upgrade(store_url)
    await store.check()
    assert await store.run(set_a) == "done"


async def test_a_store_that_misses_migrations_is_outdated(store: SqlStore) -> None:
    admit(store, revision=CODE_REVISION - 1, minimum=1)
    for attempt in (store.check(), store.run(set_a)):
        with pytest.raises(StoreOutdatedError):
            await attempt
