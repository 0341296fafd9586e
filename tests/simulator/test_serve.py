"""The tenant as a process: over HTTPS, with the real msal, killed and started again."""

from __future__ import annotations

import csv
import json
import ssl
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.simulator.served import ServedTenant

FIRM = ("--pairs", "6", "--seed", "3")

SERIES: dict[str, Any] = {
    "subject": "Reverse mentoring",
    "start": {"dateTime": "2027-03-02T10:00:00", "timeZone": "GMT Standard Time"},
    "end": {"dateTime": "2027-03-02T11:00:00", "timeZone": "GMT Standard Time"},
    "recurrence": {
        "pattern": {
            "type": "weekly",
            "interval": 2,
            "daysOfWeek": ["tuesday"],
            "firstDayOfWeek": "monday",
        },
        "range": {
            "type": "numbered",
            "startDate": "2027-03-02",
            "numberOfOccurrences": 9,
            "recurrenceTimeZone": "GMT Standard Time",
        },
    },
    "isOnlineMeeting": True,
    "onlineMeetingProvider": "teamsForBusiness",
}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedTenant]:
    """A tenant for tests that only read."""
    with ServedTenant(tmp_path_factory.mktemp("served") / "state", *FIRM) as tenant:
        yield tenant


def pair_of(tenant: ServedTenant) -> list[str]:
    """The addresses of the roster's first pair."""
    with Path(tenant.ready["roster"]).open(encoding="utf-8", newline="") as roster:
        line = next(csv.DictReader(roster))
    return [line["mentor_mail"], line["mentee_mail"]]


def organizer_of(tenant: ServedTenant) -> str:
    """The id of the first program mailbox."""
    mailbox: dict[str, str] = tenant.ready["program_mailboxes"][0]
    return mailbox["id"]


def schedules(graph: httpx.Client, tenant: ServedTenant) -> list[dict[str, Any]]:
    """Two weeks of free/busy of the first pair."""
    answer = graph.post(
        f"users/{organizer_of(tenant)}/calendar/getSchedule",
        json={
            "schedules": pair_of(tenant),
            "startTime": {"dateTime": "2027-01-11T00:00:00", "timeZone": "UTC"},
            "endTime": {"dateTime": "2027-01-25T00:00:00", "timeZone": "UTC"},
            "availabilityViewInterval": 15,
        },
    )
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["value"]
    return found


def book(graph: httpx.Client, tenant: ServedTenant) -> dict[str, Any]:
    """Book the series for the first pair."""
    attendees = [
        {"emailAddress": {"address": mail}, "type": "required"} for mail in pair_of(tenant)
    ]
    answer = graph.post(
        f"users/{organizer_of(tenant)}/events", json={**SERIES, "attendees": attendees}
    )
    assert answer.status_code == 201, answer.text
    event: dict[str, Any] = answer.json()
    return event


def test_the_ready_file_says_what_the_first_line_says(tmp_path: Path) -> None:
    ready_file = tmp_path / "ready.json"
    with ServedTenant(tmp_path / "state", *FIRM, "--ready-file", str(ready_file)) as tenant:
        assert json.loads(ready_file.read_text()) == tenant.ready
        assert stat.S_IMODE(ready_file.stat().st_mode) == 0o600
        for name in ("ca_file", "certificate_file", "key_file", "roster"):
            assert Path(tenant.ready[name]).is_file()
        assert tenant.ready["now"] == "2027-01-04T14:00:00+00:00"


def test_msal_gets_tokens_by_certificate_and_by_secret(served: ServedTenant) -> None:
    assert "access_token" in served.token_by_certificate()
    assert "access_token" in served.token_by_secret()


def test_free_busy_is_read_over_https(served: ServedTenant) -> None:
    with served.graph() as graph:
        found = schedules(graph, served)
    assert [schedule["scheduleId"] for schedule in found] == pair_of(served)
    for schedule in found:
        assert len(schedule["availabilityView"]) == 14 * 24 * 4
        assert set(schedule["availabilityView"]) <= set("0123")
        assert "2" in schedule["availabilityView"]
        assert not any("subject" in item for item in schedule["scheduleItems"])


def test_a_client_without_the_authority_refuses_the_tenant(served: ServedTenant) -> None:
    with pytest.raises(httpx.ConnectError, match="certificate"):
        httpx.get(served.ready["base_url"], verify=ssl.create_default_context())


def test_nothing_is_answered_without_a_token(served: ServedTenant) -> None:
    with served.graph() as graph:
        del graph.headers["Authorization"]
        assert graph.get(f"users/{organizer_of(served)}/events").status_code == 401


def test_the_control_api_asks_for_its_token(served: ServedTenant) -> None:
    with served.control() as control:
        assert control.get("clock").json() == {"now": "2027-01-04T14:00:00+00:00"}
        control.headers["Authorization"] = f"Bearer {served.ready['client_secret']}"
        assert control.get("clock").status_code == 401


