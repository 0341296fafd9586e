"""Microsoft's JavaScript client against the served tenant: another base URL, another trust.

python-o365 is not used: it takes its sign-in authority from a constant of its own, so it cannot
be pointed at another tenant by configuration.
"""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.simulator.served import ServedTenant

HERE = Path(__file__).parent
NODE = shutil.which("node")

pytestmark = [
    pytest.mark.node,
    pytest.mark.skipif(NODE is None, reason="Node.js is not installed"),
    pytest.mark.skipif(
        not (HERE / "node_modules").is_dir(),
        reason="the JavaScript client is not installed: run tests/simulator/foreign/install.sh",
    ),
]


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the client read and booked, and for which ``pair`` of addresses."""
    folder = tmp_path_factory.mktemp("foreign")
    with ServedTenant(folder / "state", "--pairs", "6", "--no-strict") as tenant:
        with Path(tenant.ready["roster"]).open(encoding="utf-8", newline="") as roster:
            line = next(csv.DictReader(roster))
        pair = [line["mentor_mail"], line["mentee_mail"]]
        order = folder / "order.json"
        organizer = tenant.ready["program_mailboxes"][0]["mail"]
        order.write_text(json.dumps({**tenant.ready, "organizer": organizer, "attendees": pair}))
        finished = subprocess.run(  # noqa: S603 - our own script
            [str(NODE), str(HERE / "book_a_series.mjs"), str(order)],
            env={**os.environ, "NODE_EXTRA_CA_CERTS": tenant.ready["ca_file"]},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert finished.returncode == 0, finished.stderr
        found: dict[str, Any] = json.loads(finished.stdout)
        return {**found, "pair": pair}


def test_it_reads_free_busy_of_both(result: dict[str, Any]) -> None:
    schedules = result["schedules"]
    assert [schedule["scheduleId"] for schedule in schedules] == result["pair"]
    for schedule in schedules:
        assert len(schedule["availabilityView"]) == 14 * 24 * 2
        assert any(item["status"] == "busy" for item in schedule["scheduleItems"])


def test_it_books_a_series_with_a_teams_link(result: dict[str, Any]) -> None:
    created = result["created"]
    assert created["type"] == "seriesMaster"
    assert created["onlineMeetingProvider"] == "teamsForBusiness"
    assert created["onlineMeeting"]["joinUrl"].startswith("https://")


def test_it_reads_back_what_it_booked(result: dict[str, Any]) -> None:
    created, again = result["created"], result["readBack"]
    for member in ("id", "subject", "start", "end", "recurrence", "onlineMeeting"):
        assert again[member] == created[member]
    assert [one["emailAddress"]["address"] for one in again["attendees"]] == result["pair"]


def test_it_pages_through_every_date_over_the_clock_change(result: dict[str, Any]) -> None:
    """London's clocks go forward on 28 March 2027, after the second date."""
    starts = [instance["start"] for instance in result["instances"]]
    assert {start["timeZone"] for start in starts} == {"UTC"}
    clocks = [datetime.fromisoformat(start["dateTime"][:19]).hour for start in starts]
    assert clocks == [10, 10, 9, 9, 9, 9, 9, 9, 9]


def test_it_understands_a_refusal(result: dict[str, Any]) -> None:
    assert result["refusal"]["status"] == 404
    assert result["refusal"]["code"]
