"""Subscriptions are made, renewed, listed and refused as Graph does it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
import pytest_asyncio

from simulator.clock import AdjustableClock
from simulator.tenant import Tenant
from simulator.virtual_time import run_virtually
from tests.simulator.tenancy import ADA, MONDAY, PROGRAM, Tenancy, registration, signed_in
from tests.simulator.webhook import (
    HOOK,
    LIFECYCLE,
    STATE,
    Webhook,
    instant,
    later,
    listed,
    open_with,
    subscribe,
    subscriber,
    wish,
)


@pytest.fixture
def webhook() -> Webhook:
    return Webhook()


@pytest_asyncio.fixture
async def hooked(webhook: Webhook) -> AsyncIterator[Tenancy]:
    opened = open_with(webhook)
    async with opened.client:
        yield opened
    assert opened.tenant.complaints == []
    opened.tenant.close()


async def refusal(tenancy: Tenancy, status: int = 400, **changes: Any) -> dict[str, Any]:
    answer = await tenancy.ask("POST", "/subscriptions", wish(tenancy, **changes), status)
    error: dict[str, Any] = answer["error"]
    return error


async def test_both_endpoints_are_asked_with_a_token_that_has_to_be_decoded(
    hooked: Tenancy, webhook: Webhook
) -> None:
    made = await subscribe(hooked)
    assert [str(url).partition("validationToken")[0] for url in webhook.handshakes] == [
        HOOK + "&",
        LIFECYCLE + "?",
    ]
    sent = webhook.handshakes[0].query.decode()
    token = parse_qs(sent)["validationToken"][0]
    assert token not in sent
    assert set(" :+/&%é") <= set(token)
    assert made["clientState"] == STATE
    assert made["expirationDateTime"] == "2027-01-07T08:00:00.0000000Z"


async def test_equal_endpoints_are_asked_twice(hooked: Tenancy, webhook: Webhook) -> None:
    await subscribe(hooked, lifecycleNotificationUrl=HOOK)
    assert len(webhook.handshakes) == 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"echo": "Validation%3A+Testing"}, "exactly match"),
        ({"media_type": "text/html"}, "exactly match"),
        ({"statuses": [202]}, "must respond with 200 OK"),
        ({"statuses": [200, 500]}, "must respond with 200 OK"),
    ],
)
async def test_an_endpoint_that_does_not_answer_as_agreed_gets_no_subscription(
    hooked: Tenancy, webhook: Webhook, change: dict[str, Any], message: str
) -> None:
    for name, value in change.items():
        setattr(webhook, name, value)
    refused = await refusal(hooked)
    assert refused["code"] == "InvalidRequest"
    assert message in refused["message"]
    assert await listed(hooked) == []


def virtually(test: Callable[[Tenancy, Webhook], Awaitable[None]]) -> None:
    """Run something on a loop whose clock jumps."""

    async def main() -> None:
        webhook = Webhook()
        tenancy = open_with(webhook)
        async with tenancy.client:
            await test(tenancy, webhook)
        tenancy.tenant.close()

    run_virtually(MONDAY, main())


def test_an_endpoint_has_ten_seconds() -> None:
    async def cold(tenancy: Tenancy, webhook: Webhook) -> None:
        webhook.delays = [9.9, 10.1]
        refused = await refusal(tenancy)
        assert refused["message"] == "Subscription validation request timed out."
        webhook.delays = [9.9, 9.9]
        await subscribe(tenancy)

    virtually(cold)


async def test_without_a_way_out_nothing_can_be_subscribed(hooked: Tenancy) -> None:
    hooked.tenant.outbound = None
    assert (await refusal(hooked))["code"] == "InvalidRequest"


async def test_a_life_has_an_upper_and_a_lower_bound(hooked: Tenancy) -> None:
    too_long = await refusal(hooked, expirationDateTime=later(hooked, minutes=10_081))
    assert "10080 minutes" in too_long["message"]
    await refusal(hooked, expirationDateTime=later(hooked, minutes=-1))
    made = await subscribe(hooked, expirationDateTime=later(hooked, minutes=5))
    assert instant(made["expirationDateTime"]) == hooked.clock() + timedelta(minutes=45)
    path = f"/subscriptions/{made['id']}"
    body = {"expirationDateTime": later(hooked, minutes=10_080)}
    renewed = await hooked.ask("PATCH", path, body)
    assert instant(renewed["expirationDateTime"]) == hooked.clock() + timedelta(days=7)
    await hooked.ask("PATCH", path, {"expirationDateTime": later(hooked, days=8)}, 400)
    hooked.clock.advance(timedelta(days=7))
    assert await listed(hooked) == []
    await hooked.ask("PATCH", path, {"expirationDateTime": later(hooked, days=1)}, 404)


async def test_a_second_one_of_a_kind_is_refused_unless_the_tenant_is_one_that_does_not(
    hooked: Tenancy,
) -> None:
    first = await subscribe(hooked)
    same = {"changeType": "deleted, Updated,created", "resource": f"Users('{PROGRAM}')/Events"}
    refused = await refusal(hooked, 409, **same)
    assert f"<{first['id']}> already exists" in refused["message"]
    await subscribe(hooked, changeType="deleted")
    hooked.tenant.behaviour.refuse_second_subscription = False
    await subscribe(hooked, **same)
    assert len(await listed(hooked)) == 3


async def test_a_list_has_pages_and_never_tells_the_client_state(hooked: Tenancy) -> None:
    hooked.tenant.behaviour.refuse_second_subscription = False
    hooked.tenant.behaviour.subscription_page = 2
    made = [(await subscribe(hooked))["id"] for _ in range(5)]
    found = await listed(hooked)
    assert [one["id"] for one in found] == made
    assert {one["clientState"] for one in found} == {None}
    assert (await hooked.ask("GET", f"/subscriptions/{made[0]}"))["clientState"] is None


async def test_a_mailbox_has_room_for_so_many(hooked: Tenancy) -> None:
    hooked.tenant.behaviour.refuse_second_subscription = False
    hooked.tenant.behaviour.subscriptions_per_mailbox = 2
    await subscribe(hooked)
    await subscribe(hooked)
    await refusal(hooked, 403)
    await subscribe(hooked, resource=f"/users/{ADA}/events")


async def test_the_right_to_write_does_not_stand_in_for_the_right_to_read(
    hooked: Tenancy,
) -> None:
    hooked.tenant.register_app(registration())
    assert (await refusal(hooked, 403))["code"] == "ErrorAccessDenied"
    hooked.tenant.register_app(subscriber(frozenset({PROGRAM})))
    await subscribe(hooked)
    await refusal(hooked, 403, resource=f"/users/{ADA}/events")


async def test_a_deleted_one_is_gone_and_makes_room(hooked: Tenancy) -> None:
    made = await subscribe(hooked)
    await hooked.ask("POST", f"/subscriptions/{made['id']}/reauthorize", status=204)
    await hooked.ask("DELETE", f"/subscriptions/{made['id']}", status=204)
    await hooked.ask("DELETE", f"/subscriptions/{made['id']}", status=404)
    await subscribe(hooked)


@pytest.mark.parametrize(
    "change",
    [
        {"notificationUrl": "http://tandem.firm.example/hook"},
        {"notificationUrl": None},
        {"lifecycleNotificationUrl": "ftp://tandem.firm.example"},
        {"changeType": "created,moved"},
        {"resource": "/me/events"},
        {"resource": None},
        {"clientState": "x" * 129},
        {"expirationDateTime": "tomorrow"},
        {"latestSupportedTlsVersion": "v9"},
    ],
)
async def test_what_graph_would_not_take_is_refused(
    hooked: Tenancy, webhook: Webhook, change: dict[str, Any]
) -> None:
    assert (await refusal(hooked, **change))["code"] == "ValidationError"
    assert webhook.handshakes == []


async def test_unknown_members_resources_and_missing_preferences_are_complained_of() -> None:
    tenancy = open_with(Webhook())
    await refusal(tenancy, note="mine")
    await refusal(tenancy, resource=f"/users/{PROGRAM}/messages")
    await refusal(tenancy, includeResourceData=True)
    body = wish(tenancy)
    await tenancy.ask("POST", "/subscriptions", body, 400, headers={"Prefer": ""})
    await tenancy.ask("GET", "/subscriptions?$filter=x", status=400)
    assert len(tenancy.tenant.complaints) == 5
    tenancy.tenant.close()


async def test_plain_http_is_for_localhost_and_only_where_it_is_switched_on(
    hooked: Tenancy,
) -> None:
    local: dict[str, Any] = {
        "notificationUrl": "http://localhost:7071/hook",
        "lifecycleNotificationUrl": None,
    }
    await refusal(hooked, **local)
    hooked.tenant.behaviour.plain_http_webhooks = True
    await subscribe(hooked, **local)
    await refusal(hooked, notificationUrl="http://tandem.firm.example/hook")


async def test_subscriptions_outlive_the_process(tmp_path: Path) -> None:
    before = open_with(Webhook(), tmp_path / "tenant.sqlite")
    made = await subscribe(before)
    before.tenant.close()
    tenant = Tenant.open(tmp_path / "tenant.sqlite", before.clock, sign_in_clock=before.clock)
    after = Tenancy(tenant, AdjustableClock(before.clock()), signed_in(tenant))
    assert [one["id"] for one in await listed(after)] == [made["id"]]
    again = await after.ask("GET", f"/subscriptions/{made['id']}")
    assert again["lifecycleNotificationUrl"] == LIFECYCLE
    tenant.close()
