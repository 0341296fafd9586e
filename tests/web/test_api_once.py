"""A process dies at any point of an import or a switch: the same key ends in one of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx

from integrations.records import JournalEntry
from integrations.runtime import Death
from integrations.workflows.app import App
from integrations.workflows.enrolment.enrol import enrol
from integrations.workflows.operating.writing import let_writing_go_on
from integrations.writing import is_stopped
from tests.support.world import Empty, World, firm_of, virtually
from tests.web.api_callers import Caller, token_of
from tests.web.support import KEYS, ORIGIN, staff

PAIRS = 3
NEVER = 1_000_000
UNTIL_GIVEN_UP = timedelta(minutes=4)


async def _begun(world: World, dies_at: int = NEVER) -> App:
    return await world.begin(public_url=ORIGIN, signing_keys=KEYS, dies_at=dies_at)


async def _prepared(empty: Empty) -> tuple[World, str]:
    """A program with the first pair of a roster, and its id; the coordinator is a service."""
    world = empty.world(firm_of(PAIRS))
    app = await _begun(world)
    await enrol(app, b"\n".join(world.roster.split(b"\n")[:2]))
    [program] = await world.read(lambda tx: tx.programs.all())
    await staff(app, program.id, "coordinator")
    await app.close()
    return world, program.id


async def _ask(world: World, app: App, path: str, **more: Any) -> httpx.Response:
    caller = Caller(app, token_of(world, "coordinator", is_app=True))
    return await caller.ask("POST", path, key="one", **more)


async def _deaths(empty: Empty, path: str, **more: Any) -> AsyncIterator[tuple[World, str]]:
    """Worlds in which a process died at each point of a request, from the first to the last."""
    passed = 0
    while True:
        world, program = await _prepared(empty)
        living = await _begun(world)
        opened = living.store._life.passed  # type: ignore[attr-defined]
        await living.close()
        passed += 1
        try:
            app = await _begun(world, opened + passed)
            answer = await _ask(world, app, path.format(program=program), **more)
        except Death:
            yield world, program
        else:
            assert answer.status_code == 200, answer.text
            return


async def _journalled(world: World, code: str) -> list[JournalEntry]:
    return await world.read(lambda tx: tx.journal.read(code=code))


@virtually
async def test_a_roster_is_imported_once_journalled_once_and_answered_alike(empty: Empty) -> None:
    file = {"content": firm_roster(empty), "headers": {"Content-Type": "text/csv"}}
    found_it_done = set()
    async for world, program in _deaths(empty, "/programs/{program}/roster", **file):
        found_it_done.add(bool(await _journalled(world, "roster_imported")))
        app = await _begun(world)
        await app.clock.sleep(UNTIL_GIVEN_UP)
        answer = await _ask(world, app, f"/programs/{program}/roster", **file)
        assert answer.status_code == 200, answer.text
        told = answer.json()
        assert (told["added"], told["updated"], told["unchanged"]) == (PAIRS - 1, 0, 1)
        [entry] = await _journalled(world, "roster_imported")
        assert entry.data == {"by": "coordinator", "added": PAIRS - 1, "updated": 0}
        await app.close()
    assert found_it_done == {True, False}


def firm_roster(empty: Empty) -> bytes:
    """The roster of the firm of these tests."""
    return empty.world(firm_of(PAIRS)).roster


@virtually
async def test_a_stop_that_somebody_took_back_is_not_carried_out_again(empty: Empty) -> None:
    found_it_done = set()
    async for world, _ in _deaths(empty, "/writing/stop"):
        app = await _begun(world)
        was_stopped = await world.read(is_stopped)
        found_it_done.add(was_stopped)
        await let_writing_go_on(app, by="somebody")
        await app.clock.sleep(UNTIL_GIVEN_UP)
        answer = await _ask(world, app, "/writing/stop")
        assert answer.status_code == 200, answer.text
        assert await world.read(is_stopped) is not was_stopped
        [entry] = await _journalled(world, "writing_stopped")
        assert entry.data == {"by": "coordinator"}
        await app.close()
    assert found_it_done == {True, False}
