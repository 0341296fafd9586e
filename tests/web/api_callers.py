"""Callers of the JSON API: tokens of the simulated tenant, and requests that bear them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from typing import Any

import httpx

from integrations.api_client import ApiClient
from integrations.web.app import asgi_app
from integrations.workflows.app import App
from simulator.bad_tokens import spoilt
from simulator.behaviour import IdTokens
from simulator.directory import User
from simulator.tenant import Tenant
from simulator.transport import TenantTransport
from simulator.virtual_time import virtual_now
from tests.support.world import CLIENT, World
from tests.web.support import ORIGIN

AUTHORITY = "https://login.firm.example"
ROOT = "/api/v1"
_KEYS = count(1)


def token_of(
    world: World,
    account: str,
    *,
    is_app: bool = False,
    roles: tuple[str, ...] = (),
    fault: IdTokens = "right",
    **claims: Any,
) -> str:
    """An access token for Tandem as Entra's v2.0 endpoint gives it; None leaves a claim out."""
    now = int(virtual_now().timestamp())
    kind = {"idtyp": "app", "sub": account} if is_app else {"scp": "access_as_user", "sub": "s"}
    told: dict[str, Any] = {
        "aud": CLIENT,
        "iss": world.tenant.sign_in.issuer(AUTHORITY),
        "tid": world.tenant.sign_in.tenant_id,
        "oid": account,
        "iat": now,
        "nbf": now,
        "exp": now + 3_599,
        "ver": "2.0",
        "azp": "22222222-2222-4333-8444-555555555555",
        **kind,
        **({"roles": list(roles)} if roles else {}),
        **claims,
    }
    present = {name: value for name, value in told.items() if value is not None}
    return spoilt(present, fault, world.tenant.sign_in, world.tenant.mint)


def employ(tenant: Tenant, account: str, mail: str) -> None:
    """Have the directory know an account that is in no pair."""
    user = User(
        id=account,
        mail=mail,
        name="Somebody",
        title="",
        office="",
        zone="UTC",
        workdays=("monday",),
        hours=("09:00", "17:00"),
        mailbox="missing",
    )
    tenant.directory.save(user)


def serving(app: App) -> TenantTransport:
    """One process that answers for an application; callers of the same one share its limits."""

    async def opened() -> App:
        return app

    return TenantTransport(asgi_app(opened))


@dataclass
class Caller:
    """A program that calls the API with one token."""

    app: App
    token: str | None
    transport: httpx.AsyncBaseTransport | None = None
    client: httpx.AsyncClient = field(init=False)

    def __post_init__(self) -> None:
        self.transport = self.transport or serving(self.app)
        bearer = {"Authorization": f"Bearer {self.token}"} if self.token is not None else {}
        self.client = httpx.AsyncClient(transport=self.transport, base_url=ORIGIN, headers=bearer)

    async def ask(
        self, method: str, path: str, body: Any = None, *, key: str | None = None, **more: Any
    ) -> httpx.Response:
        """A request below the root; one that changes something has a key of its own if none is
        named."""
        headers = more.pop("headers", {})
        if method != "GET":
            headers = {"Idempotency-Key": key or f"key-{next(_KEYS)}", **headers}
            if "content" not in more:
                more["json"] = {} if body is None else body
        return await self.client.request(method, ROOT + path, headers=headers, **more)

    async def get(self, path: str, **query: Any) -> Any:
        """What is answered to reading, which has to go well."""
        answer = await self.ask("GET", path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def post(self, path: str, body: Any = None, *, key: str | None = None) -> Any:
        """What is answered to an act, which has to go well."""
        answer = await self.ask("POST", path, body, key=key)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def typed(self) -> ApiClient:
        """The typed client with this token."""

        async def token() -> str:
            return self.token or ""

        async def sleep(seconds: float) -> None:
            await self.app.clock.sleep(timedelta(seconds=seconds))

        return ApiClient(ORIGIN, token, transport=self.transport, sleep=sleep)


def problem_of(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The problem that an answer is, which has to be of this kind."""
    assert answer.status_code == status, (answer.status_code, answer.text)
    assert answer.headers["content-type"] == "application/problem+json"
    found: dict[str, Any] = answer.json()
    assert (found["code"], found["status"]) == (code, status)
    assert found["type"] == f"urn:tandem:problem:{code}"
    assert found["title"]
    assert found["remedy"]
    return found
