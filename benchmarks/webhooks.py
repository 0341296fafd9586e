"""How fast the webhook answers, and whether a burst of ten thousand loses anything.

    python -m benchmarks.webhooks [SECONDS]

A real server on the loopback, in a process of its own, over a real store: SQLite, and PostgreSQL
from its wheel. Posts of one notification each come at 200 a second, on time whether or not the
ones before were answered; the time counts from when a post was to leave. Then 10,000 at once,
each about another pair: every pair has to be due in the end. Prints figures, asserts nothing.
"""

from __future__ import annotations

import asyncio
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import uvicorn

from integrations.bootstrap import build_app
from integrations.ports import Transaction
from integrations.records import (
    Booking,
    Mailbox,
    Pair,
    PairState,
    Participant,
    Program,
    Subscription,
)
from integrations.runtime import Immortal, inline
from integrations.settings import Settings
from integrations.store import SqlStore, upgrade
from integrations.web.app import WEBHOOK_PATH, asgi_app
from integrations.workflows.app import App
from integrations.workflows.looking import comparing
from tests.support.postgres import free_port, running_postgres

PAIRS = 10_000
A_SECOND = 200
CONNECTIONS = 64
STATE = "s" * 64
NOW = datetime(2027, 1, 4, 9, tzinfo=UTC)


def serve(url: str, port: int) -> None:
    """Answer until terminated."""
    values = {
        "TANDEM_STORE_URL": url,
        "TANDEM_TENANT_ID": "firm.example",
        "TANDEM_CLIENT_ID": "11111111-2222-4333-8444-555555555555",
        "TANDEM_CREDENTIAL": "secret",
        "TANDEM_CLIENT_SECRET": "nobody is called",
        "TANDEM_PROGRAM_MAILBOXES": "box@example.com",
    }
    app = build_app(Settings.from_environ(values))

    async def application() -> App:
        return app

    uvicorn.run(
        asgi_app(application),
        host="127.0.0.1",
        port=port,
        log_level="error",
        access_log=False,
        # The connections of this measurement may rest between its parts.
        timeout_keep_alive=600,
    )


def fill(url: str) -> None:
    """Ten thousand pairs with a series each, and a subscription."""
    upgrade(url)

    def put(tx: Transaction) -> None:
        tx.programs.put(Program(id="prog", name="Reverse mentoring", zone="UTC"))
        tx.mailboxes.put(Mailbox(id="box", address="box@example.com"))
        people = [
            Participant(id=name, directory_id=name, mail=f"{name}@example.com", name=name)
            for name in ("mia", "sam")
        ]
        tx.participants.put_many(people)
        tx.pairs.put_many([_pair(number) for number in range(PAIRS)])
        tx.bookings.put_many([_booking(number) for number in range(PAIRS)])
        tx.subscriptions.put(
            Subscription(
                id="sub",
                mailbox_id="box",
                client_state=STATE,
                expires_at=NOW + timedelta(days=6),
                created_at=NOW,
            )
        )

    _in_store(url, put)


def _pair(number: int) -> Pair:
    return Pair(
        id=f"p{number}",
        program_id="prog",
        mentor_id="mia",
        mentee_id="sam",
        start_date=date(2027, 1, 11),
        state=PairState.BOOKED,
        mailbox_id="box",
    )


def _booking(number: int) -> Booking:
    return Booking(
        pair_id=f"p{number}",
        generation=1,
        mailbox_id="box",
        event_id=_event(number),
        ical_uid="uid",
        etag="1",
        zone="UTC",
        join_url=None,
        booked_at=NOW,
    )


def _event(number: int) -> str:
    # As long as an immutable id is.
    return f"AAkALgAAAAAAHYQDEapmEc2byACqAC{number:0>88}="


def _in_store(url: str, work: object) -> object:
    store = SqlStore(url, offload=inline, life=Immortal())
    try:
        return asyncio.run(store.run(work))  # type: ignore[arg-type]
    finally:
        store.engine.dispose()


