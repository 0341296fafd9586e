"""What the Graph adapter has to be told. Nothing here reads the environment."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeAlias
from urllib.parse import urlsplit

GRAPH_BASE_URL = "https://graph.microsoft.com/v1.0"
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
MICROSOFT_AUTHORITY = "https://login.microsoftonline.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateCredential:
    """The app registration proves itself by a certificate.

    ``pem`` holds the private key and, so that its last day can be checked before asking, the
    certificate. ``thumbprint`` is the certificate's SHA-1 thumbprint in hexadecimal, as Entra
    shows it; None takes it from the certificate.
    """

    pem: str = field(repr=False)
    thumbprint: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ManagedIdentityCredential:
    """The app registration trusts a managed identity (federated credential): no key anywhere.

    ``identity_client_id`` names a user-assigned identity; None is the system-assigned one.
    """

    identity_client_id: str | None = None
    audience: str = "api://AzureADTokenExchange"


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretCredential:
    """A client secret: for trials only."""

    secret: str = field(repr=False)


AppCredential: TypeAlias = CertificateCredential | ManagedIdentityCredential | SecretCredential


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphSettings:
    """Where Graph is, who we are there, and how patient a single call is.

    Attributes:
        base_url: root of Graph with its version, for example ``https://graph.microsoft.com/v1.0``.
        authority: root of the sign-in service, without the tenant.
        program_mailboxes: asked at every call for the object ids of the program mailboxes, so
            that one enrolled later is known at once. Writing and reading events is permitted
            in these mailboxes only.
        own_mailbox_reads: free/busy may be read with a participant's own mailbox in the path.
        news_in_teams: lines in people's activity feeds in Teams may be written.
        ca_file: PEM file of the authorities to trust instead of the public ones.
        call_timeout: how long one call may take in all; shorter than ``permit_length``.
        permit_length: life of a permit for one call to a program mailbox.
        patience: how long one operation waits for permits, or between its attempts, before the
            work is given back to be done later.
    """

    tenant_id: str
    client_id: str
    credential: AppCredential
    program_mailboxes: Callable[[], Collection[str]]
    base_url: str = GRAPH_BASE_URL
    authority: str = MICROSOFT_AUTHORITY
    scope: str = "https://graph.microsoft.com/.default"
    own_mailbox_reads: bool = False
    news_in_teams: bool = False
    ca_file: str | None = None
    call_timeout: timedelta = timedelta(seconds=30)
    permit_length: timedelta = timedelta(seconds=45)
    patience: timedelta = timedelta(seconds=30)

    def __post_init__(self) -> None:
        for name in ("base_url", "authority"):
            url = urlsplit(getattr(self, name))
            local = url.scheme == "http" and url.hostname in _LOCAL and name == "base_url"
            if not (url.scheme == "https" or local) or not url.hostname or url.query:
                raise ValueError(f"{name} must be an https address without a query")
        if not self.call_timeout < self.permit_length:
            raise ValueError("call_timeout must be shorter than permit_length")
