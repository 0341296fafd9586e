"""Permits and the mailbox's waits: at most so many calls at once, and none too early."""

from __future__ import annotations

from datetime import datetime

import pytest

from integrations.ports import Store
from integrations.records import Permit
from tests.support.stores import MINUTE, NOW

WORKERS = range(3)
EVERYBODY = range(4)


async def asked(
    store: Store, holder: str, now: datetime = NOW, slots: range = WORKERS, box: str = "box"
) -> Permit | datetime:
    """What ``holder`` is told when it asks for a minute."""
    return await store.run(lambda tx: tx.permits.acquire(box, holder, now, MINUTE, slots))


@pytest.fixture
async def full(store: Store) -> Store:
    """A store in which every worker's slot is taken, the last one ten seconds later."""
    for holder, seconds in (("ann", 0), ("bob", 0), ("cid", 10)):
        await asked(store, holder, NOW + seconds * MINUTE / 60)
    return store


async def test_as_many_permits_are_given_as_there_are_slots(full: Store) -> None:
    held = await full.run(lambda tx: tx.permits.held("box", NOW + MINUTE / 2))
    assert [(permit.slot, permit.holder) for permit in held] == [(0, "ann"), (1, "bob"), (2, "cid")]


async def test_who_gets_none_is_told_when_the_first_ends(full: Store) -> None:
    assert await asked(full, "dan", NOW + MINUTE / 2) == NOW + MINUTE


async def test_a_slot_kept_for_people_stays_free_for_them(full: Store) -> None:
    permit = await asked(full, "page", slots=EVERYBODY)
    assert isinstance(permit, Permit)
    assert permit.slot == 3
    assert isinstance(await asked(full, "page2", slots=EVERYBODY), datetime)


async def test_each_mailbox_has_its_own_slots(full: Store) -> None:
    assert isinstance(await asked(full, "dan", box="other"), Permit)


async def test_a_released_permit_is_free_at_once(full: Store) -> None:
    held = await full.run(lambda tx: tx.permits.held("box", NOW))
    await full.run(lambda tx: tx.permits.release(held[1]))
    permit = await asked(full, "dan")
    assert isinstance(permit, Permit)
    assert permit.slot == held[1].slot


async def test_an_expired_permit_is_free(full: Store) -> None:
    permit = await asked(full, "dan", NOW + MINUTE)
    assert isinstance(permit, Permit)
    assert (permit.slot, permit.expires_at) == (0, NOW + 2 * MINUTE)


async def test_releasing_an_expired_permit_takes_nothing_from_its_new_holder(full: Store) -> None:
    old = (await full.run(lambda tx: tx.permits.held("box", NOW)))[0]
    new = await asked(full, "dan", NOW + MINUTE)
    await full.run(lambda tx: tx.permits.release(old))
    held = await full.run(lambda tx: tx.permits.held("box", NOW + MINUTE))
    assert new in held


async def test_asking_again_prolongs_the_permit_and_takes_no_second_one(full: Store) -> None:
    permit = await asked(full, "bob", NOW + MINUTE / 2)
    assert permit == Permit(
        mailbox_id="box", slot=1, holder="bob", expires_at=NOW + MINUTE + MINUTE / 2
    )
    held = await full.run(lambda tx: tx.permits.held("box", NOW + MINUTE / 2))
    assert len(held) == 3


async def test_a_holder_whose_permit_ran_out_may_ask_again(full: Store) -> None:
    permit = await asked(full, "bob", NOW + 2 * MINUTE)
    assert isinstance(permit, Permit)
    assert await full.run(lambda tx: tx.permits.held("box", NOW + 2 * MINUTE)) == [permit]


async def test_nobody_gets_a_permit_before_the_wait_is_over(store: Store) -> None:
    until = NOW + 17 * MINUTE / 60
    await store.run(lambda tx: tx.mailboxes.defer("box", until))
    assert await asked(store, "ann") == until
    assert isinstance(await asked(store, "ann", until), Permit)


async def test_a_shorter_wait_does_not_shorten_the_one_in_force(store: Store) -> None:
    await store.run(lambda tx: tx.mailboxes.defer("box", NOW + 2 * MINUTE))
    await store.run(lambda tx: tx.mailboxes.defer("box", NOW + MINUTE))
    assert await asked(store, "ann") == NOW + 2 * MINUTE
    await store.run(lambda tx: tx.mailboxes.defer("box", NOW + 3 * MINUTE))
    assert await asked(store, "ann") == NOW + 3 * MINUTE
