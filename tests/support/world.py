"""A firm, its simulated tenant and Tandem in one thread and one pretended time.

``World`` outlives the incarnations of Tandem in it: a test may let one die and begin another.
"""

from __future__ import annotations

import functools
import itertools
import os
import shutil
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import httpx

from integrations.bootstrap import Surroundings, build_app, build_worker
from integrations.ports import Transaction
from integrations.records import Session, SessionState
from integrations.runtime import Death, EventLog, Incarnation, LoopClock, inline
from integrations.settings import Settings
from integrations.workflows.app import App
from integrations.workflows.booking import launching
from integrations.workflows.enrolment.enrol import enrol
from integrations.workflows.planning.plan import plan_enrolled
from simulator.asgi import application
from simulator.firm import make_firm
from simulator.people import Firm
from simulator.registration import AppRegistration, Secret
from simulator.roster import roster_csv
from simulator.tenant import Tenant
from simulator.transport import TenantHttpClient, TenantTransport
from simulator.virtual_time import run_virtually, virtual_now

# A Monday; the programs of the invented firms begin a week later.
START = datetime(2027, 1, 4, 14, tzinfo=UTC)
# Behaviours of scale are shown with this many pairs; `make test-large` shows them with 500.
MANY = int(os.environ.get("PAIRS", "50"))
CLIENT = "11111111-2222-4333-8444-555555555555"
SECRET = "between us"

P = ParamSpec("P")
T = TypeVar("T")


def virtually(test: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, T]:
    """Run an asynchronous test on a loop whose clock jumps, beginning at ``START``."""

    @functools.wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        return run_virtually(START, test(*args, **kwargs))

    return run


@dataclass
class World:
    """Everything outside Tandem, and how to begin a Tandem in it.

    ``receiver`` takes what the outbound webhook sends, if the settings name one.
    """

    tenant: Tenant
    firm: Firm
    store_file: Path
    log: EventLog = field(default_factory=EventLog)
    seed: int = 1
    born: int = 0
    receiver: httpx.AsyncBaseTransport | None = None

    @property
    def store_url(self) -> str:
        """The address of the program store, which outlives every incarnation."""
        return f"sqlite:///{self.store_file}?synchronous=off"

    def settings(self, **over: str) -> Settings:
        """Settings pointing to the tenant; ``over`` names fields in lower case."""
        values = {
            "store_url": self.store_url,
            "tenant_id": self.tenant.id,
            "client_id": CLIENT,
            "authority": "https://login.firm.example",
            "credential": "secret",
            "client_secret": SECRET,
            "program_mailboxes": ",".join(box.mail for box in self.firm.program_mailboxes),
            "mails_per_minute": "0",
            "nightly_doctor": "off",
            **over,
        }
        return Settings.from_environ({f"TANDEM_{k.upper()}": v for k, v in values.items() if v})

    async def begin(self, *, dies_at: int | None = None, **over: str) -> App:
        """A new incarnation of Tandem; it dies at the ``dies_at``-th point it passes."""
        return await (await self.build(dies_at=dies_at, **over)).open()

    async def build(self, *, dies_at: int | None = None, **over: str) -> App:
        """A new incarnation that has not looked at its store yet."""
        self.born += 1
        around = Surroundings(
            clock=LoopClock(virtual_now()),
            life=Incarnation(self.log, dies_at=dies_at),
            offload=inline,
            seed=self.seed * 1000 + self.born,
            transport=self.transport,
            token_http_client=self.token_http_client,
            outbound_transport=self.receiver,
            resolve=_resolved,
        )
        return build_app(self.settings(**over), around)

    @property
    def transport(self) -> TenantTransport:
        """The way to the tenant for httpx."""
        return TenantTransport(application(self.tenant))

    @property
    def token_http_client(self) -> TenantHttpClient:
        """The way to the tenant's sign-in for msal."""
        return TenantHttpClient(application(self.tenant))

    @property
    def roster(self) -> bytes:
        """The firm's roster."""
        return roster_csv(self.firm).encode()

    async def read(self, look: Callable[[Transaction], T]) -> T:
        """Look into the store with eyes that never die."""
        from integrations.runtime import Immortal
        from integrations.store.store import SqlStore

        store = SqlStore(self.store_url, offload=inline, life=Immortal())
        try:
            return await store.run(look)
        finally:
            await store.close()

    def mails_by_kind(self) -> Counter[str]:
        """What the tenant sent."""
        return Counter(mail.kind for mail in self.tenant.mail_log)


