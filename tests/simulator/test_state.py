"""State survives the process, and the same seed and calls give the same bytes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from tests.simulator.tenancy import (
    ADA,
    BEN,
    GRAPH,
    PROGRAM,
    Tenancy,
    at,
    busy,
    open_tenancy,
    plan,
    schedule_body,
    series,
)

EVENTS = f"/users/{PROGRAM}/events"


async def lived_in(tenancy: Tenancy) -> str:
    """A tenant in which something of every kind has happened; the id of its series."""
    made = await tenancy.book(ADA, BEN, transactionId="t")
    third = (await tenancy.instances(made["id"]))[2]
    change = {"start": at("2027-03-31T10:00:00"), "end": at("2027-03-31T11:00:00")}
    await tenancy.ask("PATCH", f"{EVENTS}/{third['id']}", change)
    second = (await tenancy.instances(made["id"]))[1]
    await tenancy.ask("POST", f"{EVENTS}/{second['id']}/cancel", {"comment": "x"}, 202)
    tenancy.tenant.answer(ADA, made["id"], "accepted")
    tenancy.tenant.answer(BEN, made["id"], "declined", day=date(2027, 4, 13), send_reply=False)
    tenancy.tenant.book_appointment(BEN, plan("2027-03-01T09:00", "2027-03-01T10:00"))
    tenancy.tenant.join(ADA, made["onlineMeeting"]["joinUrl"])
    return str(made["id"])


async def test_a_reopened_state_goes_on_where_it_was(tmp_path: Path) -> None:
    path = tmp_path / "tenant.sqlite"
    before = open_tenancy(path, seed=5)
    event_id = await lived_in(before)
    window = (datetime(2027, 1, 1, tzinfo=UTC), datetime(2027, 12, 31, tzinfo=UTC))
    span = ("2027-03-01T00:00:00", "2027-04-20T00:00:00")
    schedule = await busy(before, BEN, *span)
    seen = before.tenant.occurrences_of(BEN, *window)
    events, mails = before.tenant.events_of(PROGRAM), before.tenant.mail_log
    calls, joins = list(before.tenant.calls), before.tenant.joins
    before.tenant.close()

    after = open_tenancy(path, seed=99)
    assert after.tenant.id == before.tenant.id
    assert after.tenant.events_of(PROGRAM) == events
    assert after.tenant.occurrences_of(BEN, *window) == seen
    assert after.tenant.mail_log == mails
    assert after.tenant.joins == joins
    assert after.tenant.calls[: len(calls)] == calls
    assert await busy(after, BEN, *span) == schedule
    refused = await after.ask("POST", EVENTS, series(ADA, transactionId="t"), 409)
    assert refused["error"]["@event.existingEventId"] == event_id
    assert (await after.book(ADA))["id"] != event_id


_KILLED = """
import asyncio, os, signal, sys
from tests.simulator.tenancy import ADA, open_tenancy

async def main():
    tenancy = open_tenancy(sys.argv[1])
    for number in range(20):
        made = await tenancy.book(ADA, transactionId=str(number))
        print(made["id"], flush=True)
    os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""


def test_what_was_answered_survives_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "tenant.sqlite"
    killed = subprocess.run(  # noqa: S603 - our own interpreter and script
        [sys.executable, "-c", _KILLED, str(path)],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    answered = killed.stdout.split()
    assert len(answered) == 20
    tenant = open_tenancy(path).tenant
    assert [event.id for event in tenant.events_of(PROGRAM)] == answered
    assert len(tenant.mail_log) == 20
    tenant.close()


async def answers(seed: int) -> list[bytes]:
    """Every byte a tenant answers to a fixed row of calls, headers included."""
    tenancy = open_tenancy(seed=seed)
    window = {"startDateTime": "2027-01-01T00:00:00Z", "endDateTime": "2027-12-31T00:00:00Z"}
    got = []

    async def keep(method: str, path: str, body: object = None, **more: object) -> None:
        answer = await tenancy.client.request(method, GRAPH + path, json=body, **more)  # type: ignore[arg-type]
        got.append(answer.content + repr(answer.headers.multi_items()).encode())

    await keep("POST", EVENTS, series(ADA, BEN))
    event_id = tenancy.tenant.events_of(PROGRAM)[0].id
    await keep("GET", f"{EVENTS}/{event_id}/instances", params=window)
    tenancy.clock.advance(timedelta(minutes=5))
    await keep("PATCH", f"{EVENTS}/{event_id}", {"subject": "x"})
    await keep("GET", f"{EVENTS}/none")
    await keep(
        "POST",
        f"/users/{PROGRAM}/calendar/getSchedule",
        schedule_body(ADA, BEN, start="2027-03-01T00:00:00", end="2027-04-01T00:00:00"),
    )
    await keep("GET", "/users")
    items = [{"id": str(n), "method": "GET", "url": f"/users/{ADA}"} for n in range(9)]
    await keep("POST", "/$batch", {"requests": items})
    assert tenancy.tenant.complaints == []
    return got


async def test_the_same_seed_and_calls_give_the_same_bytes() -> None:
    assert await answers(7) == await answers(7)
    assert await answers(7) != await answers(8)
