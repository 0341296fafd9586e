"""Changes are told late, in heaps, out of order and more than once, as Graph tells them."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from simulator.tenant import Tenant
from simulator.virtual_time import run_virtually, virtual_now
from tests.simulator.tenancy import ADA, BEN, HOUR, MONDAY, PROGRAM, Tenancy, at
from tests.simulator.webhook import HOOK, LIFECYCLE, STATE, Webhook, instant, open_with, subscribe

EVENTS = f"/users/{PROGRAM}/events"


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


def at_once(tenancy: Tenancy) -> None:
    """Let every change be told exactly once and without delay."""
    behaviour = tenancy.tenant.behaviour
    behaviour.notification_latency, behaviour.updates_that_follow = timedelta(0), 0


async def deliver(tenancy: Tenancy, *, until: timedelta = timedelta(minutes=5)) -> None:
    """Let time pass from delivery to delivery, but no further than ``until``."""
    end = tenancy.clock() + until
    while True:
        coming = tenancy.tenant.next_delivery_at()
        if coming is None or coming > end:
            break
        tenancy.clock.set(max(coming, tenancy.clock()))
        await tenancy.tenant.deliver_due(tenancy.clock())
    tenancy.clock.set(end)


async def test_a_change_is_told_with_everything_that_identifies_it(
    hooked: Tenancy, webhook: Webhook
) -> None:
    at_once(hooked)
    hooked.tenant.behaviour.resource_forms_vary = False
    subscription = await subscribe(hooked)
    made = await hooked.book(ADA)
    assert await hooked.tenant.deliver_due(hooked.clock()) == 1
    [(url, [told])] = webhook.posts
    mailbox = hooked.tenant.directory.user(PROGRAM).id
    assert url == HOOK
    assert told == {
        "subscriptionId": subscription["id"],
        "subscriptionExpirationDateTime": subscription["expirationDateTime"],
        "clientState": STATE,
        "tenantId": hooked.tenant.id,
        "changeType": "created",
        "resource": f"Users/{mailbox}/Events/{made['id']}",
        "resourceData": {
            "@odata.type": "#Microsoft.Graph.Event",
            "@odata.id": f"Users/{mailbox}/Events/{made['id']}",
            "@odata.etag": made["@odata.etag"],
            "id": made["id"],
        },
    }
    assert hooked.tenant.next_delivery_at() is None


async def test_one_act_is_told_several_times_and_never_later_than_three_minutes(
    hooked: Tenancy, webhook: Webhook
) -> None:
    await subscribe(hooked)
    begin = hooked.clock()
    for _ in range(12):
        await hooked.book(ADA)
    arrivals = []
    while (coming := hooked.tenant.next_delivery_at()) is not None:
        arrivals.append(coming - begin)
        hooked.clock.set(coming)
        await hooked.tenant.deliver_due(coming)
    told = Counter(webhook.said())
    assert told["created"] == 12
    assert 6 <= told["updated"] <= 24
    assert max(arrivals) <= timedelta(minutes=3)
    assert timedelta(0) < min(arrivals)


async def test_what_happens_to_one_date_is_told_of_the_master(
    hooked: Tenancy, webhook: Webhook
) -> None:
    made = await hooked.book(ADA)
    at_once(hooked)
    await subscribe(hooked)
    first, second, third, *_ = await hooked.instances(made["id"])
    moved = {"start": at("2027-03-03T10:00:00"), "end": at("2027-03-03T11:00:00")}
    await hooked.ask("PATCH", f"{EVENTS}/{first['id']}", moved)
    await hooked.ask("POST", f"{EVENTS}/{second['id']}/cancel", {"comment": ""}, 202)
    hooked.tenant.answer(ADA, made["id"], "declined", day=date(2027, 3, 30))
    await deliver(hooked)
    assert webhook.said() == ["updated"] * 3
    assert {one["resourceData"]["id"] for one in webhook.heard} == {made["id"]}

    webhook.posts.clear()
    hooked.tenant.behaviour.dates_told_on_master_only = False
    hooked.tenant.answer(ADA, third["id"], "accepted")
    await deliver(hooked)
    assert {one["resourceData"]["id"] for one in webhook.heard} == {made["id"], third["id"]}


async def test_what_only_an_attendee_did_is_not_told_of_the_organizers_mailbox(
    hooked: Tenancy, webhook: Webhook
) -> None:
    made = await hooked.book(ADA)
    at_once(hooked)
    await subscribe(hooked)
    hooked.tenant.answer(ADA, made["id"], "accepted", send_reply=False)
    hooked.tenant.delete_from_calendar(ADA, made["id"])
    await deliver(hooked)
    assert webhook.heard == []
    await subscribe(hooked, resource=f"/users/{BEN}/events")
    await hooked.ask("DELETE", f"{EVENTS}/{made['id']}", status=204)
    await deliver(hooked)
    assert webhook.said() == ["deleted"]


async def test_only_the_changes_asked_for_are_told(hooked: Tenancy, webhook: Webhook) -> None:
    await subscribe(hooked, changeType="deleted")
    made = await hooked.book(ADA)
    await hooked.ask("PATCH", f"{EVENTS}/{made['id']}", {"subject": "x"})
    await hooked.ask("DELETE", f"{EVENTS}/{made['id']}", status=204)
    await deliver(hooked)
    assert webhook.said() == ["deleted"]


async def test_one_post_mixes_subscriptions_and_keeps_no_order(
    hooked: Tenancy, webhook: Webhook
) -> None:
    at_once(hooked)
    hooked.tenant.behaviour.notifications_per_post = 25
    ids = [
        (await subscribe(hooked, changeType=kinds))["id"]
        for kinds in ("created", "created,deleted")
    ]
    made = [(await hooked.book(ADA))["id"] for _ in range(20)]
    await hooked.tenant.deliver_due(hooked.clock())
    assert [len(batch) for _, batch in webhook.posts] == [25, 15]
    assert all({one["subscriptionId"] for one in batch} == set(ids) for _, batch in webhook.posts)
    first = [one for one in webhook.heard if one["subscriptionId"] == ids[0]]
    told = [one["resourceData"]["id"] for one in first]
    assert sorted(told) == sorted(made)
    assert told != made


async def test_some_are_dropped_some_doubled_some_forged(hooked: Tenancy, webhook: Webhook) -> None:
    at_once(hooked)
    await subscribe(hooked)
    behaviour = hooked.tenant.behaviour
    behaviour.notifications_dropped = 30
    behaviour.notifications_doubled = 20
    behaviour.notifications_forged = 10
    for _ in range(200):
        await hooked.book()
    await deliver(hooked)
    tally = hooked.tenant.delivery.tally
    assert 40 < tally["dropped"] < 80
    assert 15 < tally["doubled"] < 45
    assert 5 < tally["forged"] < 30
    states = Counter(webhook.said("clientState"))
    assert states.pop(STATE) == 200 - tally["dropped"] + tally["doubled"]
    assert states.total() == tally["forged"]


async def test_what_is_not_taken_comes_again_with_growing_pauses_for_four_hours(
    hooked: Tenancy, webhook: Webhook
) -> None:
    at_once(hooked)
    await subscribe(hooked)
    webhook.status = 503
    begin = hooked.clock()
    await hooked.book(ADA)
    await deliver(hooked, until=5 * HOUR)
    tries = [one.at - begin for one in hooked.tenant.delivery.posted if one.url == HOOK]
    pauses = [after - before for before, after in pairwise(tries)]
    assert pauses == sorted(pauses)
    assert len(set(pauses)) >= 5
    assert 3 * HOUR < tries[-1] <= 4 * HOUR
    assert hooked.tenant.delivery.tally["lost"] >= 1
    assert hooked.tenant.delivery.tally["told"] == 0


async def test_an_endpoint_that_is_back_in_time_hears_it(hooked: Tenancy, webhook: Webhook) -> None:
    at_once(hooked)
    await subscribe(hooked)
    webhook.statuses = [0, 500, 404]
    await hooked.book(ADA)
    await deliver(hooked, until=HOUR)
    assert [one.status for one in hooked.tenant.delivery.posted] == [0, 500, 404, 202]
    assert webhook.said() == ["created"] * 3


async def test_lost_changes_are_told_of_by_a_lifecycle_event(
    hooked: Tenancy, webhook: Webhook
) -> None:
    at_once(hooked)
    subscription = await subscribe(hooked)
    hooked.tenant.behaviour.notifications_retried_for = timedelta(seconds=5)
    webhook.statuses = [503, 202]
    await hooked.book(ADA)
    await deliver(hooked)
    url, [told] = webhook.posts[-1]
    assert url == LIFECYCLE
    assert told == {
        "subscriptionId": subscription["id"],
        "subscriptionExpirationDateTime": told["subscriptionExpirationDateTime"],
        "clientState": STATE,
        "tenantId": hooked.tenant.id,
        "lifecycleEvent": "missed",
    }
    expiry = instant(told["subscriptionExpirationDateTime"])
    assert expiry == instant(subscription["expirationDateTime"])


async def test_a_subscription_taken_away_is_told_of_and_tells_no_more(
    hooked: Tenancy, webhook: Webhook
) -> None:
    at_once(hooked)
    gone = (await subscribe(hooked))["id"]
    silent = (await subscribe(hooked, changeType="deleted", lifecycleNotificationUrl=None))["id"]
    hooked.tenant.take_subscription_away(gone)
    hooked.tenant.take_subscription_away(silent)
    await hooked.book(ADA)
    await deliver(hooked)
    assert [one.get("lifecycleEvent") for one in webhook.heard] == ["subscriptionRemoved"]
    await hooked.ask("GET", f"/subscriptions/{gone}", status=404)


async def test_an_app_that_does_not_prove_itself_hears_nothing_until_it_does(
    hooked: Tenancy, webhook: Webhook
) -> None:
    at_once(hooked)
    subscription = await subscribe(hooked)
    hooked.tenant.behaviour.authorization_lasts = HOUR
    await deliver(hooked, until=timedelta(minutes=50))
    assert webhook.said("lifecycleEvent") == ["reauthorizationRequired"]
    await deliver(hooked, until=timedelta(minutes=15))
    await hooked.book(ADA)
    await deliver(hooked, until=timedelta(minutes=10))
    assert webhook.said() == []
    asked = len(webhook.said("lifecycleEvent"))
    assert asked >= 2
    await hooked.ask("POST", f"/subscriptions/{subscription['id']}/reauthorize", status=204)
    await deliver(hooked, until=timedelta(minutes=15))
    assert webhook.said() == ["created"]
    assert len(webhook.said("lifecycleEvent")) == asked


async def test_a_renewal_proves_it_too(hooked: Tenancy, webhook: Webhook) -> None:
    at_once(hooked)
    subscription = await subscribe(hooked)
    hooked.tenant.behaviour.authorization_lasts = HOUR
    hooked.clock.advance(timedelta(minutes=55))
    body = {"expirationDateTime": subscription["expirationDateTime"]}
    await hooked.ask("PATCH", f"/subscriptions/{subscription['id']}", body)
    hooked.clock.advance(timedelta(minutes=40))
    await hooked.book(ADA)
    await hooked.tenant.deliver_due(hooked.clock())
    assert webhook.said() == ["created"]


async def test_an_expired_or_deleted_subscription_hears_nothing_more(
    hooked: Tenancy, webhook: Webhook
) -> None:
    kept = await subscribe(hooked)
    other = await subscribe(hooked, changeType="created")
    await hooked.book(ADA)
    await hooked.ask("DELETE", f"/subscriptions/{other['id']}", status=204)
    hooked.clock.set(instant(kept["expirationDateTime"]))
    await hooked.tenant.deliver_due(hooked.clock())
    assert webhook.heard == []
    assert hooked.tenant.next_delivery_at() is None


def slow_run(late_answers: int, *, of: int = 40) -> tuple[Webhook, Tenant, list[timedelta]]:
    """Changes told one by one, some answered too late; how late a last one is told."""

    async def main() -> tuple[Webhook, Tenant, list[timedelta]]:
        webhook = Webhook()
        tenancy = open_with(webhook, clock=virtual_now)
        at_once(tenancy)
        tenancy.tenant.behaviour.coalescing = timedelta(0)
        tenancy.tenant.behaviour.notifications_per_post = 1
        await subscribe(tenancy)
        webhook.delays = [0.0] * (of - late_answers) + [11.0] * late_answers
        for _ in range(of):
            await tenancy.book()
        await tenancy.tenant.deliver_due(virtual_now())
        waits = []
        begin = virtual_now()
        made = (await tenancy.book())["id"]
        await tenancy.tenant.deliver_due(begin)
        for wait in (timedelta(0), timedelta(seconds=10)):
            await tenancy.tenant.deliver_due(begin + wait)
            if any(one["resourceData"]["id"] == made for one in webhook.heard):
                waits.append(wait)
        webhook.delays.clear()
        await tenancy.tenant.deliver_due(begin + HOUR)
        await tenancy.client.aclose()
        return webhook, tenancy.tenant, waits

    return run_virtually(MONDAY, main())


def test_a_prompt_endpoint_hears_at_once() -> None:
    _, tenant, waits = slow_run(4)
    assert waits[0] == timedelta(0)
    assert tenant.delivery.tally["delayed"] == 0


def test_an_endpoint_late_too_often_hears_ten_seconds_later() -> None:
    _, tenant, waits = slow_run(5)
    assert waits == [timedelta(seconds=10)]
    assert tenant.delivery.tally["delayed"] >= 1


def test_an_endpoint_late_far_too_often_misses_what_happens_meanwhile() -> None:
    webhook, tenant, waits = slow_run(8)
    assert waits == []
    assert tenant.delivery.tally["lost"] >= 1
    assert webhook.said("lifecycleEvent") == ["missed"]


async def test_what_waits_outlives_the_process(tmp_path: Path) -> None:
    webhook = Webhook()
    before = open_with(webhook, tmp_path / "tenant.sqlite")
    await subscribe(before)
    made = await before.book(ADA)
    coming = before.tenant.next_delivery_at()
    assert coming is not None
    before.tenant.close()
    after = open_with(webhook, tmp_path / "tenant.sqlite", now=before.clock())
    assert after.tenant.next_delivery_at() == coming
    await deliver(after)
    assert "created" in webhook.said()
    assert {one["resourceData"]["id"] for one in webhook.heard} == {made["id"]}
    after.tenant.close()
    again = open_with(webhook, tmp_path / "tenant.sqlite", now=after.clock())
    assert again.tenant.next_delivery_at() is None
    again.tenant.close()


async def run_of(seed: int) -> list[tuple[str, list[dict[str, Any]]]]:
    """Everything a webhook hears of a fixed row of acts."""
    webhook = Webhook(statuses=[200, 200, 202, 500, 202, 503])
    tenancy = open_with(webhook, seed=seed)
    behaviour = tenancy.tenant.behaviour
    behaviour.notifications_dropped = behaviour.notifications_doubled = 20
    await subscribe(tenancy)
    for _ in range(6):
        made = await tenancy.book(ADA, BEN)
        tenancy.tenant.answer(ADA, made["id"], "accepted")
    await deliver(tenancy, until=HOUR)
    tenancy.tenant.close()
    return webhook.posts


async def test_the_same_seed_tells_the_same_in_the_same_order() -> None:
    assert await run_of(3) == await run_of(3)
    assert await run_of(3) != await run_of(4)


def test_a_loop_that_jumps_can_be_left_to_deliver_by_itself() -> None:
    async def main() -> list[str]:
        webhook = Webhook()
        tenancy = open_with(webhook, clock=virtual_now)
        delivering = asyncio.create_task(tenancy.tenant.keep_delivering())
        await subscribe(tenancy)
        await asyncio.sleep(3600)
        await tenancy.book(ADA)
        await asyncio.sleep(180)
        delivering.cancel()
        await tenancy.client.aclose()
        return webhook.said()

    assert "created" in run_virtually(MONDAY, main())


async def test_resources_and_expiries_are_written_in_several_ways(
    hooked: Tenancy, webhook: Webhook
) -> None:
    at_once(hooked)
    subscription = await subscribe(hooked)
    made = {(await hooked.book())["id"] for _ in range(30)}
    await deliver(hooked)
    forms = {one["resource"].partition(one["resourceData"]["id"])[0] for one in webhook.heard}
    assert len(forms) == 3
    assert {one["resourceData"]["id"] for one in webhook.heard} == made
    expiries = set(webhook.said("subscriptionExpirationDateTime"))
    assert len(expiries) == 2
    assert {instant(one) for one in expiries} == {instant(subscription["expirationDateTime"])}
