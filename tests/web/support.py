"""People at Tandem's pages, with a browser that keeps cookies and follows no redirect itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import httpx

from integrations.page_records import StaffMember, StaffRole
from integrations.ports import DirectoryUser, Identity
from integrations.web import sessions
from integrations.web.access import ADMINISTRATOR
from integrations.web.app import asgi_app
from integrations.workflows.app import App
from simulator.transport import TenantTransport

ORIGIN = "https://tandem.firm.example"
KEYS = "0123456789abcdef0123456789abcdef"
"""``world.begin(public_url=ORIGIN, signing_keys=KEYS)`` is a Tandem that people can sign in to."""


@dataclass
class Visitor:
    """Somebody with a browser. ``get`` and ``post`` do not follow redirects.

    A form is sent as a browser does from one of our own pages, unless ``from_site`` says
    otherwise (a value of ``Sec-Fetch-Site``).
    """

    app: App
    client: httpx.AsyncClient = field(init=False)

    def __post_init__(self) -> None:
        async def opened() -> App:
            return self.app

        self.client = httpx.AsyncClient(
            transport=TenantTransport(asgi_app(opened)), base_url=ORIGIN
        )

    async def get(self, path: str, **headers: str) -> httpx.Response:
        """Open a page."""
        return await self.client.get(path, headers=headers)

    async def post(
        self,
        path: str,
        data: dict[str, Any] | None = None,
        *,
        files: dict[str, Any] | None = None,
        from_site: str = "same-origin",
    ) -> httpx.Response:
        """Send a form."""
        headers = {"Sec-Fetch-Site": from_site}
        return await self.client.post(path, data=data or {}, files=files, headers=headers)

    async def send(self, path: str, data: dict[str, Any] | None = None) -> httpx.Response:
        """Send a form and open the page it leads to, as a browser does."""
        answer = await self.post(path, data)
        assert answer.status_code == 303, (answer.status_code, answer.text[-2000:])
        return await self.get(answer.headers["location"])


async def signed_in(
    app: App, account: str, *, mail: str = "", name: str = "", administrator: bool = False
) -> Visitor:
    """Somebody whose session stands in the store already; ``account`` is the directory's id."""
    roles = (ADMINISTRATOR,) if administrator else ()
    identity = Identity(directory_id=account, roles=roles)
    user = DirectoryUser(
        id=account,
        mail=mail or f"{account}@firm.example",
        name=name or "Somebody",
        enabled=True,
        guest=False,
    )
    now = app.clock.now()
    key = await app.store.run(lambda tx: sessions.begin(tx, identity, user, app.secrets, now))
    visitor = Visitor(app)
    visitor.client.cookies.set(sessions.COOKIE, key, domain="tandem.firm.example")
    return visitor


async def staff(
    app: App, program_id: str, account: str, role: StaffRole = StaffRole.COORDINATOR
) -> None:
    """Make an account coordinator or sponsor of a program."""
    member = StaffMember(
        program_id=program_id,
        directory_id=account,
        role=role,
        mail=f"{account}@firm.example",
        name="Somebody",
        added_at=app.clock.now(),
        added_by="test",
    )
    await app.store.run(lambda tx: tx.staff.put(member))


async def coordinator(app: App, program_id: str, account: str = "coordinator") -> Visitor:
    """A coordinator of a program, signed in."""
    await staff(app, program_id, account)
    return await signed_in(app, account, name="Cora Coordinator")


async def participant(app: App, person_id: str) -> Visitor:
    """One of a program's people, signed in."""
    person = await app.store.run(lambda tx: tx.participants.require(person_id))
    return await signed_in(app, person.directory_id, mail=person.mail, name=person.name)
