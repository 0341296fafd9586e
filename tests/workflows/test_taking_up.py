"""Work that was put aside is taken up again, whatever its kind, and says so."""

from __future__ import annotations

from integrations.bootstrap import build_worker
from integrations.ports import Transaction
from integrations.records import BlockerScope, Work, WorkState
from integrations.workflows.app import App
from integrations.workflows.operating.taking_up import take_up
from integrations.workflows.work import put_aside
from tests.support.world import Empty, virtually
from tests.workflows.looking import booked


async def put_away(app: App, *kinds: str) -> list[Work]:
    """Put work of these kinds aside, each about the first pair."""
    now = app.clock.now()

    def record(tx: Transaction) -> list[Work]:
        pair = tx.pairs.all()[0]
        works = [tx.work.schedule(kind, pair.id, now) for kind in kinds]
        for work in works:
            put_aside(tx, work, "LookupError (case.py:1)", now)
        return works

    return await app.store.run(record)


async def blocked(app: App) -> set[str]:
    """Codes of the pairs' open blockers."""
    found = await app.store.run(lambda tx: tx.blockers.open(BlockerScope.PAIR))
    return {blocker.code for blocker in found}


@virtually
async def test_every_kind_is_open_again_and_can_be_done(empty: Empty) -> None:
    _, app = await booked(empty, 1)
    aside = await put_away(app, "reconcile_pair", "compare_pair")
    assert await blocked(app) == {"work_put_aside"}
    assert not await build_worker(app).do(aside[0].id), "put aside is put aside"
    taken = await take_up(app, by="ada")
    assert {work.id for work in taken} == {work.id for work in aside}
    assert await blocked(app) == set()
    assert await build_worker(app).do(aside[0].id)
    states = await app.store.run(lambda tx: {tx.work.require(w.id).state for w in aside})
    assert WorkState.POISON not in states
    await app.close()


@virtually
async def test_the_journal_says_what_was_taken_up_and_by_whom_and_once(empty: Empty) -> None:
    _, app = await booked(empty, 1)
    await put_away(app, "reconcile_pair")
    assert len(await take_up(app, by="ada")) == 1
    assert await take_up(app, by="ada") == []
    (entry,) = await app.store.run(lambda tx: tx.journal.read(code="work_taken_up"))
    assert (entry.data["kind"], entry.data["by"]) == ("reconcile_pair", "ada")
    assert entry.data["error"] == "LookupError (case.py:1)"
    await app.close()
