"""A Graph adapter in front of scripted answers: real store, real msal, pretended time."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from random import Random
from typing import Any, TypeVar

import httpx
import respx

from integrations.graph.graph import GraphAdapter, open_graph
from integrations.graph.settings import AppCredential, GraphSettings, SecretCredential
from integrations.ports import Life
from integrations.runtime import Immortal, LoopClock, inline
from integrations.store import SqlStore, upgrade
from scheduling.timespan import TimeSpan
from simulator.virtual_time import run_virtually, virtual_now

T = TypeVar("T")

START = datetime(2026, 9, 7, 8, tzinfo=UTC)
BASE = "https://graph.example/v1.0"
MAILBOX = "6f0e5c1a-0000-4000-8000-00000000000a"
OTHER_MAILBOX = "6f0e5c1a-0000-4000-8000-00000000000b"
PERSON = "11111111-2222-4333-8444-555555555555"
CANARY = "Privileged: Aldermoor v Castellan"
"""Stands wherever an answer may hold a title; must never be seen on our side of the parser."""


TRIAL_SECRET = SecretCredential(secret="s3cret")


@dataclass
class Desk:
    """Entra's token endpoint, as msal's http client: hands out token-1, token-2, ..."""

    lifetime: int = 3600
    refuse: dict[str, Any] | None = None
    broken: bool = False
    asked: list[dict[str, str]] = field(default_factory=list)
    _serial: Iterator[int] = field(default_factory=lambda: count(1))

    def get(self, url: str, **_: Any) -> Reply:
        self._stumble()
        root = url.partition("/v2.0/")[0]
        return Reply(
            200,
            {
                "issuer": f"{root}/v2.0",
                "authorization_endpoint": f"{root}/oauth2/v2.0/authorize",
                "token_endpoint": f"{root}/oauth2/v2.0/token",
            },
        )

    def post(self, url: str, *, data: dict[str, str] | None = None, **_: Any) -> Reply:
        self._stumble()
        self.asked.append(dict(data or {}))
        if self.refuse is not None:
            return Reply(400, self.refuse)
        token = f"token-{next(self._serial)}"
        return Reply(
            200, {"token_type": "Bearer", "access_token": token, "expires_in": self.lifetime}
        )

    def close(self) -> None: ...

    def _stumble(self) -> None:
        if self.broken:
            raise ConnectionError("no route")


class Reply:
    """The part of a requests.Response that msal reads."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        self.status_code, self.text = status, json.dumps(body)
        self.headers = {"Content-Type": "application/json"}

    def raise_for_status(self) -> None:
        assert self.status_code < 400


@dataclass
class World:
    """What a scenario works with; ``sent`` holds (moment, request) of everything that left."""

    graph: GraphAdapter
    router: respx.MockRouter
    store: SqlStore
    clock: LoopClock
    desk: Desk
    sent: list[tuple[datetime, httpx.Request]]

    def moments(self) -> list[float]:
        """Seconds from the start at which calls left."""
        return [(moment - START).total_seconds() for moment, _ in self.sent]


class _Recording(httpx.AsyncBaseTransport):
    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self.inner = inner
        self.sent: list[tuple[datetime, httpx.Request]] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.sent.append((virtual_now(), request))
        return await self.inner.handle_async_request(request)


@dataclass(frozen=True, kw_only=True)
class Circumstances:
    """How the adapter of a scenario is set up."""

    credential: AppCredential = TRIAL_SECRET
    read_only: bool = False
    own_mailbox_reads: bool = False
    life: Life = field(default_factory=Immortal)


def in_world(
    folder: Path,
    scenario: Callable[[World], Awaitable[T]],
    circumstances: Circumstances | None = None,
) -> T:
    """Play ``scenario`` in pretended time that starts at ``START``."""
    given = circumstances or Circumstances()
    url = f"sqlite:///{folder / 'store.db'}"
    upgrade(url)

    async def play() -> T:
        clock = LoopClock(START)
        clock.now()
        router = respx.MockRouter(base_url=BASE, assert_all_called=False)
        transport = _Recording(httpx.MockTransport(router.async_handler))
        desk = Desk()
        with opened_store(url, given.life) as store:
            graph = open_graph(
                graph_settings(given),
                store=store,
                clock=clock,
                life=given.life,
                offload=inline,
                chance=Random(7),
                read_only=lambda: given.read_only,
                transport=transport,
                token_http_client=desk,
            )
            world = World(graph, router, store, clock, desk, transport.sent)
            try:
                return await scenario(world)
            finally:
                await graph.close()

    return run_virtually(START, play())


def graph_settings(given: Circumstances | None = None) -> GraphSettings:
    """Settings for two program mailboxes at a server that does not exist."""
    given = given or Circumstances()
    return GraphSettings(
        tenant_id="7b3c1c1e-0000-4000-8000-000000000001",
        client_id="7b3c1c1e-0000-4000-8000-000000000002",
        credential=given.credential,
        program_mailboxes=lambda: (MAILBOX, OTHER_MAILBOX),
        base_url=BASE,
        authority="https://login.example",
        own_mailbox_reads=given.own_mailbox_reads,
    )


@contextmanager
def opened_store(url: str, life: Life) -> Iterator[SqlStore]:
    """The store at ``url``, closed at the end."""
    store = SqlStore(url, offload=inline, life=life)
    try:
        yield store
    finally:
        store.engine.dispose()


def span(start: datetime, days: float) -> TimeSpan:
    return TimeSpan(start, start + timedelta(days=days))


def utc(value: datetime) -> dict[str, str]:
    """A moment as an answer holds it."""
    return {"dateTime": f"{value:%Y-%m-%dT%H:%M:%S}.0000000", "timeZone": "UTC"}


def entry(mail: str, *items: tuple[datetime, datetime, str], **more: Any) -> dict[str, Any]:
    """One person's part of a getSchedule answer, with titles nobody may see."""
    return {
        "scheduleId": mail,
        "availabilityView": "0" * 8,
        "scheduleItems": [
            {
                "start": utc(start),
                "end": utc(end),
                "status": status,
                "subject": CANARY,
                "location": CANARY,
                "isPrivate": True,
            }
            for start, end, status in items
        ],
        **more,
    }


def graph_error(code: str, **more: Any) -> dict[str, Any]:
    """An error body as Graph writes it."""
    return {
        "error": {
            "code": code,
            "message": CANARY,
            "innerError": {"request-id": "r-1", "date": "2026-09-07T08:00:00"},
            **more,
        }
    }


def event(
    start: datetime, event_id: str = "event-1", kind: str = "seriesMaster", **more: Any
) -> dict[str, Any]:
    """An event of a program mailbox as an answer holds it, an hour long."""
    return {
        "@odata.etag": 'W/"key-1"',
        "id": event_id,
        "iCalUId": f"ical-{event_id}",
        "type": kind,
        "subject": CANARY,
        "body": {"contentType": "html", "content": CANARY},
        "location": {"displayName": CANARY},
        "start": utc(start),
        "end": utc(start + timedelta(hours=1)),
        "isCancelled": False,
        "originalStartTimeZone": "GMT Standard Time",
        "onlineMeeting": {"joinUrl": "https://teams.example/l/19%3ameeting_x%40thread.v2/0"},
        "attendees": [
            {
                "type": "required",
                "emailAddress": {"name": "Ada Byron", "address": "Ada@firm.example"},
                "status": {"response": "None", "time": "0001-01-01T00:00:00Z"},
            }
        ],
        **more,
    }
