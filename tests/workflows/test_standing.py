"""The nightly check of accounts: who has left, who became a guest, who is back."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta

from integrations.ports import Transaction
from integrations.records import BlockerScope, PairState, Participant
from integrations.workflows.app import App
from tests.acceptance.oracle import planned_world
from tests.support.world import Empty, World, virtually
from tests.workflows.looking import look


async def checked_once(empty: Empty, pairs: int = 6) -> tuple[World, App]:
    """Planned pairs whose people were checked; then a day has passed."""
    world = await planned_world(empty, pairs)
    app = await world.begin()
    assert await look(app, "check_people") == set()
    world.tenant.calls.clear()
    await app.clock.sleep(timedelta(days=1))
    return world, app


async def somebody(app: App) -> tuple[Participant, set[str]]:
    """A person, and the ids of her pairs."""

    def find(tx: Transaction) -> tuple[Participant, set[str]]:
        person = tx.participants.all()[0]
        return person, {pair.id for pair in tx.pairs.of_people([person.id])}

    return await app.store.run(find)


async def now_known(app: App, person: Participant) -> tuple[Participant, set[str]]:
    """The person as the store has her now, and the codes of her blockers."""

    def find(tx: Transaction) -> tuple[Participant, set[str]]:
        blockers = tx.blockers.open(BlockerScope.PERSON, [person.id])
        return tx.participants.require(person.id), {blocker.code for blocker in blockers}

    return await app.store.run(find)


def questions(world: World) -> int:
    """What the directory was asked since the first check."""
    return sum(call.path == "/users" for call in world.tenant.calls)


@virtually
async def test_a_leaver_is_noticed_the_next_night_and_who_is_back_as_well(empty: Empty) -> None:
    world, app = await checked_once(empty)
    person, pairs = await somebody(app)
    world.tenant.change_person(person.mail, enabled=False)
    assert await look(app, "check_people") == pairs
    left, codes = await now_known(app, person)
    assert (left.enabled, left.gone, codes) == (False, False, {"account_disabled"})

    world.tenant.change_person(person.mail, enabled=True)
    await app.clock.sleep(timedelta(days=1))
    assert await look(app, "check_people") == pairs
    assert await now_known(app, person) == (person, set())
    await app.close()


@virtually
async def test_an_account_that_became_a_guests_is_noticed(empty: Empty) -> None:
    world, app = await checked_once(empty)
    person, pairs = await somebody(app)
    world.tenant.change_person(person.mail, guest=True)
    assert await look(app, "check_people") == pairs
    known, codes = await now_known(app, person)
    assert (known.guest, codes) == (True, {"guest"})
    await app.close()


@virtually
async def test_an_account_the_directory_does_not_know_any_more_is_gone(empty: Empty) -> None:
    _, app = await checked_once(empty)
    person, pairs = await somebody(app)
    unknown = replace(person, directory_id="00000000-1111-4222-8333-444444444444")
    await app.store.run(lambda tx: tx.participants.put(unknown))
    assert await look(app, "check_people") == pairs
    known, codes = await now_known(app, person)
    assert (known.gone, known.enabled, codes) == (True, False, {"account_disabled"})
    await app.close()


@virtually
async def test_a_check_is_made_once_a_night_of_fifteen_people_at_a_time(empty: Empty) -> None:
    world, app = await checked_once(empty)
    people = await app.store.run(lambda tx: len(tx.participants.all()))
    assert await look(app, "check_people") == set()
    assert questions(world) == math.ceil(people / 15)
    await look(app, "check_people")
    assert questions(world) == math.ceil(people / 15), "asked twice in one night"
    await app.close()


@virtually
async def test_people_whose_pairs_are_all_over_are_not_asked_about(empty: Empty) -> None:
    world, app = await checked_once(empty)
    person, pairs = await somebody(app)

    def end(tx: Transaction) -> None:
        for pair_id in pairs:
            tx.pairs.put(replace(tx.pairs.require(pair_id), state=PairState.COMPLETED))

    await app.store.run(end)
    world.tenant.change_person(person.mail, enabled=False)
    assert await look(app, "check_people") == set()
    assert await now_known(app, person) == (person, set())
    await app.close()
