"""Two processes that both need a mailbox on the same morning."""

from __future__ import annotations

import asyncio

from integrations.bootstrap import build_worker
from integrations.records import PairState
from integrations.workflows.app import App
from integrations.workflows.booking import launching
from tests.support.world import Empty, enrolled, firm_of, quietly, virtually


@virtually
async def test_a_mailbox_is_tried_out_once_by_two_processes_that_need_it(empty: Empty) -> None:
    """Each found the other's trial event and settled it; one of the two failed over it."""
    world = empty.world(firm_of(4))
    hosts = [await world.begin(), await world.begin()]
    await enrolled(world, hosts[0])
    await launching.launch(hosts[0])

    async def work(app: App) -> None:
        await build_worker(app).run(until_quiet=True, progress=quietly)

    await asyncio.gather(*map(work, hosts))
    boxes = {pair.mailbox_id for pair in await world.read(lambda tx: tx.pairs.all())}
    checked = await world.read(lambda tx: tx.journal.read(code="mailbox_checked"))
    assert sorted(entry.mailbox_id or "" for entry in checked) == sorted(filter(None, boxes))
    assert [w.last_error for w in await world.read(lambda tx: tx.work.all()) if w.last_error] == []
    states = {pair.state for pair in await world.read(lambda tx: tx.pairs.all())}
    assert states == {PairState.BOOKED}
