"""Access tokens: msal asks for them, in the way the app registration proves itself.

msal is blocking, so it runs behind the ``Offload`` port; one token is shared by all calls until
shortly before it expires.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import msal
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from kiota_abstractions.authentication import (
    AccessTokenProvider,
    AllowedHostsValidator,
    BaseBearerTokenAuthenticationProvider,
)
from msal.exceptions import MsalServiceError

from integrations.errors import (
    CertificateExpiredError,
    OperationNotPermittedError,
    TokenRefusedError,
    UnreachableError,
)
from integrations.graph.settings import (
    MICROSOFT_AUTHORITY,
    CertificateCredential,
    GraphSettings,
    ManagedIdentityCredential,
)
from integrations.ports import Clock, Offload

_RENEW_BEFORE = timedelta(minutes=5)
_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
_PRIVATE_KEY = re.compile(
    r"-----BEGIN (?P<kind>[A-Z ]*)PRIVATE KEY-----.+?-----END (?P=kind)PRIVATE KEY-----", re.DOTALL
)

_KEY_REFUSED = 700027
"""Entra's number for an assertion whose key it does not accept; its text says if it is too old."""


@dataclass(frozen=True, slots=True)
class Token:
    """An access token; ``renew_at`` lies some minutes before it expires."""

    value: str
    renew_at: datetime

    def __repr__(self) -> str:
        return f"Token(renew_at={self.renew_at:%Y-%m-%dT%H:%M:%SZ})"


class Credential:
    """Asks Entra ID for tokens; blocking. ``http_client`` stands in for msal's own."""

    def __init__(self, settings: GraphSettings, http_client: Any = None) -> None:
        self._settings, self._http_client = settings, http_client
        self._app: Any = None

    def ask(self, now: datetime, claims: str | None) -> Token:
        """A token fresh from Entra, whatever msal still has.

        Raises:
            CertificateExpiredError: found before asking, or told by Entra.
            TokenRefusedError, UnreachableError
        """
        expires_on = self._certificate_expiry()
        if expires_on is not None and expires_on <= now:
            raise CertificateExpiredError(expires_on.date())
        answer = self._acquire(claims)
        if "access_token" not in answer:
            # msal keeps a refusal for a minute; the next attempt shall ask anew.
            self._app = None
            raise _refusal(answer, expires_on.date() if expires_on else None)
        lifetime = timedelta(seconds=int(answer.get("expires_in", 0)))
        return Token(answer["access_token"], now + lifetime - min(_RENEW_BEFORE, lifetime / 2))

    def _acquire(self, claims: str | None) -> dict[str, Any]:
        try:
            if self._app is None:
                self._app = self.open_app()
            self._app.remove_tokens_for_client()
            answer = self._app.acquire_token_for_client(
                [self._settings.scope], claims_challenge=claims
            )
        except (OSError, MsalServiceError):
            # An answer of 5xx as well. msal would repeat it for a while by the machine's clock;
            # opened anew it asks again, and when is ours to say.
            self._app = None
            raise UnreachableError("the sign-in service cannot be reached") from None
        except ValueError:
            # msal says so when the tenant has no OpenID configuration.
            self._app = None
            raise TokenRefusedError("unknown_authority") from None
        return dict(answer or {})

    @property
    def proof(self) -> str:
        """How the registration proves itself: ``certificate``, ``federated`` or ``secret``."""
        credential = self._settings.credential
        if isinstance(credential, CertificateCredential):
            return "certificate"
        return "federated" if isinstance(credential, ManagedIdentityCredential) else "secret"

    @property
    def ends_on(self) -> date | None:
        """The last day of the certificate; None where only Entra knows when the proof ends."""
        expires = self._certificate_expiry()
        return None if expires is None else expires.date()

    @property
    def made_for(self) -> timedelta | None:
        """How long the certificate holds in all, from its first day; None for other proofs."""
        certificate = self._certificate()
        if certificate is None:
            return None
        return certificate.not_valid_after_utc - certificate.not_valid_before_utc

    @property
    def client_id(self) -> str:
        """The app registration's client id."""
        return self._settings.client_id

    @property
    def tenant_id(self) -> str:
        """The directory's id."""
        return self._settings.tenant_id

    @property
    def http_client(self) -> Any:
        """What msal speaks through: has ``get`` and ``post`` as ``requests`` has them."""
        return self._http_client or _Session(self._settings)

    @property
    def openid_configuration(self) -> str:
        """Where the directory says how it signs people in."""
        return f"{self._authority}/v2.0/.well-known/openid-configuration"

    @property
    def _authority(self) -> str:
        return f"{self._settings.authority.rstrip('/')}/{self._settings.tenant_id}"

    def open_app(self) -> Any:
        """msal's application, which proves itself to Entra, with nothing in its cache."""
        settings = self._settings
        return msal.ConfidentialClientApplication(
            settings.client_id,
            client_credential=self._proof(),
            authority=self._authority,
            # Only Microsoft's own service can vouch for an authority.
            instance_discovery=None if settings.authority == MICROSOFT_AUTHORITY else False,
            http_client=self.http_client,
            # Nobody is asked for anything of a person's while they are away.
            exclude_scopes=["offline_access"],
        )

    def _proof(self) -> Any:
        credential = self._settings.credential
        if isinstance(credential, CertificateCredential):
            return _certificate_proof(credential)
        if isinstance(credential, ManagedIdentityCredential):
            return {"client_assertion": self._identity_assertion(credential)}
        return credential.secret

    def _identity_assertion(self, credential: ManagedIdentityCredential) -> Callable[[], str]:
        identity: Any = (
            msal.UserAssignedManagedIdentity(client_id=credential.identity_client_id)
            if credential.identity_client_id
            else msal.SystemAssignedManagedIdentity()
        )

        def assertion() -> str:
            answer = msal.ManagedIdentityClient(
                identity, http_client=self._http_client or _Session(self._settings)
            ).acquire_token_for_client(resource=credential.audience)
            if "access_token" not in answer:
                raise TokenRefusedError(str(answer.get("error", "no_managed_identity")))
            return str(answer["access_token"])

        return assertion

    def _certificate_expiry(self) -> datetime | None:
        certificate = self._certificate()
        return None if certificate is None else certificate.not_valid_after_utc

    def _certificate(self) -> x509.Certificate | None:
        credential = self._settings.credential
        if not isinstance(credential, CertificateCredential):
            return None
        return _certificate_in(credential.pem)


