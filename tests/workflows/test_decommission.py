"""Taking Tandem away: shown first, done once, gone on with after a kill, never booked again."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from integrations.bootstrap import build_worker
from integrations.errors import DecommissionedError
from integrations.records import PairState, ProgramState
from integrations.store.dump import dump
from integrations.workflows.app import App
from integrations.workflows.operating import decommission as leaving
from integrations.workflows.operating.writing import let_writing_go_on
from integrations.writing import is_decommissioned
from simulator.virtual_time import run_virtually, virtual_now
from tests.docs.pages import ROOT
from tests.support.world import SECRET, World, dies, quietly
from tests.workflows.doctor.installed import LATER, Kept, kept_installation

SCRIPTS = ROOT / "infra" / "permissions"


@pytest.fixture(scope="module")
def kept(store_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Kept:
    return kept_installation(store_template, tmp_path_factory.mktemp("decommission"))


def _dates(world: World) -> int:
    box = world.firm.program_mailboxes[0].mail
    return len(world.tenant.occurrences_of(box, virtual_now(), virtual_now() + timedelta(days=250)))


async def _all(app: App, *, ends_dates: bool) -> leaving.Left:
    await leaving.begin(app, ends_dates=ends_dates)
    await leaving.end_subscriptions(app)
    until = app.clock.now() + timedelta(hours=1)
    await build_worker(app).run(
        until_quiet=False, progress=quietly, kinds=leaving.ENDING, until=until
    )
    return await leaving.finish(app)


def test_a_dry_run_counts_and_changes_nothing(kept: Kept, tmp_path: Path) -> None:
    async def live() -> None:
        world = kept.copied(tmp_path).world
        app, mails, dates = await world.begin(), len(world.tenant.mail_log), _dates(world)
        plan = await leaving.plan_decommission(app, ends_dates=True)
        assert (plan.left.pairs, plan.left.dates, plan.left.subscriptions) == (2, dates, 1)
        assert plan.mails >= 4
        assert (await leaving.plan_decommission(app, ends_dates=False)).mails == 0
        assert (len(world.tenant.mail_log), _dates(world)) == (mails, dates)
        assert not await world.read(is_decommissioned)
        await app.close()

    run_virtually(LATER, live())


def test_ended_dates_leave_the_calendars_with_as_many_mails_as_were_said(
    kept: Kept, tmp_path: Path
) -> None:
    async def live() -> None:
        world = kept.copied(tmp_path).world
        app, mails = await world.begin(), len(world.tenant.mail_log)
        plan = await leaving.plan_decommission(app, ends_dates=True)
        left = await _all(app, ends_dates=True)
        assert left == leaving.Left(pairs=0, dates=0, writes=0, mails_waiting=0, subscriptions=0)
        assert (_dates(world), list(world.tenant.subscriptions)) == (0, [])
        assert len(world.tenant.mail_log) - mails == plan.mails
        pairs = await world.read(lambda tx: tx.pairs.all())
        assert {pair.state for pair in pairs} == {PairState.WITHDRAWN}
        await _assert_nothing_is_ever_booked(world)
        with pytest.raises(leaving.ChosenOtherwiseError):
            await leaving.plan_decommission(app, ends_dates=False)
        await app.close()

    run_virtually(LATER, live())


def test_dates_that_are_left_stay_and_nobody_is_mailed(kept: Kept, tmp_path: Path) -> None:
    async def live() -> None:
        world = kept.copied(tmp_path).world
        app, mails, dates = await world.begin(), len(world.tenant.mail_log), _dates(world)
        left = await _all(app, ends_dates=False)
        assert (left.dates, left.subscriptions) == (dates, 0)
        assert (_dates(world), len(world.tenant.mail_log)) == (dates, mails)
        await _assert_nothing_is_ever_booked(world)
        await app.close()

    run_virtually(LATER, live())


async def _assert_nothing_is_ever_booked(world: World) -> None:
    """Not by another process, and not after somebody let writing go on."""
    app, calls = await world.begin(), len(world.tenant.calls)

    def revive(tx) -> None:  # type: ignore[no-untyped-def]
        from dataclasses import replace

        for program in tx.programs.all():
            assert program.state is ProgramState.CLOSED
            tx.programs.put(replace(program, state=ProgramState.RUNNING))
        for pair in tx.pairs.all():
            for booking in tx.bookings.of_pair(pair.id):
                tx.bookings.remove(f"{pair.id}/{booking.generation}")
            tx.pairs.put(replace(pair, state=PairState.PLANNED, withdrawn=False))

    await world.read(revive)
    with pytest.raises(DecommissionedError):
        await let_writing_go_on(app, by="somebody")
    # Even with the other switch forced, what makes something is refused where calls leave.
    await world.read(lambda tx: tx.switches.set("writing", None))
    until = app.clock.now() + timedelta(hours=2)
    await build_worker(app).run(until_quiet=False, progress=quietly, until=until)
    made = [c for c in world.tenant.calls[calls:] if c.method == "POST" and "events" in c.path]
    assert [call.path for call in made if not call.path.endswith("cancel")] == []
    assert [call for call in world.tenant.calls[calls:] if call.path == "/subscriptions"] == []
    await app.close()


@pytest.mark.parametrize("point", [12, 30, 55, 80])
def test_killed_on_the_way_it_goes_on_where_it_was(kept: Kept, tmp_path: Path, point: int) -> None:
    async def live() -> None:
        world = kept.copied(tmp_path).world
        first, mails = await world.begin(), len(world.tenant.mail_log)
        plan = await leaving.plan_decommission(first, ends_dates=True)
        await first.close()
        assert await dies(_all(await world.begin(dies_at=point), ends_dates=True))
        heir = await world.begin()
        await heir.clock.sleep(timedelta(minutes=5))
        left = await _all(heir, ends_dates=True)
        assert left == leaving.Left(pairs=0, dates=0, writes=0, mails_waiting=0, subscriptions=0)
        assert _dates(world) == 0
        assert len(world.tenant.mail_log) - mails == plan.mails
        await heir.close()

    run_virtually(LATER, live())


def test_the_export_holds_every_row_and_no_secret(kept: Kept, tmp_path: Path) -> None:
    counts = dump(f"sqlite:///{kept.store}", tmp_path / "out")
    files = {file.stem: file.read_text().splitlines() for file in (tmp_path / "out").iterdir()}
    assert {name: len(lines) for name, lines in files.items()} == counts
    assert counts["pairs"] == 2
    assert counts["sessions"] == 18
    assert "web_sessions" not in counts
    subscription = json.loads(files["subscriptions"][0])
    assert "client_state" not in subscription
    assert SECRET not in "".join("".join(lines) for lines in files.values())


def test_the_commands_for_it_are_the_scripts_and_name_the_app_and_each_mailbox() -> None:
    commands = leaving.revoking_commands("app-id", ["one@firm.example", "two@firm.example"])
    said = "\n".join(commands)
    for name in ("app-id", "one@firm.example", "two@firm.example"):
        assert name in said
    called = [line.split(" ")[0].removeprefix("./") for line in commands if line.startswith("./")]
    assert set(called) == {path.name for path in SCRIPTS.glob("*.ps1")}
    signs_in, asks = (
        next(n for n, line in enumerate(commands) if word in line)
        for word in ("Connect-MgGraph", "Get-MgServicePrincipal")
    )
    assert signs_in < asks, "Graph answers nobody who has not signed in"
    assert called[-1] == "register-app.ps1", "the registration finds its own principal until then"
