"""A look older than a quarter of an hour is taken again before anything is written on it."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from integrations.records import SessionState
from integrations.workflows.planning.plan import plan_pairs
from simulator.people import Appointment
from tests.acceptance.oracle import (
    GET_SCHEDULE,
    Memory,
    assert_booked_once,
    calls,
    planned_world,
    remembered,
)
from tests.support.world import Empty, World, book_all, virtually

WINDOWS = 3
PAIRS = 6


def _take(world: World, mail: str, start: datetime, end: datetime, zone: str) -> None:
    """Something of her own, over a planned date."""
    local = [at.astimezone(ZoneInfo(zone)).replace(tzinfo=None) for at in (start, end)]
    world.tenant.book_appointment(mail, Appointment(local[0], local[1], zone, "busy", "a hearing"))


def _plans(memory: Memory) -> dict[str, list[tuple[datetime, datetime]]]:
    return {
        pair: [(s.start, s.end) for s in sessions] for pair, sessions in memory.sessions.items()
    }


@virtually
async def test_a_calendar_that_changed_meanwhile_has_its_pair_planned_anew(empty: Empty) -> None:
    """The third date of one pair is taken between planning and booking: that hour is not booked,
    and the plans that still hold stay as they were."""
    world = await planned_world(empty, PAIRS)
    app = await world.begin()
    before = await remembered(world)
    pair = before.pairs[min(before.pairs)]
    taken = before.sessions[pair.id][2]
    mentor = before.people[pair.mentor_id]
    _take(world, mentor.mail, taken.start, taken.end, mentor.zone or "UTC")
    await app.clock.sleep(timedelta(minutes=16))
    await book_all(app)

    after = await assert_booked_once(world)
    assert taken.start not in {session.start for session in after.sessions[pair.id]}
    of_others = {
        p.id for p in before.pairs.values() if not {p.mentor_id, p.mentee_id} & {
            pair.mentor_id, pair.mentee_id}
    }  # fmt: skip
    assert of_others
    for other in of_others:
        assert _plans(after)[other] == _plans(before)[other]
    await app.close()


@virtually
async def test_a_plan_that_still_holds_is_booked_as_it_is_at_one_batched_look(
    empty: Empty,
) -> None:
    """Six pairs, one look: ceil(P / 20) x W calls for all of them together."""
    world = await planned_world(empty, PAIRS)
    app = await world.begin()
    before = await remembered(world)
    await app.clock.sleep(timedelta(minutes=16))
    await book_all(app)
    after = await assert_booked_once(world)
    assert _plans(after) == _plans(before)
    people = {p for pair in after.pairs.values() for p in (pair.mentor_id, pair.mentee_id)}
    assert len(calls(world, "POST", GET_SCHEDULE)) == math.ceil(len(people) / 20) * WINDOWS
    await app.close()


@virtually
async def test_a_fresh_plan_costs_no_look_at_all(empty: Empty) -> None:
    """Within the quarter of an hour the look is believed."""
    world = await planned_world(empty, PAIRS)
    app = await world.begin()
    await app.clock.sleep(timedelta(minutes=14))
    await book_all(app)
    await assert_booked_once(world)
    assert calls(world, "POST", GET_SCHEDULE) == []
    await app.close()


@virtually
async def test_a_plan_with_a_date_left_out_can_be_made_anew(empty: Empty) -> None:
    """The window left out was in the store already, and its pair was put aside."""
    world = await planned_world(empty, PAIRS)
    app = await world.begin()
    before = await remembered(world)
    pair = before.pairs[min(before.pairs)]
    third = before.sessions[pair.id][2]
    mentor = before.people[pair.mentor_id]
    monday = third.start - timedelta(days=third.start.weekday())
    _take(world, mentor.mail, monday - timedelta(days=21), monday + timedelta(days=21), "UTC")
    await app.clock.sleep(timedelta(minutes=16))
    roll_again = [pair.id]
    await plan_pairs(app, roll_again)
    left_out = [
        s for s in (await remembered(world)).sessions[pair.id] if s.state is SessionState.SKIPPED
    ]
    assert left_out
    await plan_pairs(app, roll_again)
    again = (await remembered(world)).sessions[pair.id]
    assert [s.window for s in again if s.state is SessionState.SKIPPED] == [
        s.window for s in left_out
    ]
    await app.close()
