"""Doctor's nightly look: kept with its time, and what stays not well made known once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from integrations import telemetry
from integrations.bootstrap import build_worker
from integrations.ports import Transaction
from integrations.records import BlockerScope, WorkState
from integrations.workflows.app import App
from integrations.workflows.operating.checkup import KIND, NOT_WELL, last_check
from integrations.workflows.operating.measures import installation
from simulator.virtual_time import run_virtually
from tests.workflows.doctor.installed import LATER, Installed, Kept, kept_installation

HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def kept(store_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Kept:
    return kept_installation(store_template, tmp_path_factory.mktemp("installation"))


@dataclass(frozen=True)
class Looked:
    """What the store says after a look: when the next is due, what is not well, what is said."""

    at: datetime
    next_at: datetime
    not_well: frozenset[str]
    blocker: tuple[str, ...]
    gauge: float
    journalled: int


def _others_done(tx: Transaction) -> None:
    """Somebody does all other work meanwhile, so that none is late."""
    for work in tx.work.all():
        if work.kind != KIND:
            tx.work.put(replace(work, state=WorkState.DONE))


async def look(app: App, *, at_once: bool = False) -> Looked:
    """Have the standing look made when it is due; time passes until then, unless ``at_once``."""
    now = app.clock.now()
    # An open row keeps its time, because that is sooner.
    await app.store.run(_others_done)
    at_once = at_once or await app.store.run(last_check) is None
    at = now if at_once else now + timedelta(days=99)
    work = await app.store.run(lambda tx: tx.work.schedule(KIND, "firm", at))
    await app.clock.sleep(max(work.due_at - now, timedelta(0)))
    assert await build_worker(app).do(work.id)

    def read(tx: Transaction) -> Looked:
        checked = last_check(tx)
        assert checked is not None
        found = [b for b in tx.blockers.open(BlockerScope.FIRM) if b.code == NOT_WELL]
        return Looked(
            checked.at,
            tx.work.require(work.id).due_at,
            frozenset(code for code, _ in checked.not_well),
            tuple(found[0].data["checks"]) if found else (),
            installation(tx, app.options, app.clock.now())[telemetry.CHECKS_NOT_WELL],
            len(tx.journal.read(code=NOT_WELL)),
        )

    return await app.store.run(read)


def lived(kept: Kept, folder: Path, play: Callable[[Installed, App], Awaitable[None]]) -> None:
    """Play with an installation that is well, and its application."""

    async def live() -> None:
        installed = kept.copied(folder)
        over = {**installed.over, "nightly_doctor": "on"}
        app = await installed.world.begin(dies_at=None, **over)
        await play(installed, app)
        await app.close()

    run_virtually(LATER, live())


def test_a_look_is_kept_with_its_time_and_the_next_is_at_night(kept: Kept, tmp_path: Path) -> None:
    async def play(installed: Installed, app: App) -> None:
        seen = await look(app)
        assert (seen.not_well, seen.blocker, seen.gauge) == (frozenset(), (), 0)
        assert LATER <= seen.at < LATER + HOUR
        assert seen.next_at > seen.at + HOUR
        assert (await look(app)).at == seen.next_at
        assert installed.world.tenant.complaints == []

    lived(kept, tmp_path, play)


def test_what_is_not_well_at_two_looks_is_said_once_and_until_it_is_well(
    kept: Kept, tmp_path: Path
) -> None:
    async def play(installed: Installed, app: App) -> None:
        role = "OnlineMeetings.Read.All"
        scope = installed.registration.roles[role]
        installed.without(role)
        first = await look(app)
        assert (first.not_well, first.blocker, first.gauge) == (frozenset({"meetings"}), (), 0)
        assert first.next_at == first.at + HOUR
        second = await look(app)
        assert (second.blocker, second.gauge) == (("meetings",), 1)
        third = await look(app, at_once=True)
        assert (third.blocker, third.journalled) == (("meetings",), 1)
        installed.roles({role: scope})
        well = await look(app, at_once=True)
        assert (well.not_well, well.blocker, well.gauge) == (frozenset(), (), 0)

    lived(kept, tmp_path, play)


def test_a_bad_minute_is_said_to_nobody(kept: Kept, tmp_path: Path) -> None:
    async def play(installed: Installed, app: App) -> None:
        installed.world.tenant.behaviour.date_off_by = timedelta(minutes=7)
        assert (await look(app)).not_well == {"clock"}
        installed.world.tenant.behaviour.date_off_by = timedelta(0)
        seen = await look(app)
        assert (seen.not_well, seen.blocker, seen.journalled) == (frozenset(), (), 0)

    lived(kept, tmp_path, play)
