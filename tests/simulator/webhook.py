"""An endpoint for notifications that does what a test tells it to, and a tenancy with one."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import httpx

from simulator.clock import AdjustableClock, Clock
from simulator.registration import AppRegistration
from simulator.tenant import Tenant
from tests.simulator.tenancy import (
    ALL_ROLES,
    MONDAY,
    PROGRAM,
    Tenancy,
    firm,
    registration,
    signed_in,
)

HOOK = "https://tandem.firm.example/graph/notifications?firm=1"
LIFECYCLE = "https://tandem.firm.example/graph/lifecycle"
STATE = "only we know"


@dataclass
class Webhook(httpx.AsyncBaseTransport):
    """Takes every notification; ``statuses`` and ``delays`` are those of the next answers.

    ``echo`` is what the handshake answers with; None: the decoded token.
    """

    statuses: list[int] = field(default_factory=list)
    delays: list[float] = field(default_factory=list)
    echo: str | None = None
    media_type: str = "text/plain; charset=utf-8"
    status: int = 202
    handshakes: list[httpx.URL] = field(default_factory=list)
    posts: list[tuple[str, list[dict[str, Any]]]] = field(default_factory=list)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self.delays:
            await asyncio.sleep(self.delays.pop(0))
        asked = parse_qs(request.url.query.decode(), keep_blank_values=True)
        if "validationToken" in asked:
            self.handshakes.append(request.url)
            text = asked["validationToken"][0] if self.echo is None else self.echo
            status = self.statuses.pop(0) if self.statuses else 200
            return httpx.Response(status, text=text, headers={"Content-Type": self.media_type})
        status = self.statuses.pop(0) if self.statuses else self.status
        if status == 0:
            raise httpx.ConnectError("nobody listens", request=request)
        self.posts.append((str(request.url), json.loads(request.content)["value"]))
        return httpx.Response(status)

    @property
    def heard(self) -> list[dict[str, Any]]:
        """Every notification that arrived, in order of arrival."""
        return [one for _, batch in self.posts for one in batch]

    def said(self, name: str = "changeType") -> list[str]:
        """One member of every notification that has it."""
        return [one[name] for one in self.heard if name in one]


def subscriber(scope: frozenset[str] | None = None) -> AppRegistration:
    """The app with the right to read that subscriptions need."""
    return registration({**ALL_ROLES, "Calendars.Read": scope})


def open_with(
    webhook: Webhook, state: str | Path = ":memory:", *, clock: Clock | None = None, **more: Any
) -> Tenancy:
    """A tenancy whose tenant can reach the webhook; its token never runs out.

    ``clock`` is the tenant's where the tenancy's own is not to be.
    """
    own = AdjustableClock(more.get("now", MONDAY))
    tenant = Tenant.open(
        state, clock or own, more.get("seed", 1), sign_in_clock=lambda: MONDAY, outbound=webhook
    )
    if tenant.directory.find(PROGRAM) is None:
        tenant.take_in(firm())
    tenant.register_app(subscriber())
    return Tenancy(tenant, own, signed_in(tenant))


def wish(tenancy: Tenancy, **changes: Any) -> dict[str, Any]:
    """The body that subscribes to the program mailbox for three days; None leaves out."""
    body = {
        "changeType": "created,updated,deleted",
        "resource": f"/users/{PROGRAM}/events",
        "notificationUrl": HOOK,
        "lifecycleNotificationUrl": LIFECYCLE,
        "expirationDateTime": later(tenancy, days=3),
        "clientState": STATE,
        **changes,
    }
    return {name: value for name, value in body.items() if value is not None}


def later(tenancy: Tenancy, **length: float) -> str:
    """An instant as Graph writes it, so long from now."""
    return (tenancy.tenant.clock() + timedelta(**length)).isoformat().replace("+00:00", "Z")


async def subscribe(tenancy: Tenancy, **changes: Any) -> dict[str, Any]:
    """A subscription as created."""
    made: dict[str, Any] = await tenancy.ask(
        "POST", "/subscriptions", wish(tenancy, **changes), 201
    )
    return made


async def listed(tenancy: Tenancy) -> list[dict[str, Any]]:
    """Every subscription of the app, over all pages."""
    found: list[dict[str, Any]] = []
    path = "/subscriptions"
    while path:
        page: Mapping[str, Any] = await tenancy.ask("GET", path)
        found += page["value"]
        path = page.get("@odata.nextLink", "").partition("/v1.0")[2]
    return found


def instant(text: str) -> datetime:
    """An instant Graph wrote."""
    return datetime.fromisoformat(text).astimezone(UTC)
