"""Rights, limits, faults, strictness and the form of errors."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from simulator.faults import Chance, Fault
from simulator.tenant import Tenant
from simulator.virtual_time import VirtualTimeLoop, run_virtually, virtual_now
from tests.simulator.tenancy import (
    ADA,
    ALL_ROLES,
    BEN,
    GRAPH,
    GUS,
    PROGRAM,
    Tenancy,
    firm,
    open_tenancy,
    registration,
    schedule_body,
    series,
    signed_in,
)

EVENTS = f"/users/{PROGRAM}/events"
PROGRAM_ID = "00000009-0000-4000-8000-000000000000"
_WINDOW = "startDateTime=2027-01-01T00:00:00Z&endDateTime=2027-12-31T00:00:00Z"
_SCHEDULE = schedule_body(ADA, start="2027-03-01T00:00:00", end="2027-03-02T00:00:00")


def calls(event_id: str) -> dict[str, tuple[str, str, Any]]:
    """A request of every kind that needs a right."""
    event = f"{EVENTS}/{event_id}"
    return {
        "schedule": ("POST", f"/users/{PROGRAM}/calendar/getSchedule", _SCHEDULE),
        "read": ("GET", event, None),
        "instances": ("GET", f"{event}/instances?{_WINDOW}", None),
        "view": ("GET", f"/users/{PROGRAM}/calendarView?{_WINDOW}", None),
        "create": ("POST", EVENTS, series(ADA)),
        "change": ("PATCH", event, {"subject": "x"}),
        "settings": ("GET", f"/users/{PROGRAM}/mailboxSettings", None),
        "user": ("GET", f"/users/{PROGRAM}", None),
        "users": ("GET", "/users", None),
        "zones": ("GET", f"/users/{PROGRAM}/outlook/supportedTimeZones", None),
        "meeting": ("GET", f"/users/{PROGRAM_ID}/onlineMeetings?$filter=JoinWebUrl eq 'x'", None),
        "cancel": ("POST", f"{event}/cancel", {"comment": "x"}),
    }


@pytest.mark.parametrize(
    ("role", "allowed"),
    [
        ("Calendars.ReadBasic", {"schedule", "read"}),
        ("Calendars.Read", {"schedule", "read", "instances", "view"}),
        (
            "Calendars.ReadWrite",
            {"schedule", "read", "instances", "view", "create", "change", "cancel"},
        ),
        ("MailboxSettings.Read", {"settings"}),
        ("User.ReadBasic.All", {"user", "users"}),
        ("User.Read.All", {"user", "users", "zones"}),
        ("OnlineMeetings.Read.All", {"meeting"}),
        ("OnlineMeetings.ReadWrite.All", {"meeting"}),
        ("Mail.Send", set()),
    ],
)
async def test_each_role_opens_what_it_is_for_and_nothing_else(
    tenancy: Tenancy, role: str, allowed: set[str]
) -> None:
    made = await tenancy.book(ADA)
    tenancy.tenant.register_app(registration({role: None}))
    for kind, (method, path, body) in calls(made["id"]).items():
        answer = await tenancy.client.request(method, GRAPH + path, json=body)
        assert (answer.status_code < 300) == (kind in allowed), (kind, answer.text)
        assert answer.status_code < 300 or answer.status_code == 403


async def test_a_scoped_role_reaches_its_mailboxes_and_no_other(tenancy: Tenancy) -> None:
    scoped = registration({"Calendars.ReadWrite": frozenset({PROGRAM.upper()})})
    tenancy.tenant.register_app(scoped)
    await tenancy.book(ADA)
    refused = await tenancy.ask("GET", f"/users/{ADA}/events", status=403)
    assert refused["error"]["code"] == "ErrorAccessDenied"
    tenant_wide = registration({**scoped.roles, "Calendars.Read": None})
    tenancy.tenant.register_app(tenant_wide)
    await tenancy.ask("GET", f"/users/{ADA}/events")


async def test_a_mailbox_graph_cannot_open_and_a_user_nobody_knows_are_told_apart(
    tenancy: Tenancy,
) -> None:
    closed = await tenancy.ask("GET", f"/users/{GUS}/mailboxSettings", status=404)
    assert closed["error"]["code"] == "MailboxNotEnabledForRESTAPI"
    nobody = await tenancy.ask("GET", "/users/no@firm.example/mailboxSettings", status=404)
    assert nobody["error"]["code"] == "ErrorInvalidUser"
    missing = await tenancy.ask("GET", "/users/no@firm.example", status=404)
    assert missing["error"]["code"] == "Request_ResourceNotFound"


@pytest.mark.parametrize(
    ("method", "path", "body", "headers", "status", "about"),
    [
        ("GET", "/users/x/messages", None, {}, 501, "unknown path"),
        ("GET", f"{EVENTS}?$search=x", None, {}, 400, "query option $search"),
        ("POST", EVENTS, series(ADA, colour="red"), {}, 400, "body member colour"),
        (
            "POST",
            EVENTS,
            series(ADA, start={"dateTime": "2027-03-02T10:00:00", "zone": "UTC"}),
            {},
            400,
            "body member start.zone",
        ),
        ("GET", EVENTS, None, {"Prefer": "x=y"}, 400, "ImmutableId"),
        ("GET", f"{EVENTS}?$filter=subject eq 'x'", None, {}, 400, "$filter"),
    ],
)
async def test_a_strict_tenant_refuses_and_complains_of_what_it_does_not_know(
    method: str, path: str, body: Any, headers: dict[str, str], status: int, about: str
) -> None:
    tenancy = open_tenancy()
    refused = await tenancy.ask(method, path, body, status, headers=headers)
    assert refused["error"]["code"] == "NotSimulated"
    [complaint] = tenancy.tenant.complaints
    assert about in complaint


async def test_the_form_of_an_error_carries_ids_and_can_be_spelled_otherwise(
    tenancy: Tenancy,
) -> None:
    headers = {"client-request-id": "7d6a0b67-0000-4000-8000-000000000001"}
    path = f"{GRAPH}{EVENTS}/nothing"
    answer = await tenancy.client.get(path, headers=headers)
    error = answer.json()["error"]
    assert error["code"] == "ErrorItemNotFound"
    assert error["innerError"]["client-request-id"] == headers["client-request-id"]
    assert error["innerError"]["request-id"] == answer.headers["request-id"]
    assert answer.headers["client-request-id"] == headers["client-request-id"]
    tenancy.tenant.behaviour.inner_error_name = "innererror"
    tenancy.tenant.behaviour.empty_error_codes = True
    error = (await tenancy.client.get(path)).json()["error"]
    assert (error["code"], "innererror" in error, "innerError" in error) == ("", True, False)


async def test_a_planned_429_holds_for_the_mailbox_until_it_is_waited_out() -> None:
    tenancy = open_tenancy()
    tenancy.tenant.faults.plan(Fault("throttle", "POST", "/users/{user}/events", retry_after=17))
    first = await tenancy.client.post(GRAPH + EVENTS, json=series(ADA))
    assert (first.status_code, first.headers["retry-after"]) == (429, "17")
    tenancy.clock.advance(timedelta(seconds=16))
    early = await tenancy.client.get(GRAPH + EVENTS)
    assert (early.status_code, early.headers["retry-after"]) == (429, "1")
    assert "did not wait out Retry-After" in tenancy.tenant.complaints[0]
    await tenancy.ask("GET", f"/users/{ADA}/events")
    tenancy.clock.advance(timedelta(seconds=1))
    await tenancy.ask("GET", EVENTS)
    assert len(tenancy.tenant.complaints) == 1
    assert tenancy.tenant.mail_log == []


async def test_a_fault_meets_the_nth_fitting_call_and_as_many_as_planned(
    tenancy: Tenancy,
) -> None:
    plan = Fault("error", path="/users/{user}/events", mailbox=PROGRAM_ID, nth=2, times=2)
    tenancy.tenant.faults.plan(plan)
    await tenancy.ask("GET", f"/users/{ADA}/events")
    statuses = [(await tenancy.client.get(GRAPH + EVENTS)).status_code for _ in range(5)]
    assert statuses == [200, 503, 503, 200, 200]
    assert tenancy.tenant.faults.planned == []


async def test_a_broken_gateway_answers_a_page_and_nothing_is_written(tenancy: Tenancy) -> None:
    tenancy.tenant.faults.plan(Fault("error", "POST", status=504, html=True))
    answer = await tenancy.client.post(GRAPH + EVENTS, json=series(ADA))
    assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (504, "text/html")
    assert "<html>" in answer.text
    assert tenancy.tenant.events_of(PROGRAM) == []


@pytest.mark.parametrize(("effect", "made"), [("cut_before", 0), ("cut_after", 1)])
async def test_a_cut_connection_looks_the_same_whether_or_not_the_write_took_place(
    tenancy: Tenancy, effect: Any, made: int
) -> None:
    tenancy.tenant.faults.plan(Fault(effect, "POST"))
    with pytest.raises(httpx.RemoteProtocolError):
        await tenancy.client.post(GRAPH + EVENTS, json=series(ADA))
    assert len(tenancy.tenant.events_of(PROGRAM)) == made
    assert len(tenancy.tenant.mail_log) == made
    assert tenancy.tenant.calls[-1].cut


async def test_free_busy_of_an_unreadable_mailbox_fails_as_long_as_planned(
    tenancy: Tenancy,
) -> None:
    tenancy.tenant.faults.plan(Fault("unreadable", mailbox=ADA))
    path = f"/users/{PROGRAM}/calendar/getSchedule"
    for _ in range(2):
        entry = (await tenancy.ask("POST", path, _SCHEDULE))["value"][0]
        assert entry["error"]["responseCode"] == "ErrorMailboxStoreUnavailable"
    tenancy.tenant.faults.clear()
    assert "error" not in (await tenancy.ask("POST", path, _SCHEDULE))["value"][0]


async def statuses_by_chance(seed: int) -> list[int]:
    tenancy = open_tenancy(seed=seed)
    tenancy.tenant.faults.chance = Chance(error=20, throttle=10, retry_after=0)
    return [(await tenancy.client.get(GRAPH + EVENTS)).status_code for _ in range(60)]


async def test_faults_by_chance_follow_the_seed() -> None:
    first = await statuses_by_chance(3)
    assert first == await statuses_by_chance(3)
    assert first != await statuses_by_chance(4)
    assert set(first) == {200, 429, 503}


def test_the_fifth_call_at_once_is_told_to_keep_away_and_another_mailbox_is_free() -> None:
    async def main() -> tuple[list[int], int]:
        tenancy = open_tenancy()
        tenancy.tenant.behaviour.latency = timedelta(milliseconds=200)
        async with signed_in(tenancy.tenant) as client:
            own = [client.get(GRAPH + EVENTS) for _ in range(5)]
            other = client.get(f"{GRAPH}/users/{ADA}/events")
            answers = await asyncio.gather(*own, other)
        fifth = answers[4]
        assert fifth.json()["error"]["code"] == "ApplicationThrottled"
        assert "MailboxConcurrency" in fifth.json()["error"]["message"]
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualTimeLoop)
        assert loop.time() == pytest.approx(0.2)
        return [answer.status_code for answer in answers], int(fifth.headers["retry-after"])

    statuses, retry_after = run_virtually(datetime(2027, 1, 4, 8, tzinfo=UTC), main())
    assert statuses == [200, 200, 200, 200, 429, 200]
    assert retry_after == 1


async def test_more_calls_in_ten_minutes_than_allowed_are_refused(tenancy: Tenancy) -> None:
    tenancy.tenant.behaviour.calls_in_ten_minutes = 3
    statuses = []
    for _ in range(4):
        statuses.append((await tenancy.client.get(GRAPH + EVENTS)).status_code)
        tenancy.clock.advance(timedelta(minutes=1))
    assert statuses == [200, 200, 200, 429]


async def test_every_call_is_logged_with_its_template_and_mailbox(tenancy: Tenancy) -> None:
    made = await tenancy.book(ADA)
    await tenancy.ask("GET", f"/users/{PROGRAM_ID}/events/{made['id']}")
    await tenancy.ask("GET", "/users?$top=1")
    logged = [(c.method, c.path, c.mailbox, c.status) for c in tenancy.tenant.calls[1:]]
    assert logged == [
        ("POST", "/users/{user}/events", PROGRAM, 201),
        ("GET", "/users/{user}/events/{event}", PROGRAM, 200),
        ("GET", "/users", "", 200),
    ]


def test_time_in_the_tenant_can_be_the_virtual_loops() -> None:
    async def main() -> list[datetime]:
        tenant = Tenant.open(clock=virtual_now)
        tenant.take_in(firm())
        tenant.register_app(registration())
        await asyncio.sleep(3600)
        async with signed_in(tenant) as client:
            made = await client.post(GRAPH + EVENTS, json=series(ADA))
        assert made.status_code == 201
        return [mail.at for mail in tenant.mail_log]

    start = datetime(2027, 1, 4, 8, tzinfo=UTC)
    assert run_virtually(start, main()) == [start + timedelta(hours=1)]


async def test_users_are_found_by_mail_or_name_in_one_filter(tenancy: Tenancy) -> None:
    found = await tenancy.ask(
        "GET",
        "/users",
        params={
            "$filter": f"mail eq '{ADA}' or userPrincipalName eq '{BEN.upper()}'",
            "$select": "id,mail,accountEnabled",
        },
    )
    assert [user["mail"] for user in found["value"]] == [ADA, BEN]
    assert found["value"][0]["accountEnabled"] is True
    listed = await tenancy.ask("GET", "/users", params={"$filter": f"mail in ('{ADA}','{BEN}')"})
    assert [user["mail"] for user in listed["value"]] == [ADA, BEN]
    many = " or ".join(["mail eq 'x@y.z'"] * 16)
    refused = await tenancy.ask("GET", "/users", params={"$filter": many}, status=400)
    assert refused["error"]["code"] == "Request_UnsupportedQuery"


async def test_an_address_of_two_accounts_finds_both_until_one_has_another(
    tenancy: Tenancy,
) -> None:
    async def found() -> list[str]:
        listed = await tenancy.ask("GET", "/users", params={"$filter": f"mail eq '{ADA}'"})
        return [user["id"] for user in listed["value"]]

    directory = tenancy.tenant.directory
    ada, ben = directory.user(ADA), directory.user(BEN)
    ben = directory.change(ben, mail=ADA.upper())
    assert await found() == [ada.id, ben.id]
    directory.change(ben, mail=BEN)
    assert await found() == [ada.id]
    assert directory.find(ADA) == directory.user(ada.id)


async def test_settings_and_zones_are_told_as_exchange_stores_them(tenancy: Tenancy) -> None:
    settings = await tenancy.ask("GET", f"/users/{ADA}/mailboxSettings")
    assert settings["timeZone"] == "W. Europe Standard Time"
    part = await tenancy.ask("GET", f"/users/{ADA}/mailboxSettings/timeZone")
    assert part["value"] == "W. Europe Standard Time"
    windows = await tenancy.ask("GET", f"/users/{ADA}/outlook/supportedTimeZones")
    names = {zone["alias"] for zone in windows["value"]}
    assert {"GMT Standard Time", "AUS Eastern Standard Time", "UTC"} <= names
    standard = "TimeZoneStandard=microsoft.graph.timeZoneStandard'Iana'"
    iana = await tenancy.ask("GET", f"/users/{ADA}/outlook/supportedTimeZones({standard})")
    assert "Europe/London" in {zone["alias"] for zone in iana["value"]}


def test_a_scope_cannot_be_put_on_a_role_exchange_has_no_assignment_for() -> None:
    with pytest.raises(ValueError, match=r"Calendars\.ReadBasic"):
        registration({**ALL_ROLES, "Calendars.ReadBasic": frozenset({PROGRAM})})
