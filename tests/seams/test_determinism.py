"""The same seed is the same run, call by call and mail by mail; another seed is another."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict

from integrations.records import PairState
from simulator.faults import Chance
from simulator.virtual_time import run_virtually
from tests.acceptance.oracle import remembered
from tests.support.world import START, Empty, World, book_all, enrolled, firm_of

CHANCE = Chance(throttle=4, error=4, cut_before=4, cut_after=4, retry_after=7)


async def _faulty_run(empty: Empty, seed: int) -> tuple[str, World]:
    """The hash over event log, journal and mail log of a run in which much goes wrong."""
    world = empty.world(firm_of(6), seed=seed)
    app = await world.begin()
    await enrolled(world, app)
    world.tenant.faults.chance = CHANCE
    await book_all(app)
    world.tenant.faults.clear()
    await book_all(app)
    await app.close()
    memory = await remembered(world)
    digest = hashlib.sha256(world.log.hash.encode())
    for entry in memory.journal:
        digest.update(json.dumps(asdict(entry), default=str, sort_keys=True).encode())
    for mail in world.tenant.mail_log:
        digest.update(json.dumps(asdict(mail), default=str, sort_keys=True).encode())
    assert memory.in_state(PairState.BOOKED) == set(memory.pairs)
    return digest.hexdigest(), world


def test_the_same_seed_gives_the_same_hash_and_another_seed_another(empty: Empty) -> None:
    first, world = run_virtually(START, _faulty_run(empty, 7))
    assert {call.status for call in world.tenant.calls} & {0, 429, 503}, "nothing went wrong"
    second, _ = run_virtually(START, _faulty_run(empty, 7))
    other, _ = run_virtually(START, _faulty_run(empty, 8))
    assert first == second
    assert first != other
