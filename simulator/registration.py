"""Apps registered in the tenant, how they prove themselves and what they may do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit, urlunsplit

# Each role with those that include it.
_WIDER: dict[str, tuple[str, ...]] = {
    "Calendars.ReadBasic": ("Calendars.ReadBasic.All", "Calendars.Read", "Calendars.ReadWrite"),
    "Calendars.Read": ("Calendars.ReadWrite",),
    "MailboxSettings.Read": ("MailboxSettings.ReadWrite",),
    "User.ReadBasic.All": (
        "User.Read.All",
        "User.ReadWrite.All",
        "Directory.Read.All",
        "Directory.ReadWrite.All",
    ),
    "User.Read.All": ("User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"),
    "OnlineMeetings.Read.All": ("OnlineMeetings.ReadWrite.All",),
}
# Roles an Exchange management scope can narrow; ReadBasic has no such role.
_SCOPABLE = {
    "Calendars.Read",
    "Calendars.ReadWrite",
    "MailboxSettings.Read",
    "MailboxSettings.ReadWrite",
    "Mail.Send",
}


@dataclass(frozen=True, slots=True)
class Secret:
    """A client secret; after ``expires`` it proves nothing. None: it never expires."""

    value: str = field(repr=False)
    expires: datetime | None = None


@dataclass(frozen=True, slots=True)
class FederatedCredential:
    """Trust in tokens of ``subject``; an empty issuer means this tenant's own."""

    subject: str
    issuer: str = ""
    audience: str = "api://AzureADTokenExchange"


@dataclass(frozen=True, slots=True)
class ManagedIdentity:
    """An identity the hosting machine vouches for: its principal's object id and client id.

    ``header`` is the value the identity endpoint expects in ``X-IDENTITY-HEADER``.
    """

    principal_id: str
    client_id: str
    header: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class AppRegistration:
    """An app, its proofs and its rights.

    ``roles`` maps a Graph application role to the mailboxes (mail addresses) an
    Exchange role assignment narrows it to, or to None where it was consented
    for the whole tenant. ``teams_organizers`` are the object ids of the users
    whom a Teams application access policy names for this app.

    ``redirect_uris`` are where people may be sent back to after they have signed in; of one on
    this machine the port does not matter. ``app_roles`` are the app roles assigned to people, by
    object id.
    """

    client_id: str
    roles: Mapping[str, frozenset[str] | None]
    secrets: tuple[Secret, ...] = ()
    certificates: tuple[str, ...] = ()
    federated: tuple[FederatedCredential, ...] = ()
    teams_organizers: frozenset[str] = frozenset()
    name: str = "Tandem"
    redirect_uris: tuple[str, ...] = ()
    app_roles: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for role, mailboxes in self.roles.items():
            if mailboxes is not None and role not in _SCOPABLE:
                raise ValueError(f"no Exchange role assignment exists for {role}")

    @property
    def consented(self) -> list[str]:
        """Roles of the whole tenant, as the ``roles`` claim of a token lists them."""
        return sorted(role for role, mailboxes in self.roles.items() if mailboxes is None)

    def may(self, role: str, mailbox: str | None) -> bool:
        """Whether the app holds ``role``, or a wider one, for a mailbox (or without one)."""
        for held in (role, *_WIDER.get(role, ())):
            if held not in self.roles:
                continue
            mailboxes = self.roles[held]
            if mailboxes is None:
                return True
            if mailbox is not None and mailbox.lower() in _lowered(mailboxes):
                return True
        return False

    def holds(self, role: str, mailbox: str) -> bool:
        """Whether the app holds exactly ``role`` for a mailbox; no wider one stands in."""
        mailboxes = self.roles.get(role, frozenset())
        return mailboxes is None or mailbox.lower() in _lowered(mailboxes)

    def sends_back_to(self, uri: str) -> bool:
        """Whether people may be sent back to ``uri``: exactly a registered one but for local ports.

        Source: RFC 8252 sections 7.3 and 8.3, as Entra reads them.
        """
        return _without_local_port(uri) in map(_without_local_port, self.redirect_uris)

    def to_document(self) -> dict[str, Any]:
        """What storage keeps of it."""
        return {
            "client_id": self.client_id,
            "name": self.name,
            "roles": {
                role: None if mailboxes is None else sorted(mailboxes)
                for role, mailboxes in self.roles.items()
            },
            "secrets": [{"value": s.value, "expires": s.expires} for s in self.secrets],
            "certificates": list(self.certificates),
            "federated": [
                {"subject": f.subject, "issuer": f.issuer, "audience": f.audience}
                for f in self.federated
            ],
            "teams_organizers": sorted(self.teams_organizers),
            "redirect_uris": list(self.redirect_uris),
            "app_roles": {who: list(roles) for who, roles in self.app_roles.items()},
        }

    @classmethod
    def from_document(cls, doc: Mapping[str, Any]) -> AppRegistration:
        """The app that :meth:`to_document` wrote, also as the control API takes it."""
        return cls(
            client_id=doc["client_id"],
            name=doc.get("name", "Tandem"),
            roles={
                role: None if mailboxes is None else frozenset(mailboxes)
                for role, mailboxes in doc["roles"].items()
            },
            secrets=tuple(
                Secret(
                    s["value"],
                    datetime.fromisoformat(s["expires"]) if s.get("expires") else None,
                )
                for s in doc.get("secrets", ())
            ),
            certificates=tuple(doc.get("certificates", ())),
            federated=tuple(FederatedCredential(**f) for f in doc.get("federated", ())),
            teams_organizers=frozenset(doc.get("teams_organizers", ())),
            redirect_uris=tuple(doc.get("redirect_uris", ())),
            app_roles={who: tuple(roles) for who, roles in doc.get("app_roles", {}).items()},
        )


# A scope can name every mailbox of the firm, and is asked for each of a call's.
@lru_cache(maxsize=500)
def _lowered(mailboxes: frozenset[str]) -> frozenset[str]:
    return frozenset(mail.lower() for mail in mailboxes)


def _without_local_port(uri: str) -> str:
    parts = urlsplit(uri)
    if parts.hostname not in ("localhost", "127.0.0.1"):
        return uri
    return urlunsplit(parts._replace(netloc=parts.hostname))
