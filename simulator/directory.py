"""Users of the tenant: who they are, what their mailbox says of them, what they have planned."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from typing import Any

from simulator.errors import GraphError
from simulator.people import Appointment, FirmPerson, Mailbox
from simulator.storage import Storage
from simulator.zones import UnknownZoneError, windows_name


@dataclass(slots=True)
class User:
    """A user of the directory and her mailbox.

    ``zone`` is stored as Exchange stores it, a Windows name as a rule, and is
    empty for a mailbox never opened. ``guest`` users have no mailbox here. ``language`` is a tag,
    ``time_format`` in Windows' letters.
    """

    id: str
    mail: str
    name: str
    title: str
    office: str
    zone: str
    workdays: tuple[str, ...]
    hours: tuple[str, str]
    mailbox: Mailbox = "licensed"
    enabled: bool = True
    guest: bool = False
    language: str = "en-US"
    time_format: str = "HH:mm"

    @property
    def has_mailbox(self) -> bool:
        """Whether Graph can open a mailbox of this user."""
        return not self.guest and self.mailbox in ("licensed", "noTeams")

    @property
    def principal_name(self) -> str:
        """The user principal name; a guest's is made of her outside address."""
        if not self.guest:
            return self.mail
        return self.mail.replace("@", "_") + "#EXT#@guests.onmicrosoft.com"

    @classmethod
    def of(cls, person: FirmPerson) -> User:
        """The user a person of a firm becomes."""
        try:
            zone = windows_name(person.office.zone)
        except UnknownZoneError:
            zone = person.office.zone
        return cls(
            id=person.id,
            mail=person.mail,
            name=person.name,
            title=person.title,
            office=person.office.name,
            language="de-DE" if person.office.country == "DE" else "en-US",
            zone=zone,
            workdays=tuple(person.workdays),
            hours=(person.hours[0].strftime("%H:%M"), person.hours[1].strftime("%H:%M")),
            mailbox=person.mailbox,
            enabled=person.enabled,
            guest=person.guest,
        )


class Directory:
    """All users by object id, principal name and mail, in whatever case these are written."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._by_id: dict[str, User] = {}
        self._by_name: dict[str, dict[str, User]] = defaultdict(dict)
        self._appointments: dict[str, tuple[Appointment, ...]] = {}
        for _, doc in storage.documents("user"):
            doc["hours"], doc["workdays"] = tuple(doc["hours"]), tuple(doc["workdays"])
            self._index(User(**doc))
        for user_id, doc in storage.documents("appointments"):
            self._appointments[user_id] = tuple(map(_read_appointment, doc))

    def __iter__(self) -> Iterator[User]:
        return iter(self._by_id.values())

    def add(self, person: FirmPerson) -> User:
        """Take a person in, or take her in anew with what has changed."""
        user = User.of(person)
        self.save(user)
        self.plan(user, person.appointments)
        return user

    def save(self, user: User) -> None:
        """Keep a user as she is now."""
        self._index(user)
        self._storage.put("user", user.id, user)

    def change(self, user: User, **changes: Any) -> User:
        """The user with some of her fields changed, kept."""
        changed = replace(user, **changes)
        self.save(changed)
        return changed

    def plan(self, user: User, appointments: Iterable[Appointment]) -> None:
        """Make ``appointments`` all that the user has planned herself."""
        self._appointments[user.id] = tuple(appointments)
        self._storage.put("appointments", user.id, self._appointments[user.id])

    def appointments(self, user: User) -> tuple[Appointment, ...]:
        """What the user has planned herself; meetings are not among it."""
        return self._appointments.get(user.id, ())

    def find(self, name: str) -> User | None:
        """The user of an object id, principal name or mail address."""
        return next(reversed(self.named(name)), None)

    def named(self, name: str) -> list[User]:
        """Everybody with this object id, principal name or mail address, the latest last."""
        return list(self._by_name.get(name.lower(), {}).values())

    def user(self, name: str) -> User:
        """The user of an object id or principal name.

        Raises:
            GraphError: 404, there is none.
        """
        found = self.find(name)
        if found is None:
            raise GraphError(
                404,
                "Request_ResourceNotFound",
                f"Resource '{name}' does not exist or one of its queried reference-property "
                "objects are not present.",
            )
        return found

    def mailbox(self, name: str) -> User:
        """The user whose mailbox a path names.

        Raises:
            GraphError: 404, no such user, or a mailbox Graph cannot open.
        """
        found = self.find(name)
        if found is None:
            raise GraphError(404, "ErrorInvalidUser", f"The requested user '{name}' is invalid.")
        if not found.has_mailbox:
            raise GraphError(
                404,
                "MailboxNotEnabledForRESTAPI",
                "The mailbox is either inactive, soft-deleted, or is hosted on-premise.",
            )
        return found

    def _index(self, user: User) -> None:
        before = self._by_id.get(user.id)
        if before is not None:
            for name in _names(before):
                self._by_name[name].pop(user.id, None)
        self._by_id[user.id] = user
        for name in _names(user):
            self._by_name[name][user.id] = user


def _names(user: User) -> tuple[str, ...]:
    return user.id.lower(), user.mail.lower(), user.principal_name.lower()


def _read_appointment(doc: dict[str, Any]) -> Appointment:
    return Appointment(
        **{
            **doc,
            "start": datetime.fromisoformat(doc["start"]),
            "end": datetime.fromisoformat(doc["end"]),
            "until": date.fromisoformat(doc["until"]) if doc["until"] else None,
            "skipped": tuple(map(date.fromisoformat, doc["skipped"])),
        }
    )


def user_resource(user: User) -> dict[str, Any]:
    """Every property of a user this tenant can give."""
    given, _, family = user.name.rpartition(" ")
    return {
        "id": user.id,
        "businessPhones": [],
        "displayName": user.name,
        "givenName": given or user.name,
        "jobTitle": user.title,
        "mail": user.mail,
        "mobilePhone": None,
        "officeLocation": user.office,
        "preferredLanguage": None,
        "surname": family if given else None,
        "userPrincipalName": user.principal_name,
        "accountEnabled": user.enabled,
        "userType": "Guest" if user.guest else "Member",
        "department": None,
    }


USER_DEFAULT_FIELDS = frozenset(
    {
        "businessPhones",
        "displayName",
        "givenName",
        "jobTitle",
        "mail",
        "mobilePhone",
        "officeLocation",
        "preferredLanguage",
        "surname",
        "userPrincipalName",
        "id",
    }
)
USER_FIELDS = USER_DEFAULT_FIELDS | {"accountEnabled", "userType", "department"}


def clock_time(hhmm: str) -> str:
    """A time of day as working hours state it, e.g. ``08:00:00.0000000``."""
    return f"{time.fromisoformat(hhmm):%H:%M:%S}.0000000"
