"""Batches: bounds, order, dependence, and every item throttled on its own."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from simulator.faults import Fault
from simulator.virtual_time import run_virtually
from tests.simulator.tenancy import ADA, GRAPH, PROGRAM, Tenancy, open_tenancy, series, signed_in

_IDS = {"Prefer": 'IdType="ImmutableId"'}


def read(number: int, url: str = f"/users/{PROGRAM}/events", **more: Any) -> dict[str, Any]:
    return {"id": str(number), "method": "GET", "url": url, "headers": _IDS, **more}


async def statuses(tenancy: Tenancy, requests: list[dict[str, Any]]) -> dict[str, int]:
    answer = await tenancy.ask("POST", "/$batch", {"requests": requests})
    return {one["id"]: one["status"] for one in answer["responses"]}


async def test_answers_are_shuffled_the_same_way_for_the_same_seed(tenancy: Tenancy) -> None:
    requests = [read(number) for number in range(20)]
    answer = await tenancy.ask("POST", "/$batch", {"requests": requests})
    order = [one["id"] for one in answer["responses"]]
    assert sorted(order, key=int) == [str(number) for number in range(20)]
    assert order != sorted(order, key=int)
    again = await open_tenancy().ask("POST", "/$batch", {"requests": requests})
    assert order == [one["id"] for one in again["responses"]]


@pytest.mark.parametrize(
    "requests",
    [
        [],
        [read(number) for number in range(21)],
        [read(1), read(1)],
        [{**read(1), "id": "A"}, {**read(1), "id": "a"}],
        [{"id": "1", "method": "GET"}],
        [{"id": "1", "method": "POST", "url": "/users", "body": {}}],
        [read(1, dependsOn=["2"])],
        [read(1, dependsOn=["2"]), read(2, dependsOn=["1"])],
    ],
)
async def test_a_batch_that_is_not_well_formed_is_refused_whole(
    tenancy: Tenancy, requests: list[dict[str, Any]]
) -> None:
    await tenancy.ask("POST", "/$batch", {"requests": requests}, 400)
    assert [call.path for call in tenancy.tenant.calls[1:]] == ["/$batch"]


async def test_what_depends_on_a_failed_item_is_not_tried(tenancy: Tenancy) -> None:
    got = await statuses(
        tenancy,
        [
            read(3, dependsOn=["2"]),
            read(1),
            read(2, f"/users/{PROGRAM}/events/none", dependsOn=["1"]),
            read(4, dependsOn=["3"]),
        ],
    )
    assert got == {"1": 200, "2": 404, "3": 424, "4": 424}


async def test_one_item_is_throttled_and_the_others_are_not(tenancy: Tenancy) -> None:
    tenancy.tenant.faults.plan(
        Fault("throttle", path="/users/{user}/events", nth=3, retry_after=17)
    )
    answer = await tenancy.ask("POST", "/$batch", {"requests": [read(n) for n in range(5)]})
    by_id = {one["id"]: one for one in answer["responses"]}
    assert {number: one["status"] for number, one in by_id.items()} == {
        "0": 200,
        "1": 200,
        "2": 429,
        "3": 200,
        "4": 200,
    }
    assert by_id["2"]["headers"]["Retry-After"] == "17"
    assert [call.in_batch for call in tenancy.tenant.calls[1:]] == [True] * 5 + [False]


async def test_an_item_carries_its_own_preferences_and_body(tenancy: Tenancy) -> None:
    request = {
        "id": "1",
        "method": "POST",
        "url": f"/users/{PROGRAM}/events",
        "headers": {**_IDS, "Content-Type": "application/json"},
        "body": series(ADA),
    }
    answer = await tenancy.ask("POST", "/$batch", {"requests": [request]})
    [made] = answer["responses"]
    assert (made["status"], made["body"]["subject"]) == (201, "Mentoring")
    assert made["headers"]["Preference-Applied"] == 'IdType="ImmutableId"'


async def test_a_connection_cut_by_one_item_leaves_what_was_done(tenancy: Tenancy) -> None:
    tenancy.tenant.faults.plan(Fault("cut_after", "POST", "/users/{user}/events"))
    create = {
        "id": "1",
        "method": "POST",
        "url": f"/users/{PROGRAM}/events",
        "headers": {**_IDS, "Content-Type": "application/json"},
        "body": series(ADA),
    }
    with pytest.raises(httpx.RemoteProtocolError):
        await tenancy.client.post(f"{GRAPH}/$batch", json={"requests": [create, read(2)]})
    assert len(tenancy.tenant.events_of(PROGRAM)) == 1


def test_items_for_one_mailbox_are_worked_off_four_at_a_time() -> None:
    async def main() -> tuple[float, set[int]]:
        tenancy = open_tenancy()
        tenancy.tenant.behaviour.latency = timedelta(milliseconds=200)
        loop = asyncio.get_running_loop()
        async with signed_in(tenancy.tenant) as client:
            began = loop.time()
            answer = await client.post(
                f"{GRAPH}/$batch", json={"requests": [read(n) for n in range(20)]}
            )
        got = {one["status"] for one in answer.json()["responses"]}
        return loop.time() - began, got

    took, got = run_virtually(datetime(2027, 1, 4, 8, tzinfo=UTC), main())
    assert got == {200}
    assert took == pytest.approx(1.0)


async def test_a_batch_needs_a_token(tenancy: Tenancy) -> None:
    body = {"requests": [read(1)]}
    await tenancy.ask("POST", "/$batch", body, 401, headers={"Authorization": ""})