def test_a_killed_tenant_goes_on_with_everything_it_answered(tmp_path: Path) -> None:
    with ServedTenant(tmp_path, *FIRM) as tenant, tenant.graph() as graph:
        event = book(graph, tenant)
        with tenant.control() as control:
            moved = control.post("clock", json={"now": "2027-01-05T09:30:00+00:00"})
            assert moved.status_code == 200
            mails = control.get("mails").json()
        before = schedules(graph, tenant)
        tenant.kill()

    with ServedTenant(tmp_path, *FIRM) as again, again.graph() as graph, again.control() as control:
        for name in ("tenant_id", "client_id", "client_secret", "control_token"):
            assert again.ready[name] == tenant.ready[name]
        assert again.ready["program_mailboxes"] == tenant.ready["program_mailboxes"]
        assert again.ready["now"] == "2027-01-05T09:30:00+00:00"
        assert schedules(graph, again) == before
        found = graph.get(f"users/{organizer_of(again)}/events/{event['id']}")
        assert found.status_code == 200
        assert found.json()["onlineMeeting"]["joinUrl"] == event["onlineMeeting"]["joinUrl"]
        assert mails
        assert control.get("mails").json() == mails


def test_clients_trust_a_restarted_tenant_by_the_same_authority(tmp_path: Path) -> None:
    with ServedTenant(tmp_path, *FIRM) as tenant:
        trust = ssl.create_default_context(cafile=tenant.ready["ca_file"])
        tenant.kill()
    with ServedTenant(tmp_path) as again:
        url = f"{again.ready['authority']}/{again.ready['tenant_id']}/discovery/v2.0/keys"
        assert httpx.get(url, verify=trust).status_code == 200


def test_a_terminated_tenant_ends_well_and_says_nothing(tmp_path: Path) -> None:
    with ServedTenant(tmp_path, *FIRM) as tenant, tenant.graph() as graph:
        schedules(graph, tenant)
        assert tenant.terminate() == (0, "")


def test_two_processes_do_not_serve_one_folder(served: ServedTenant) -> None:
    folder = Path(served.ready["roster"]).parent
    with pytest.raises(AssertionError, match="another process serves"), ServedTenant(folder):
        raise RuntimeError("the second one started")


def test_plain_http_needs_no_certificate(tmp_path: Path) -> None:
    with ServedTenant(tmp_path, *FIRM, "--plain-http") as tenant:
        assert tenant.ready["base_url"].startswith("http://localhost:")
        root = f"{tenant.ready['authority']}/{tenant.ready['tenant_id']}"
        answer = httpx.post(
            f"{root}/oauth2/v2.0/token",
            data={
                "grant_type": "client_credentials",
                "client_id": tenant.ready["client_id"],
                "client_secret": tenant.ready["client_secret"],
                "scope": "https://graph.microsoft.com/.default",
            },
        )
        assert answer.status_code == 200
        assert "access_token" in answer.json()


def test_a_strict_tenant_notes_what_a_lenient_one_lets_pass(tmp_path: Path) -> None:
    """A request without a preference for immutable ids, which foreign clients never send."""
    noted = {}
    for options in ((), ("--no-strict",)):
        with (
            ServedTenant(tmp_path / str(len(options)), *FIRM, *options) as tenant,
            tenant.graph() as graph,
            tenant.control() as control,
        ):
            del graph.headers["Prefer"]
            graph.get(f"users/{organizer_of(tenant)}/events")
            noted[options] = control.get("complaints").json()
    assert noted[()]
    assert not noted[("--no-strict",)]


def test_people_sign_in_on_pages_that_no_browser_warns_of(served: ServedTenant) -> None:
    """The pages are plain HTTP on this machine; tokens and keys stay behind TLS."""
    root = f"{served.ready['authority']}/{served.ready['tenant_id']}"
    trust = ssl.create_default_context(cafile=served.ready["ca_file"])
    config = httpx.get(f"{root}/v2.0/.well-known/openid-configuration", verify=trust).json()
    pages = served.ready["sign_in_url"]
    assert pages.startswith("http://localhost:")
    for name, value in config.items():
        if name in ("authorization_endpoint", "end_session_endpoint"):
            assert value.startswith(f"{pages}/")
        elif name.endswith("_endpoint") or name in ("issuer", "jwks_uri"):
            assert value.startswith("https://")
    assert httpx.get(f"{pages}/_control/health").status_code == 404
    assert httpx.get(f"{pages}/v1.0/users").status_code == 404
    wanted = {
        "client_id": served.ready["client_id"],
        "redirect_uri": "http://localhost:8000/sign-in/back",
        "response_type": "code",
        "scope": "openid profile",
        "code_challenge": "x",
        "code_challenge_method": "S256",
    }
    page = httpx.get(config["authorization_endpoint"], params=wanted)
    assert (page.status_code, "IT Administrator" in page.text) == (200, True)
    with served.control() as control:
        body = {"url": str(page.url), "person": pair_of(served)[0]}
        signed_in = control.post("people/sign-in", json=body).json()
        assert "code=1.A" in signed_in["location"]
        refused = control.post("people/sign-in", json={**body, "person": "nobody"})
    assert (refused.status_code, "AADSTS50034" in refused.text) == (400, True)
