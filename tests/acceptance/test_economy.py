"""What booking a pair costs in Graph calls: no call more than the work asks for."""

from __future__ import annotations

import math
from collections import Counter

from tests.acceptance.oracle import (
    CANCEL,
    EVENT,
    EVENTS,
    GET_SCHEDULE,
    INSTANCES,
    MEETINGS,
    SETTINGS,
    assert_booked_once,
    planned_world,
)
from tests.support.world import Empty, book_all, enrolled, firm_of, virtually

PAIRS = 10
WINDOWS = 3


@virtually
async def test_a_pair_costs_one_create_one_read_one_look_up_and_a_patch_per_moved_date(
    empty: Empty,
) -> None:
    """And besides, once a day for the whole mailbox, its trial."""
    world = await planned_world(empty, PAIRS)
    app = await world.begin()
    await book_all(app)
    memory = await assert_booked_once(world)
    sessions = [session for of_pair in memory.sessions.values() for session in of_pair]
    trial = Counter(
        {
            ("GET", "/users/{user}/calendar"): 1,
            ("GET", EVENTS): 1,
            ("POST", EVENTS): 1,
            ("GET", MEETINGS): 1,
            ("DELETE", EVENT): 1,
        }
    )
    pairs = Counter(
        {
            ("POST", EVENTS): PAIRS,
            ("GET", INSTANCES): PAIRS,
            ("GET", MEETINGS): PAIRS,
            ("PATCH", EVENT): sum(session.moved for session in sessions),
            ("POST", CANCEL): sum(session.state == "skipped" for session in sessions),
        }
    )
    graph = [call for call in world.tenant.calls if "oauth2" not in call.path]
    assert Counter((call.method, call.path) for call in graph) == trial + pairs
    await app.close()


@virtually
async def test_free_busy_costs_a_call_per_twenty_people_and_window(empty: Empty) -> None:
    """ceil(P / 20) x W for planning; settings and directory are asked in envelopes of twenty."""
    world = empty.world(firm_of(PAIRS))
    app = await world.begin()
    await enrolled(world, app)
    people = len({person for pair in world.firm.pairs for person in (pair.mentor, pair.mentee)})
    count = Counter((call.method, call.path) for call in world.tenant.calls)
    assert count["POST", GET_SCHEDULE] == math.ceil(people / 20) * WINDOWS
    assert count["GET", SETTINGS] == people
    asked_once = people + len(world.firm.program_mailboxes)
    assert count["GET", "/users"] == asked_once
    # Directory, mailboxes and settings each fill their own envelopes.
    assert count["POST", "/$batch"] == 2 * math.ceil(people / 20) + 1
    await app.close()
