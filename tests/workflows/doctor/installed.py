"""An installation that doctor finds nothing wrong with, to be broken in one place."""

from __future__ import annotations

import shutil
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from integrations.bootstrap import build_worker
from integrations.web.app import WEBHOOK_PATH, asgi_app
from integrations.workflows.app import App
from integrations.workflows.doctor import Check, Finding, examine
from integrations.workflows.enrolment.enrol import enrol
from integrations.workflows.planning.plan import plan_enrolled
from simulator.registration import AppRegistration
from simulator.tenant import Tenant
from simulator.transport import TenantTransport
from simulator.virtual_time import run_virtually, virtual_now
from tests.support.world import CLIENT, START, World, book_all, firm_of, least_rights

WEBHOOK = f"https://tandem.example{WEBHOOK_PATH}"


@dataclass
class Installed:
    """A firm with two booked pairs. ``over`` are settings the next Tandem has besides."""

    world: World
    over: dict[str, str]

    async def examined(self) -> dict[str, Check]:
        """What doctor finds, by code; of several of one code the worst."""
        app = await self.world.build(dies_at=None, **self.over)
        try:
            return worst(await examine(app, build_worker(app)))
        finally:
            await app.close()

    def grant(self, **changes: object) -> None:
        """Register the app anew with other rights: by role, None takes one away."""
        app = self.world.tenant.sign_in.apps[CLIENT]
        self.world.tenant.register_app(replace(app, **changes))  # type: ignore[arg-type]

    def roles(self, changed: Mapping[str, frozenset[str] | None]) -> None:
        """Grant these roles as well, or with this scope instead."""
        self.grant(roles={**self.registration.roles, **changed})

    def without(self, role: str) -> None:
        """Take a role away."""
        self.grant(roles={r: s for r, s in self.registration.roles.items() if r != role})

    @property
    def registration(self) -> AppRegistration:
        """The app as it is registered."""
        return self.world.tenant.sign_in.apps[CLIENT]

    @property
    def boxes(self) -> frozenset[str]:
        """Addresses of the program mailboxes."""
        return frozenset(box.mail for box in self.world.firm.program_mailboxes)

    @property
    def box(self) -> str:
        """The address of the one whose pairs are booked."""
        return min(self.boxes)


def worst(checks: list[Check]) -> dict[str, Check]:
    """By code; of several mailboxes the one that is worst."""
    order = [Finding.UNTRIED, Finding.WELL, Finding.WIDER, Finding.MISSING, Finding.WRONG]
    by_code: dict[str, Check] = {}
    for check in sorted(checks, key=lambda check: order.index(check.finding)):
        by_code[check.code] = check
    return by_code


LATER = START + timedelta(minutes=20)
"""When doctor is asked."""


@dataclass(frozen=True)
class Kept:
    """An installation on disk, to be copied and broken."""

    store: Path
    tenant: Path

    def copied(self, folder: Path) -> Installed:
        """A copy of its own, with the tenant opened; to be called inside a virtual loop."""
        store, tenant = (Path(shutil.copy(file, folder)) for file in (self.store, self.tenant))
        world = World(_tenant(tenant), firm_of(2), store)
        app: App | None = None

        async def opened() -> App:
            nonlocal app
            app = app or await world.begin()
            return app

        return _connected(world, opened)


def _tenant(file: Path) -> Tenant:
    return Tenant.open(str(file), virtual_now, 1, sign_in_clock=virtual_now)


def _connected(world: World, opened: Callable[[], Awaitable[App]]) -> Installed:
    world.receiver = world.tenant.outbound = TenantTransport(asgi_app(opened))
    return Installed(world, {"webhook_url": WEBHOOK, "outside_mailbox": _outsider(world)})


def kept_installation(template: Path, folder: Path) -> Kept:
    """Two pairs booked, the mailbox subscribed, the webhook answering."""
    kept = Kept(Path(shutil.copy(template, folder / "store.sqlite")), folder / "tenant.sqlite")
    run_virtually(START, _install(kept))
    return kept


async def _install(kept: Kept) -> None:
    world = World(_tenant(kept.tenant), firm_of(2), kept.store)
    world.tenant.take_in(world.firm)
    world.tenant.register_app(least_rights(world.firm, reads_reports=True))
    app: App | None = None

    async def opened() -> App:
        assert app is not None
        return app

    app = await world.begin(dies_at=None, **_connected(world, opened).over)
    await enrol(app, world.roster)
    await plan_enrolled(app)
    await book_all(app)
    await _subscribe(app)
    await app.close()
    world.tenant.close()


def _outsider(world: World) -> str:
    """Somebody of the firm in no pair."""
    paired = {person for pair in world.firm.pairs for person in (pair.mentor, pair.mentee)}
    return next(p.mail for p in world.firm.people if p.id not in paired and p.enabled)


async def _subscribe(app: App) -> None:
    now = app.clock.now()
    work = await app.store.run(lambda tx: tx.work.schedule("keep_subscriptions", "firm", now))
    await build_worker(app).do(work.id)
