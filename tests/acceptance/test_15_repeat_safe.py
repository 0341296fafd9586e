"""A create whose answer never arrived is found again, never made again."""

from __future__ import annotations

from datetime import datetime, timedelta

import httpx
import pytest

from simulator.behaviour import Behaviour
from simulator.faults import Fault
from simulator.virtual_time import virtual_now
from tests.acceptance.oracle import (
    EVENTS,
    Respond,
    assert_booked_once,
    begin_listening,
    calls,
    planned_world,
    remembered,
    writes,
)
from tests.support.world import START, Empty, book_all, dies, virtually

pytestmark = pytest.mark.acceptance(15)

PAIRS = 6
# The first create of a day is the mailbox's trial, which invites nobody.
THIRD_SERIES = 4


async def _points_of_a_run(empty: Empty) -> list[str]:
    """What a run in which nobody dies passes; the same seed passes the same again."""
    world = await planned_world(empty, PAIRS)
    app = await world.begin()
    await book_all(app)
    await app.close()
    return world.log.points


@pytest.mark.parametrize("create", [2, 7])
@virtually
async def test_dying_between_the_create_and_the_store_leaves_one_event_in_the_end(
    empty: Empty, create: int
) -> None:
    """The process dies after Graph created the event and before the store was written; when it
    runs again, exactly one event exists and the store points to it."""
    points = await _points_of_a_run(empty)
    created = [n for n, point in enumerate(points, 1) if point == "after call create_event"]
    world = await planned_world(empty, PAIRS)
    app = await world.begin(dies_at=created[create - 1])
    assert await dies(book_all(app))
    assert len(calls(world, "POST", EVENTS)) == create
    before = await remembered(world)
    assert len(before.bookings) < create - 1, "the store does not know of the last event yet"
    series = sum(len(world.tenant.events_of(b.mail)) for b in world.firm.program_mailboxes)
    assert series == create - 1

    second = await world.begin()
    await book_all(second)
    await assert_booked_once(world)
    assert len(calls(world, "POST", EVENTS)) == 1 + PAIRS, "the event was found, not made again"
    await second.close()


@pytest.mark.parametrize("nth", [2, THIRD_SERIES])
@virtually
async def test_an_answer_lost_after_the_create_is_read_back(empty: Empty, nth: int) -> None:
    """The connection breaks when the event stands already: one event, one invitation each."""
    world = await planned_world(empty, PAIRS)
    app = await world.begin()
    world.tenant.faults.plan(Fault("cut_after", method="POST", path=EVENTS, nth=nth))
    await book_all(app)
    await assert_booked_once(world)
    assert [call.cut for call in calls(world, "POST", EVENTS)].count(True) == 1
    await app.close()


def _gateway_fails(status: int, nth: int) -> Respond:
    """A gateway that answers for the tenant once, when the write has long been made."""
    seen = 0

    def respond(request: httpx.Request, answer: httpx.Response) -> httpx.Response:
        nonlocal seen
        if request.method != "POST" or not request.url.path.endswith("/events"):
            return answer
        seen += 1
        if seen != nth:
            return answer
        assert answer.status_code == 201
        page = "<html><body><h1>The service is unavailable.</h1></body></html>"
        return httpx.Response(status, html=page, request=request)

    return respond


@pytest.mark.parametrize("status", [500, 503])
@virtually
async def test_a_5xx_after_the_write_is_no_reason_to_write_again(empty: Empty, status: int) -> None:
    """The server made the event and then answered that it failed."""
    world = await planned_world(empty, PAIRS)
    app, _ = await begin_listening(world, _gateway_fails(status, THIRD_SERIES))
    await book_all(app)
    await assert_booked_once(world)
    assert len(calls(world, "POST", EVENTS)) == 1 + PAIRS
    await app.close()


@pytest.mark.parametrize("names_existing", [True, False], ids=["with id", "without id"])
@pytest.mark.parametrize("status", [400, 409])
@virtually
async def test_a_create_sent_twice_is_recognised_by_its_transaction_id(
    empty: Empty, status: int, names_existing: bool
) -> None:
    """The answer is lost and for a minute no search shows the event: it is asked for again with
    the same transaction id, and the duplicate answer, of whatever form, makes no second event."""
    world = await planned_world(empty, PAIRS)
    app, _ = await begin_listening(world, _blind_search(START + timedelta(seconds=70)))
    _answers_duplicates(world.tenant.behaviour, status, names_existing)
    world.tenant.faults.plan(Fault("cut_after", method="POST", path=EVENTS, nth=THIRD_SERIES))
    await book_all(app)
    await assert_booked_once(world)
    asked = [call.status for call in calls(world, "POST", EVENTS)]
    assert status in asked, "the duplicate was never asked for"
    await app.close()


def _blind_search(until: datetime) -> Respond:
    """A search that does not show new events before ``until``."""

    def respond(request: httpx.Request, answer: httpx.Response) -> httpx.Response:
        searches = request.method == "GET" and request.url.path.endswith("/events")
        if not searches or virtual_now() >= until:
            return answer
        return httpx.Response(200, json={"value": []}, request=request)

    return respond


def _answers_duplicates(behaviour: Behaviour, status: int, names_existing: bool) -> None:
    behaviour.duplicate_transaction_status = 400 if status == 400 else 409
    behaviour.duplicate_names_existing_event = names_existing


@virtually
async def test_running_the_whole_booking_again_writes_nothing(empty: Empty) -> None:
    """A second run finds everything done: no write and no mail."""
    world = await planned_world(empty, PAIRS)
    app = await world.begin()
    await book_all(app)
    written, mailed = len(writes(world)), len(world.tenant.mail_log)
    again = await world.begin()
    await book_all(again)
    await book_all(again)
    await assert_booked_once(world)
    assert (len(writes(world)), len(world.tenant.mail_log)) == (written, mailed)
    await again.close()
    await app.close()
