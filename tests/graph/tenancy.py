"""The real client against the simulated tenant, in process and in pretended time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from pathlib import Path
from random import Random
from typing import TypeVar

from integrations.graph.graph import GraphAdapter, open_graph
from integrations.graph.settings import GraphSettings, SecretCredential
from integrations.ports import Life, SeriesDraft
from integrations.runtime import Immortal, LoopClock, inline
from integrations.store import SqlStore, upgrade
from simulator.asgi import application
from simulator.people import Appointment, FirmPerson, Office, ShowAs
from simulator.registration import AppRegistration, Secret
from simulator.tenant import Tenant
from simulator.transport import TenantHttpClient, TenantTransport
from simulator.virtual_time import run_virtually, virtual_now
from tests.graph.world import BASE, START, opened_store

T = TypeVar("T")

LONDON = Office("London", "Europe/London", "GB")
CLIENT = "0d9f1b2e-0000-4000-8000-00000000000c"


def person(number: int, **changes: object) -> FirmPerson:
    """A licensed user of the London office, with nothing in the calendar."""
    plain = FirmPerson(
        id=f"aaaaaaaa-0000-4000-8000-{number:012d}",
        mail=f"person{number}@firm.example",
        name=f"Person {number}",
        office=LONDON,
        title="Associate",
        senior=False,
        hours=(time(9), time(17, 30)),
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def appointment(start: datetime, hours: float, show_as: ShowAs = "busy") -> Appointment:
    """Something with a telling title in the wall clock of London."""
    return Appointment(
        start, start + timedelta(hours=hours), "Europe/London", show_as, "Aldermoor v Castellan"
    )


ORGANIZER = person(0, mail="mentoring@firm.example", name="Mentoring")
NO_TEAMS = person(900, mail="plain@firm.example", mailbox="noTeams")


@dataclass
class Firm:
    """What a scenario works with."""

    tenant: Tenant
    graph: GraphAdapter
    store: SqlStore
    clock: LoopClock

    def calls(self, path: str) -> int:
        """How many calls reached the tenant on a path template."""
        return sum(1 for call in self.tenant.calls if call.path == path)


def in_firm(
    folder: Path,
    people: tuple[FirmPerson, ...],
    scenario: Callable[[Firm], Awaitable[T]],
    *,
    life: Life | None = None,
    roles: dict[str, frozenset[str] | None] | None = None,
) -> T:
    """Play ``scenario`` in a tenant of ``people`` and two program mailboxes.

    The tenant must not have found anything to complain about.
    """
    url = f"sqlite:///{folder / 'store.db'}"
    upgrade(url)
    living = life or Immortal()

    async def play() -> T:
        tenant = Tenant.open(":memory:", clock=virtual_now, seed=3)
        for somebody in (ORGANIZER, NO_TEAMS, *people):
            tenant.add_person(somebody)
        tenant.register_app(_app(roles))
        app = application(tenant)
        clock = LoopClock(START)
        clock.now()
        settings = GraphSettings(
            tenant_id=tenant.id,
            client_id=CLIENT,
            credential=SecretCredential(secret="trial"),
            program_mailboxes=lambda: (ORGANIZER.id, NO_TEAMS.id),
            base_url=BASE,
            authority="https://login.example",
        )
        try:
            with opened_store(url, living) as store:
                graph = open_graph(
                    settings,
                    store=store,
                    clock=clock,
                    life=living,
                    offload=inline,
                    chance=Random(11),
                    transport=TenantTransport(app),
                    token_http_client=TenantHttpClient(app),
                )
                result = await scenario(Firm(tenant, graph, store, clock))
                await graph.close()
                assert tenant.complaints == []
                return result
        finally:
            tenant.close()

    return run_virtually(START, play())


def _app(roles: dict[str, frozenset[str] | None] | None) -> AppRegistration:
    plain: dict[str, frozenset[str] | None] = {
        "User.Read.All": None,
        "MailboxSettings.Read": None,
        "Calendars.ReadWrite": frozenset({ORGANIZER.mail, NO_TEAMS.mail}),
        "Calendars.Read": frozenset({ORGANIZER.mail, NO_TEAMS.mail}),
        "Mail.Send": frozenset({ORGANIZER.mail, NO_TEAMS.mail}),
        "OnlineMeetings.Read.All": None,
    }
    return AppRegistration(
        client_id=CLIENT,
        roles=plain if roles is None else roles,
        secrets=(Secret("trial"),),
        teams_organizers=frozenset({ORGANIZER.id}),
    )


def draft(number: int, *mails: str, **changes: object) -> SeriesDraft:
    """Nine Tuesdays at two in London, from 6 October 2026, over the end of summer time."""
    plain = SeriesDraft(
        subject="Reverse mentoring",
        body_html="<p>Hello</p>",
        zone="Europe/London",
        start=datetime(2026, 10, 6, 14),  # noqa: DTZ001 - the wall clock of the zone
        duration=timedelta(hours=1),
        weekday="tuesday",
        interval_weeks=2,
        occurrences=9,
        attendees=tuple((mail, "") for mail in mails),
        location=None,
        transaction_id=f"pair-{number}/1/1",
        tag=f"pair-{number}/1",
    )
    return replace(plain, **changes)  # type: ignore[arg-type]
