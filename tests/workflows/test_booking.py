"""Booking through the real client against the simulated tenant."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from integrations.records import PairState
from integrations.workflows.booking import launching
from simulator.firm_staff import program_mailbox
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


@virtually
async def test_pairs_are_taken_up_in_turn_over_the_program_mailboxes(empty: Empty) -> None:
    firm = firm_of(12)
    boxes = tuple(program_mailbox(number, 1, firm.offices[0]) for number in (1, 2, 3))
    world = empty.world(replace(firm, program_mailboxes=boxes))
    app = await world.begin()
    await enrolled(world, app)
    await launching.launch(app)
    now = app.clock.now()
    due = await world.read(lambda tx: tx.work.due(now, kinds=["book_pair"], limit=100))
    mailbox_of = await world.read(lambda tx: {pair.id: pair.mailbox_id for pair in tx.pairs.all()})
    taken_up = [mailbox_of[work.subject] for work in due]
    shares = Counter(taken_up)
    assert len(shares) > 1
    for taken in range(1, min(shares.values()) * len(shares)):
        so_far = Counter(taken_up[:taken])
        assert max(so_far[box] for box in shares) - min(so_far[box] for box in shares) <= 1
    await app.close()
