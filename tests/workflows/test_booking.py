"""Booking through the real client against the simulated tenant."""

from __future__ import annotations

from integrations.records import PairState
from tests.support.world import Empty, book_all, enrolled, firm_of, virtually


@virtually
async def test_every_planned_pair_ends_booked(empty: Empty) -> None:
    world = empty.world(firm_of(6))
    app = await world.begin()
    await enrolled(world, app)
    await book_all(app)
    states = await world.read(lambda tx: tx.pairs.count_by_state())
    assert states == {PairState.BOOKED: 6}
    assert world.tenant.complaints == []
    await app.close()
