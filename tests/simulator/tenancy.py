"""A small tenant for tests: two offices, four people, a program mailbox and an app."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from simulator.asgi import application
from simulator.clock import AdjustableClock
from simulator.people import Appointment, Firm, FirmPerson, Mailbox, Office
from simulator.registration import AppRegistration, Secret
from simulator.tenant import Tenant
from simulator.transport import TenantHttpClient, TenantTransport

BERLIN = Office("Berlin", "Europe/Berlin", "DE", "BE")
NEW_YORK = Office("New York", "America/New_York", "US", "NY")
MONDAY = datetime(2027, 1, 4, 8, tzinfo=UTC)
GRAPH = "https://graph.microsoft.com/v1.0"
PROPERTY = "String {66f5a359-4659-4830-9070-00040ec6ac6e} Name tandem-pair"
APP = "11111111-2222-4333-8444-555555555555"
SECRET = "between us"
ALL_ROLES: dict[str, frozenset[str] | None] = dict.fromkeys(
    (
        "Calendars.ReadWrite",
        "MailboxSettings.Read",
        "User.Read.All",
        "OnlineMeetings.ReadWrite.All",
    )
)
PROGRAM = "mentoring@firm.example"
ADA, BEN, CAT, GUS = (f"{name}@firm.example" for name in ("ada", "ben", "cat", "gus"))


def person(
    number: int,
    mail: str,
    *appointments: Appointment,
    office: Office = BERLIN,
    mailbox: Mailbox = "licensed",
    guest: bool = False,
) -> FirmPerson:
    """Somebody of the firm whose name is the mail's local part."""
    return FirmPerson(
        id=f"{number:08d}-0000-4000-8000-000000000000",
        mail=mail,
        name=mail.split("@", 1)[0].title(),
        office=office,
        title="Associate",
        senior=False,
        appointments=appointments,
        mailbox=mailbox,
        guest=guest,
    )


def plan(start: str, end: str, show_as: Any = "busy", **more: Any) -> Appointment:
    """An appointment in Berlin, wall-clock times like 2027-03-01T09:00."""
    return Appointment(
        datetime.fromisoformat(start),
        datetime.fromisoformat(end),
        "Europe/Berlin",
        show_as,
        more.pop("subject", "Hearing"),
        **more,
    )


@dataclass
class Tenancy:
    """A tenant, its clock and a client that is signed in."""

    tenant: Tenant
    clock: AdjustableClock
    client: httpx.AsyncClient

    async def ask(
        self, method: str, path: str, body: Any = None, status: int = 200, **more: Any
    ) -> Any:
        """The JSON of an answer that has to have that status."""
        answer = await self.client.request(method, GRAPH + path, json=body, **more)
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None

    async def book(self, *attendees: str, **changes: Any) -> dict[str, Any]:
        """A fortnightly series of the program mailbox, Tuesdays 10:00 in Berlin, as created."""
        made: dict[str, Any] = await self.ask(
            "POST", f"/users/{PROGRAM}/events", series(*attendees, **changes), 201
        )
        return made

    async def instances(self, event_id: str, **more: Any) -> list[dict[str, Any]]:
        """All instances of a series by start."""
        listed = await self.ask(
            "GET",
            f"/users/{PROGRAM}/events/{event_id}/instances",
            params={
                "startDateTime": "2026-01-01T00:00:00Z",
                "endDateTime": "2029-01-01T00:00:00Z",
                "$orderby": "start/dateTime",
                "$top": "500",
            },
            **more,
        )
        found: list[dict[str, Any]] = listed["value"]
        return found


def at(moment: str, zone: str = "W. Europe Standard Time") -> dict[str, str]:
    """A ``dateTimeTimeZone``."""
    return {"dateTime": moment, "timeZone": zone}


