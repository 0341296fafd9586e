"""Many pairs begin on one day, and no mail server takes it for a flood."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest

from integrations.bootstrap import build_worker
from integrations.records import PairState, WorkState
from integrations.workflows.booking import book, launching
from tests.acceptance.oracle import assert_booked_once, planned_world, remembered
from tests.support.world import MANY, Empty, World, quietly, virtually

pytestmark = pytest.mark.acceptance(17)

MINUTE = timedelta(minutes=1)
PACE = "29"


def most_in_a_minute(world: World) -> int:
    """The most mails of one program mailbox in any stretch of 60 seconds."""
    return max(_most_of(world, box.mail) for box in world.firm.program_mailboxes)


def _most_of(world: World, box: str) -> int:
    sent = sorted(mail.at for mail in world.tenant.mail_log if mail.sender == box)
    return max(sum(at <= other < at + MINUTE for other in sent) for at in sent)


@virtually
async def test_many_pairs_on_one_day_stay_under_30_mails_a_minute_stopped_and_resumed(
    empty: Empty,
) -> None:
    """Mails from the program mailbox stay under 30 a minute, the run can be stopped and resumed
    by another incarnation, and its progress can be seen."""
    world = await planned_world(empty, MANY)
    app = await world.begin(mails_per_minute=PACE)
    launched = await launching.launch(app)
    worker = build_worker(app)
    left: list[int] = []

    async def watch() -> None:
        left.append(await app.store.run(lambda tx: tx.work.count()[book.KIND, WorkState.OPEN]))
        if left[-1] <= launched // 2:
            worker.stop()

    await worker.run(until_quiet=True, progress=watch)
    await app.close()
    assert left[0] >= launched - 1
    assert left == sorted(left, reverse=True), "progress never goes back"
    halfway = await remembered(world)
    booked = halfway.in_state(PairState.BOOKED)
    assert launched // 3 < len(booked) < launched
    assert len([line for line in halfway.lines if line.state == "booked"]) == len(booked)

    second = await world.begin(mails_per_minute=PACE)
    assert await launching.launch(second) == launched - len(booked)
    await build_worker(second).run(until_quiet=True, progress=quietly)
    memory = await remembered(world)
    await assert_booked_once(world, set(memory.pairs) - memory.without_slot())
    assert len(memory.in_state(PairState.BOOKED)) == launched
    assert most_in_a_minute(world) < 30
    first, last = world.tenant.mail_log[0].at, world.tenant.mail_log[-1].at
    busiest = max(Counter(mail.sender for mail in world.tenant.mail_log).values())
    assert last - first < busiest / 25 * MINUTE, "slower than the pace asks for"
    await second.close()


@virtually
async def test_without_a_pace_the_same_start_floods(empty: Empty) -> None:
    """What keeps the mails apart is the pace and nothing else."""
    world = await planned_world(empty, 10)
    app = await world.begin(mails_per_minute="0")
    await launching.launch(app)
    await build_worker(app).run(until_quiet=True, progress=quietly)
    assert most_in_a_minute(world) > 30
    await app.close()