def _request(number: int) -> bytes:
    event = _event(number)
    entry = {
        "subscriptionId": "sub",
        "subscriptionExpirationDateTime": "2027-01-10T08:00:00Z",
        "clientState": STATE,
        "tenantId": "84bd8158-6d4d-4958-8b9f-9d6445542f95",
        "changeType": "updated",
        "resource": f"Users/box/Events/{event}",
        "resourceData": {"@odata.type": "#Microsoft.Graph.Event", "@odata.etag": "x", "id": event},
    }
    body = json.dumps({"value": [entry]}).encode()
    head = f"POST {WEBHOOK_PATH} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


class Lines:
    """Connections that are kept open; a client library would cost more than the server."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._free: asyncio.LifoQueue[tuple[asyncio.StreamReader, asyncio.StreamWriter]]
        self._free = asyncio.LifoQueue()
        self.statuses: Counter[int] = Counter()

    async def open(self) -> None:
        """Open them all."""
        for _ in range(CONNECTIONS):
            self._free.put_nowait(await asyncio.open_connection("127.0.0.1", self._port))

    async def close(self) -> None:
        """Close them all."""
        while not self._free.empty():
            _, writer = self._free.get_nowait()
            writer.close()
            await writer.wait_closed()

    async def post(self, request: bytes, due: float) -> float:
        """Milliseconds from ``due`` until the answer was there."""
        reader, writer = await self._free.get()
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        self._free.put_nowait((reader, writer))
        self.statuses[int(head.split(b" ", 2)[1])] += 1
        return (time.perf_counter() - due) * 1000


async def steady(lines: Lines, seconds: float) -> list[float]:
    """Answer times of posts at an even rate; they concern every pair in turn."""
    began, tasks = time.perf_counter(), []
    for number in range(int(seconds * A_SECOND)):
        due = began + number / A_SECOND
        await asyncio.sleep(due - time.perf_counter())
        tasks.append(asyncio.create_task(lines.post(_request(number * 37 % 500), due)))
    return list(await asyncio.gather(*tasks))


async def burst(lines: Lines) -> float:
    """Seconds until ten thousand posts that came at once are answered."""
    began = time.perf_counter()
    await asyncio.gather(*(lines.post(_request(n), began) for n in range(PAIRS)))
    return time.perf_counter() - began


async def _measured(port: int, seconds: float) -> tuple[list[float], float, Counter[int]]:
    lines = Lines(port)
    await lines.open()
    await steady(lines, 1)
    times = await steady(lines, seconds)
    took = await burst(lines)
    await lines.close()
    return times, took, lines.statuses


def _wait_for(port: int) -> None:
    for _ in range(200):
        try:
            asyncio.run(_knock(port))
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError("the server did not come up")


async def _knock(port: int) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.close()
    await writer.wait_closed()


def measure(name: str, url: str, seconds: float) -> None:
    """Fill a store, serve it, post to it, and print what came of that."""
    fill(url)
    port = free_port()
    # This very program, with an address of ours.
    server = subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "benchmarks.webhooks", "serve", url, str(port)]
    )
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    try:
        _wait_for(port)
        times, took, statuses = asyncio.run(_measured(port, seconds))
    finally:
        server.terminate()
        server.wait()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    due = _in_store(url, lambda tx: tx.work.count()[(comparing.KIND, "open")])
    cuts = statistics.quantiles(times, n=100)
    print(
        f"{name:10} {cuts[49]:7.1f} {cuts[98]:7.1f} {max(times):7.1f} {took:8.1f}"
        f" {due:>7} {cpu:7.1f}   {dict(statuses)}"
    )


def main(arguments: Sequence[str]) -> None:
    """Serve, or measure both stores."""
    if arguments[:1] == ["serve"]:
        serve(arguments[1], int(arguments[2]))
        return
    seconds = float(arguments[0]) if arguments else 15.0
    print(f"{A_SECOND} posts a second for {seconds:.0f} s, then {PAIRS} at once")
    print(
        f"{'store':10} {'p50 ms':>7} {'p99 ms':>7} {'max ms':>7} {'burst s':>8}"
        f" {'due':>7} {'CPU s':>7}   answers"
    )
    with tempfile.TemporaryDirectory() as folder:
        measure("SQLite", f"sqlite:///{Path(folder) / 'store.sqlite'}", seconds)
    with running_postgres() as postgres, postgres.database() as database:
        measure("PostgreSQL", postgres.url(database), seconds)


if __name__ == "__main__":
    main(sys.argv[1:])