def series(*attendees: str, **changes: Any) -> dict[str, Any]:
    """The body that creates a fortnightly series of nine Tuesdays from 2 March 2027."""
    body: dict[str, Any] = {
        "subject": "Mentoring",
        "body": {"contentType": "HTML", "content": "See you."},
        "start": at("2027-03-02T10:00:00"),
        "end": at("2027-03-02T11:00:00"),
        "attendees": [
            {"emailAddress": {"address": mail, "name": mail}, "type": "required"}
            for mail in attendees
        ],
        "isOnlineMeeting": True,
        "onlineMeetingProvider": "teamsForBusiness",
        "recurrence": {
            "pattern": {"type": "weekly", "interval": 2, "daysOfWeek": ["tuesday"]},
            "range": {"type": "numbered", "startDate": "2027-03-02", "numberOfOccurrences": 9},
        },
        "singleValueExtendedProperties": [{"id": PROPERTY, "value": "pair-1"}],
        **changes,
    }
    return {name: value for name, value in body.items() if value is not None}


def firm() -> Firm:
    """Ada and Ben work in Berlin, Cat in New York, Gus is gone from Exchange Online."""
    people = (
        person(1, ADA, plan("2027-03-01T09:00", "2027-03-01T10:30", private=True)),
        person(2, BEN),
        person(3, CAT, office=NEW_YORK),
        person(4, GUS, mailbox="onPremises"),
    )
    return Firm("Firm", "firm.example", (BERLIN, NEW_YORK), people, (person(9, PROGRAM),), ())


def registration(
    roles: Mapping[str, frozenset[str] | None] = ALL_ROLES, **more: Any
) -> AppRegistration:
    """The app, with a secret and a Teams policy for the program mailbox."""
    more.setdefault("teams_organizers", frozenset({"00000009-0000-4000-8000-000000000000"}))
    return AppRegistration(APP, dict(roles), secrets=(Secret(SECRET),), **more)


def open_tenancy(
    state: str | Path = ":memory:",
    *,
    app: AppRegistration | None = None,
    seed: int = 1,
    now: datetime = MONDAY,
) -> Tenancy:
    """A tenant with the firm in it (unless the state holds it already) and a client."""
    clock = AdjustableClock(now)
    tenant = Tenant.open(state, clock, seed, sign_in_clock=clock)
    if tenant.directory.find(PROGRAM) is None:
        tenant.take_in(firm())
    tenant.register_app(app or registration())
    return Tenancy(tenant, clock, signed_in(tenant))


def signed_in(tenant: Tenant) -> httpx.AsyncClient:
    """A client with a token that asks for immutable ids."""
    http = TenantHttpClient(application(tenant))
    answer = http.post(
        f"https://login.microsoftonline.com/{tenant.id}/oauth2/v2.0/token",
        data={
            "grant_type": "client_credentials",
            "client_id": APP,
            "client_secret": SECRET,
            "scope": "https://graph.microsoft.com/.default",
        },
    )
    assert answer.status_code == 200, answer.text
    return httpx.AsyncClient(
        transport=TenantTransport(application(tenant)),
        headers={
            "Authorization": f"Bearer {answer.json()['access_token']}",
            "Prefer": 'IdType="ImmutableId"',
        },
    )


def utc_starts(instances: list[dict[str, Any]]) -> list[str]:
    """Starts of instances, to the minute."""
    return [one["start"]["dateTime"][:16] for one in instances]


def schedule_body(*mails: str, start: str, end: str, interval: object = 60) -> dict[str, Any]:
    """A getSchedule request in UTC."""
    return {
        "schedules": list(mails),
        "startTime": at(start, "UTC"),
        "endTime": at(end, "UTC"),
        "availabilityViewInterval": interval,
    }


async def busy(tenancy: Tenancy, mail: str, start: str, end: str) -> dict[str, Any]:
    """One person's schedule by the hour."""
    answer = await tenancy.ask(
        "POST",
        f"/users/{PROGRAM}/calendar/getSchedule",
        schedule_body(mail, start=start, end=end),
    )
    entry: dict[str, Any] = answer["value"][0]
    return entry


HOUR = timedelta(hours=1)
