"""What a dry run lists is what a run writes, and it writes nothing itself."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest
from typer.testing import CliRunner

from integrations.bootstrap import build_worker
from integrations.cli import app as command_line
from integrations.errors import ReadOnlyModeError
from integrations.records import PairState
from integrations.workflows.booking import launching
from integrations.workflows.doctor import examine
from integrations.workflows.doctor.checks import RED
from scheduling.timespan import TimeSpan
from simulator.virtual_time import run_virtually
from tests.acceptance.oracle import (
    CANCEL,
    EVENT,
    EVENTS,
    assert_booked_once,
    calls,
    planned_world,
    remembered,
    writes,
)
from tests.support.world import START, Empty, World, book_all, virtually

pytestmark = pytest.mark.acceptance(20)

PAIRS = 8


def _dry_run(world: World, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setenv("TANDEM_STORE_URL", world.store_url)
    done = CliRunner().invoke(command_line, ["book", "--dry-run", "--json"])
    assert done.exit_code == 0, done.output
    listed: dict[str, Any] = json.loads(done.stdout)
    return listed


def test_a_dry_run_lists_every_write_and_mail_of_the_real_one_and_sends_none(
    empty: Empty, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The report lists every intended write and mail, and Graph receives no write at all."""
    world = run_virtually(START, planned_world(empty, PAIRS))
    before = run_virtually(START, remembered(world))
    listed = _dry_run(world, monkeypatch)
    assert world.tenant.calls == []
    assert world.tenant.mail_log == []
    assert run_virtually(START, remembered(world)) == before, "the store is as it was"

    async def really() -> None:
        app = await world.begin()
        await book_all(app)
        await assert_booked_once(world)
        await app.close()

    run_virtually(START, really())
    by_kind = Counter(write["kind"] for write in listed["writes"])
    assert by_kind == {
        "create series": PAIRS,
        "move date": len(calls(world, "PATCH", EVENT)),
        "take out date": len(calls(world, "POST", CANCEL)),
    }
    assert len(calls(world, "POST", EVENTS)) == PAIRS + 1, "the trial invites nobody"
    mails = Counter[str]()
    for write in listed["writes"]:
        mails[write["mail_kind"]] += write["mails"]
    assert mails == world.mails_by_kind()
    assert listed["mails"] == len(world.tenant.mail_log)


def test_a_dry_run_counts_nothing_twice_after_the_real_one(
    empty: Empty, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When all is booked there is nothing left to intend."""

    async def booked() -> World:
        world = await planned_world(empty, 6)
        app = await world.begin()
        await book_all(app)
        await app.close()
        return world

    listed = _dry_run(run_virtually(START, booked()), monkeypatch)
    assert listed["writes"] == []
    assert listed["mails"] == 0


@virtually
async def test_in_read_only_mode_no_write_passes_the_gate(empty: Empty) -> None:
    """Read-only is one switch: looking and planning go on, every write is refused where calls
    leave, and nothing is lost when it is switched off again."""
    world = await planned_world(empty, 6)
    app = await world.begin(read_only="on")
    await launching.launch(app)
    worker = build_worker(app)
    await worker.run(until_quiet=True, progress=_nobody)
    with pytest.raises(ReadOnlyModeError):
        await app.graph.calendar.create_trial(
            world.firm.program_mailboxes[0].id, TimeSpan(START, START.replace(hour=15)), "UTC",
            "a-transaction", "a tag",
        )  # fmt: skip
    checks = await examine(app, build_worker(app))
    assert [check for check in checks if check.finding in RED] == []
    said = "not tried: writing is switched off"
    assert {check.code for check in checks if check.words == said} == {"trial", "mail"}
    assert world.tenant.calls, "it looked"
    assert writes(world) == []
    assert world.tenant.mail_log == []
    memory = await remembered(world)
    assert memory.in_state(PairState.PLANNED) == set(memory.pairs)
    await app.close()

    writing = await world.begin()
    await book_all(writing)
    await assert_booked_once(world)
    await writing.close()


async def _nobody() -> None:
    """Nobody watches."""