_NUMBERS = itertools.count(1)


@dataclass(frozen=True)
class Empty:
    """What a new world is made from: an empty store to copy, and a folder to copy it to."""

    template: Path
    folder: Path

    def world(self, firm: Firm, *, seed: int = 1) -> World:
        """A world with this firm and an empty store; to be called inside a virtual loop."""
        tenant = Tenant.open(":memory:", virtual_now, seed, sign_in_clock=virtual_now)
        tenant.take_in(firm)
        tenant.register_app(least_rights(firm))
        file = self.new_file(f"world-{seed}")
        shutil.copy(self.template, file)
        return World(tenant, firm, file, seed=seed)

    def new_file(self, stem: str) -> Path:
        """A name that no world had before.

        Beside the file of one that died SQLite's log may lie for a while, and would be taken for
        that of another file of the same name.
        """
        return self.folder / f"{stem}-{next(_NUMBERS)}.sqlite"


def least_rights(firm: Firm, *, reads_reports: bool = False) -> AppRegistration:
    """The app with the least rights the product asks for.

    ``reads_reports`` where a program's evidence is Teams': nobody else grants the right to them.
    """
    boxes = frozenset(box.mail for box in firm.program_mailboxes)
    people = frozenset(person.mail for person in firm.people)
    reports = {"OnlineMeetingArtifact.Read.All": None} if reads_reports else {}
    return AppRegistration(
        CLIENT,
        {
            "Calendars.ReadWrite": boxes,
            # A subscription asks for the right to read by its own name.
            "Calendars.Read": boxes,
            "Mail.Send": boxes,
            "MailboxSettings.Read": boxes | people,
            "User.Read.All": None,
            "OnlineMeetings.Read.All": None,
            **reports,
        },
        secrets=(Secret(SECRET),),
        teams_organizers=frozenset(box.id for box in firm.program_mailboxes),
    )


@functools.cache
def firm_of(pairs: int, *, seed: int = 1, troubles: bool = False) -> Firm:
    """An invented firm; made once per size and seed."""
    return make_firm(pairs, seed, date(2027, 1, 11), troubles=troubles)


async def enrolled(world: World, app: App) -> None:
    """The roster imported and every pair planned."""
    await enrol(app, world.roster)
    await plan_enrolled(app)


async def book_all(app: App) -> None:
    """Launch every planned pair and work until nothing is left that could be done."""
    await launching.launch(app)
    await build_worker(app).run(until_quiet=True, progress=quietly)


async def work_until(app: App, until: datetime, kinds: Sequence[str] = ()) -> None:
    """Let Tandem's loop do due work until an instant; none named means all kinds.

    Nobody writes to the store meanwhile but this app: it need not be asked every half minute.
    """
    app.options = replace(app.options, poll=timedelta(days=1))
    await build_worker(app).run(until_quiet=False, progress=quietly, kinds=kinds, until=until)


async def quietly() -> None:
    """Nobody watches the progress."""


async def _resolved(host: str, port: int) -> list[str]:
    """Every name is known under one public address."""
    return ["93.184.216.34"]


async def dies(doing: Awaitable[object]) -> bool:
    """Whether the incarnation died of it."""
    try:
        await doing
    except Death:
        return True
    return False


def standing(sessions: list[Session]) -> list[Session]:
    """The sessions that are to be in the calendars."""
    return [session for session in sessions if session.state is SessionState.SCHEDULED]


def later(hours: float) -> timedelta:
    """A length of time."""
    return timedelta(hours=hours)
