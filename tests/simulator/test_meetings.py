"""Online meetings: found by their link, by object id, with a policy; and the lobby."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from simulator.behaviour import TeamsPolicy
from tests.simulator.tenancy import ADA, BEN, GRAPH, PROGRAM, Tenancy, registration

PROGRAM_ID = "00000009-0000-4000-8000-000000000000"
MEETINGS = f"/users/{PROGRAM_ID}/onlineMeetings"


def by_url(url: str) -> str:
    return f"{MEETINGS}?$filter={quote(f'JoinWebUrl eq {chr(39)}{url}{chr(39)}', safe='')}"


async def booked(tenancy: Tenancy) -> tuple[dict[str, Any], str]:
    made = await tenancy.book(ADA, BEN)
    return made, made["onlineMeeting"]["joinUrl"]


async def test_a_series_has_one_meeting_found_by_its_link(tenancy: Tenancy) -> None:
    made, url = await booked(tenancy)
    [meeting] = (await tenancy.ask("GET", by_url(url)))["value"]
    assert meeting["joinWebUrl"] == url
    assert meeting["participants"]["organizer"]["identity"]["user"]["id"] == PROGRAM_ID
    assert (await tenancy.ask("GET", f"{MEETINGS}/{meeting['id']}"))["id"] == meeting["id"]
    links = {one["onlineMeeting"]["joinUrl"] for one in await tenancy.instances(made["id"])}
    assert links == {url}


async def test_a_link_encoded_once_too_often_or_too_seldom_finds_nothing(
    tenancy: Tenancy,
) -> None:
    _, url = await booked(tenancy)
    assert "%3a" in url
    too_often = await tenancy.ask("GET", by_url(quote(url, safe="")))
    assert too_often["value"] == []
    too_seldom = await tenancy.client.get(f"{GRAPH}{MEETINGS}?$filter=JoinWebUrl eq '{url}'")
    assert too_seldom.json()["value"] == []


async def test_a_meeting_is_asked_for_by_object_id_and_with_a_policy(tenancy: Tenancy) -> None:
    _, url = await booked(tenancy)
    by_name = by_url(url).replace(PROGRAM_ID, PROGRAM)
    assert (await tenancy.ask("GET", by_name, status=400))["error"]["code"] == "BadRequest"
    tenancy.tenant.register_app(registration(teams_organizers=frozenset()))
    refused = await tenancy.ask("GET", by_url(url), status=403)
    assert refused["error"]["code"] == "Unauthorized"
    tenancy.tenant.register_app(registration({"Calendars.ReadWrite": None}))
    assert (await tenancy.ask("GET", by_url(url), status=403))["error"]["code"] == "Forbidden"


@pytest.mark.parametrize(
    ("scope", "colleague", "stranger"),
    [
        ("organizer", "waiting in the lobby", "waiting in the lobby"),
        ("invited", "admitted", "waiting in the lobby"),
        ("organization", "admitted", "waiting in the lobby"),
        ("organizationExcludingGuests", "admitted", "waiting in the lobby"),
        ("everyone", "admitted", "admitted"),
    ],
)
async def test_the_policy_decides_who_waits_in_the_lobby(
    tenancy: Tenancy, scope: Any, colleague: str, stranger: str
) -> None:
    tenancy.tenant.teams_policy = TeamsPolicy(lobby=scope)
    _, url = await booked(tenancy)
    assert tenancy.tenant.join(ADA, url) == colleague
    assert tenancy.tenant.join(BEN, url) == colleague
    assert tenancy.tenant.join("visitor@elsewhere.example", url) == stranger


async def test_the_organizer_once_there_lets_everybody_in(tenancy: Tenancy) -> None:
    tenancy.tenant.teams_policy = TeamsPolicy(lobby="organizer")
    _, url = await booked(tenancy)
    assert tenancy.tenant.join(ADA, url) == "waiting in the lobby"
    assert tenancy.tenant.join(PROGRAM, url) == "admitted"
    assert tenancy.tenant.join(ADA, url) == "admitted"


async def test_a_policy_holds_for_meetings_made_after_it_and_the_lobby_can_be_written(
    tenancy: Tenancy,
) -> None:
    tenancy.tenant.teams_policy = TeamsPolicy(lobby="organizer")
    _, url = await booked(tenancy)
    tenancy.tenant.teams_policy = TeamsPolicy(lobby="everyone")
    [meeting] = (await tenancy.ask("GET", by_url(url)))["value"]
    assert meeting["lobbyBypassSettings"]["scope"] == "organizer"
    change = {"lobbyBypassSettings": {"scope": "invited"}}
    changed = await tenancy.ask("PATCH", f"{MEETINGS}/{meeting['id']}", change)
    assert changed["lobbyBypassSettings"] == {"scope": "invited", "isDialInBypassEnabled": False}
    assert tenancy.tenant.join(ADA, url) == "admitted"
