"""curl against the served tenant: what a person types in a terminal."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import Any

import pytest

from tests.simulator.served import ServedTenant

CURL = shutil.which("curl")

pytestmark = pytest.mark.skipif(CURL is None, reason="curl is not installed")


def curl(tenant: ServedTenant, *arguments: str) -> dict[str, Any]:
    """What curl prints, trusting the tenant's authority alone."""
    answer = subprocess.run(  # noqa: S603 - our own words
        [str(CURL), "--silent", "--show-error", "--cacert", tenant.ready["ca_file"], *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    document: dict[str, Any] = json.loads(answer.stdout)
    return document


def test_curl_reads_free_busy_and_books_a_series(tmp_path_factory: pytest.TempPathFactory) -> None:
    with ServedTenant(tmp_path_factory.mktemp("curl"), "--pairs", "2", "--no-strict") as tenant:
        ready, mailbox = tenant.ready, tenant.ready["program_mailboxes"][0]["mail"]
        token = curl(
            tenant,
            f"{ready['authority']}/{ready['tenant_id']}/oauth2/v2.0/token",
            *("--data", "grant_type=client_credentials"),
            *("--data", f"client_id={ready['client_id']}"),
            *("--data-urlencode", f"client_secret={ready['client_secret']}"),
            *("--data-urlencode", "scope=https://graph.microsoft.com/.default"),
        )["access_token"]

        def call(path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
            data = () if body is None else ("--data", json.dumps(body))
            url = f"{ready['base_url']}/users/{mailbox}/{path}"
            headers = [f"Authorization: Bearer {token}", "Content-Type: application/json"]
            told = [word for header in headers for word in ("--header", header)]
            return curl(tenant, *told, *data, url)

        zone = "Eastern Standard Time"
        free_busy = call(
            "calendar/getSchedule",
            {
                "schedules": [mailbox],
                "startTime": {"dateTime": "2027-01-11T00:00:00", "timeZone": zone},
                "endTime": {"dateTime": "2027-01-12T00:00:00", "timeZone": zone},
                "availabilityViewInterval": "60",
            },
        )
        assert free_busy["value"][0]["availabilityView"] == "0" * 24

        created = call(
            "events",
            {
                "subject": "Reverse mentoring",
                "start": {"dateTime": "2027-01-12T09:00:00", "timeZone": zone},
                "end": {"dateTime": "2027-01-12T10:00:00", "timeZone": zone},
                "recurrence": {
                    "pattern": {"type": "weekly", "interval": 2, "daysOfWeek": ["tuesday"]},
                    "range": {
                        "type": "numbered",
                        "startDate": "2027-01-12",
                        "numberOfOccurrences": 9,
                    },
                },
                "isOnlineMeeting": True,
                "onlineMeetingProvider": "teamsForBusiness",
            },
        )
        again = call(f"events/{created['id']}")
        assert again["recurrence"]["range"]["numberOfOccurrences"] == 9
        assert again["onlineMeeting"]["joinUrl"] == created["onlineMeeting"]["joinUrl"]