class TokenSource:
    """The token all calls of one event loop share."""

    def __init__(self, credential: Credential, clock: Clock, offload: Offload) -> None:
        self._credential, self._clock, self._offload = credential, clock, offload
        self._lock = asyncio.Lock()
        self._token: Token | None = None

    async def token(self, claims: str | None = None) -> str:
        """A token that is good for some minutes yet. Raises as :meth:`Credential.ask`."""
        async with self._lock:
            now = self._clock.now()
            if self._token is None or claims or self._token.renew_at <= now:
                self._token = None
                self._token = await self._offload(lambda: self._credential.ask(now, claims))
            return self._token.value

    async def renewed(self) -> str:
        """A token made just now. Raises as :meth:`Credential.ask`."""
        self._token = None
        return await self.token()

    def distrust(self, token: str) -> None:
        """Forget ``token``, which Graph refused, unless it was replaced meanwhile."""
        if self._token is not None and self._token.value == token:
            self._token = None


class BearerTokens(AccessTokenProvider):
    """Hands tokens to kiota, for the host of Graph and no other."""

    def __init__(self, source: TokenSource, base_url: str) -> None:
        self._source = source
        self._hosts = AllowedHostsValidator([urlsplit(base_url).hostname or ""])

    async def get_authorization_token(
        self, uri: str, additional_authentication_context: dict[str, Any] | None = None
    ) -> str:
        if not self._hosts.is_url_host_valid(uri):
            raise OperationNotPermittedError("(token)", "(another server)")
        claims = (additional_authentication_context or {}).get("claims")
        return await self._source.token(claims)

    def get_allowed_hosts_validator(self) -> AllowedHostsValidator:
        return self._hosts


def authentication(source: TokenSource, base_url: str) -> BaseBearerTokenAuthenticationProvider:
    """What kiota asks to sign each request."""
    return BaseBearerTokenAuthenticationProvider(BearerTokens(source, base_url))


class _Session(requests.Session):
    """Trust and time-out of the settings, for each request.

    ``requests`` lets REQUESTS_CA_BUNDLE win over a session's own ``verify``, which would take the
    authorities of the settings away on machines that set it.
    """

    def __init__(self, settings: GraphSettings) -> None:
        super().__init__()
        self._always = {
            "verify": settings.ca_file or True,
            "timeout": settings.call_timeout.total_seconds(),
        }

    def request(self, method: Any, url: Any, *args: Any, **options: Any) -> Any:
        return super().request(method, url, *args, **{**self._always, **options})


def _certificate_proof(credential: CertificateCredential) -> dict[str, str]:
    certificate = _certificate_in(credential.pem)
    thumbprint = credential.thumbprint
    if thumbprint is None and certificate is not None:
        # Entra names certificates so; nothing rests on the strength of the hash.
        thumbprint = certificate.fingerprint(hashes.SHA1()).hex()  # noqa: S303
    key = _PRIVATE_KEY.search(credential.pem)
    if thumbprint is None or key is None:
        raise TokenRefusedError("incomplete_certificate")
    return {"private_key": key.group(), "thumbprint": thumbprint}


def _certificate_in(pem: str) -> x509.Certificate | None:
    block = _CERTIFICATE.search(pem)
    return None if block is None else x509.load_pem_x509_certificate(block.group().encode())


def _refusal(
    answer: dict[str, Any], expires_on: date | None
) -> TokenRefusedError | CertificateExpiredError:
    codes = answer.get("error_codes") or []
    text = str(answer.get("error_description", ""))
    number = codes[0] if codes else next(iter(re.findall(r"AADSTS(\d+)", text)), None)
    if str(number) == str(_KEY_REFUSED) and expires_on and "expired" in text:
        return CertificateExpiredError(expires_on)
    return TokenRefusedError(f"AADSTS{number}" if number else str(answer.get("error", "unknown")))
