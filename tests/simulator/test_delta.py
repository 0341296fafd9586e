"""``calendarView/delta`` tells what changed in a window, with stubs, replays and removals."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.simulator.tenancy import ADA, PROGRAM, Tenancy, at, open_tenancy, series

DELTA = f"/users/{PROGRAM}/calendarView/delta"
EVENTS = f"/users/{PROGRAM}/events"
# Three of the nine Tuesdays.
WINDOW = {"startDateTime": "2027-03-01T00:00:00Z", "endDateTime": "2027-04-01T00:00:00Z"}


async def round_of(
    tenancy: Tenancy, path: str = DELTA, **more: Any
) -> tuple[list[dict[str, Any]], str]:
    """Everything a round tells, over all its pages, and the link to the next."""
    found: list[dict[str, Any]] = []
    page = await tenancy.ask("GET", path, **more)
    found += page["value"]
    while "@odata.nextLink" in page:
        page = await tenancy.ask("GET", page["@odata.nextLink"].partition("/v1.0")[2])
        found += page["value"]
    return found, page["@odata.deltaLink"].partition("/v1.0")[2]


async def since(tenancy: Tenancy, link: str) -> list[dict[str, Any]]:
    """What changed, without replays."""
    tenancy.tenant.behaviour.delta_replays = 0
    return (await round_of(tenancy, link))[0]


async def test_a_first_round_tells_masters_in_full_and_occurrences_as_stubs(
    tenancy: Tenancy,
) -> None:
    made = await tenancy.book(ADA)
    single = await tenancy.book(ADA, recurrence=None)
    await tenancy.book(
        ADA, recurrence=None, start=at("2027-06-01T10:00"), end=at("2027-06-01T11:00")
    )
    second = (await tenancy.instances(made["id"]))[1]
    moved = {"start": at("2027-03-17T10:00:00"), "end": at("2027-03-17T11:00:00")}
    await tenancy.ask("PATCH", f"{EVENTS}/{second['id']}", moved)
    pages: dict[str, str] = {"Prefer": 'IdType="ImmutableId", odata.maxpagesize=2'}
    found, link = await round_of(tenancy, params=WINDOW, headers=pages)
    by_kind: dict[str, list[dict[str, Any]]] = {}
    for one in found:
        by_kind.setdefault(one["type"], []).append(one)
    assert [one["id"] for one in by_kind["seriesMaster"]] == [made["id"]]
    assert [one["id"] for one in by_kind["singleInstance"]] == [single["id"]]
    assert [one["id"] for one in by_kind["exception"]] == [second["id"]]
    assert "attendees" in by_kind["exception"][0]
    assert len(by_kind["occurrence"]) == 2
    for stub in by_kind["occurrence"]:
        assert {name for name in stub if "@" not in name} == {
            "id",
            "type",
            "seriesMasterId",
            "start",
            "end",
        }
    assert await since(tenancy, link) == []


async def test_a_next_round_tells_what_changed_and_what_is_gone(tenancy: Tenancy) -> None:
    made = await tenancy.book(ADA)
    single = await tenancy.book(ADA, recurrence=None)
    other = await tenancy.book(ADA, recurrence=None)
    _, link = await round_of(tenancy, params=WINDOW)
    await tenancy.ask("PATCH", f"{EVENTS}/{single['id']}", {"subject": "Later"})
    second = (await tenancy.instances(made["id"]))[1]
    await tenancy.ask("POST", f"{EVENTS}/{second['id']}/cancel", {"comment": ""}, 202)
    await tenancy.ask("DELETE", f"{EVENTS}/{other['id']}", status=204)
    told = await since(tenancy, link)
    assert {one["id"] for one in told if "@removed" in one} == {second["id"], other["id"]}
    assert {one["id"] for one in told if one.get("subject") == "Later"} == {single["id"]}
    assert {one["type"] for one in told if one["id"] == made["id"]} == {"seriesMaster"}


async def test_what_changed_outside_the_window_is_called_removed(tenancy: Tenancy) -> None:
    _, link = await round_of(tenancy, params=WINDOW)
    june = {"start": at("2027-06-01T10:00"), "end": at("2027-06-01T11:00")}
    beyond = await tenancy.book(ADA, recurrence=None, **june)
    told = await since(tenancy, link)
    assert [(one["id"], one["@removed"]) for one in told] == [(beyond["id"], {"reason": "deleted"})]


async def test_an_item_that_leaves_the_window_is_removed_once(tenancy: Tenancy) -> None:
    single = await tenancy.book(ADA, recurrence=None)
    _, link = await round_of(tenancy, params=WINDOW)
    june = {"start": at("2027-06-01T10:00"), "end": at("2027-06-01T11:00")}
    await tenancy.ask("PATCH", f"{EVENTS}/{single['id']}", june)
    told = await since(tenancy, link)
    assert [(one["id"], "@removed" in one) for one in told] == [(single["id"], True)]


async def test_unchanged_items_come_again_now_and_then(tenancy: Tenancy) -> None:
    await tenancy.book(ADA)
    tenancy.tenant.behaviour.delta_replays = 100
    first, link = await round_of(tenancy, params=WINDOW)
    again, _ = await round_of(tenancy, link)
    assert [one["id"] for one in again] == [one["id"] for one in first]


@pytest.mark.parametrize(
    ("refusal", "status", "code"),
    [
        ("gone", 410, "resyncRequired"),
        ("syncStateNotFound", 400, "syncStateNotFound"),
        ("resyncRequired", 400, "resyncRequired"),
    ],
)
async def test_a_token_can_be_of_no_use_any_more(
    tenancy: Tenancy, refusal: Any, status: int, code: str
) -> None:
    await tenancy.book(ADA)
    first, link = await round_of(tenancy, params=WINDOW)
    tenancy.tenant.behaviour.delta_refusal = refusal
    refused = await tenancy.client.get("https://graph.microsoft.com/v1.0" + link)
    assert (refused.status_code, refused.json()["error"]["code"]) == (status, code)
    if status == 410:
        location = refused.headers["location"].partition("/v1.0")[2]
        assert (await round_of(tenancy, location))[0] == first


async def test_old_tokens_and_those_of_others_are_gone(tenancy: Tenancy) -> None:
    _, oldest = await round_of(tenancy, params=WINDOW)
    link = oldest
    for _ in range(8):
        _, link = await round_of(tenancy, link)
    await tenancy.ask("GET", oldest, status=410)
    await tenancy.ask("GET", link.replace(PROGRAM, ADA), status=410)
    await round_of(tenancy, link)


async def test_a_window_is_needed_and_nothing_beside_a_token(tenancy: Tenancy) -> None:
    await tenancy.ask("GET", DELTA, status=400)
    _, link = await round_of(tenancy, params=WINDOW)
    await tenancy.ask("GET", f"{link}&startDateTime=2027-03-01", status=400)


async def test_select_and_its_like_are_complained_of() -> None:
    tenancy = open_tenancy()
    await tenancy.ask("GET", DELTA, params={**WINDOW, "$select": "id"}, status=400)
    assert len(tenancy.tenant.complaints) == 1
    tenancy.tenant.close()


async def test_a_token_outlives_the_process(tmp_path: Path) -> None:
    before = open_tenancy(tmp_path / "tenant.sqlite")
    await before.ask("POST", EVENTS, series(ADA), 201)
    _, link = await round_of(before, params=WINDOW)
    before.tenant.close()
    after = open_tenancy(tmp_path / "tenant.sqlite")
    assert await since(after, link) == []
    after.tenant.close()
