"""Signing people in by Entra ID: OpenID Connect's authorization code with PKCE.

msal makes the request and redeems the code. It does not look at the ID token (it came from Entra
over TLS), so the token is verified here before anything in it is believed.

Source: OpenID Connect Core 1.0, section 3.1.3.7; Microsoft identity platform, "ID token claims".
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import jwt
import orjson
from msal.exceptions import MsalServiceError

from integrations.errors import SignInFailedError, UnreachableError
from integrations.graph.credential import Credential
from integrations.ports import BegunSignIn, Clock, Identity, Offload
from integrations.records import Json

_SCOPES: list[str] = []
"""Who somebody is, and nothing they have: ``openid`` and ``profile`` alone, which msal adds."""
API_SCOPE = "access_as_user"
"""What somebody lets another app do here: all that they may do themselves."""
_LEEWAY = timedelta(minutes=5)
_KEYS_KEEP = timedelta(hours=6)
_KEYS_REST = timedelta(minutes=1)
_REMEMBERED = ("state", "redirect_uri", "scope", "code_verifier", "nonce", "claims_challenge")


@dataclass(slots=True)
class _Published:
    """What the provider publishes of itself: its name and its keys."""

    issuer: str
    keys: dict[str, Any] = field(repr=False)
    read_at: datetime


class PeopleSignIn:
    """Implements :class:`integrations.ports.SignIn`."""

    def __init__(self, credential: Credential, clock: Clock, offload: Offload) -> None:
        self._credential, self._clock, self._offload = credential, clock, offload
        self._published: _Published | None = None

    async def begin(self, redirect_uri: str) -> BegunSignIn:
        return await self._offload(lambda: self._begin(redirect_uri))

    async def finish(self, flow: Json, answer: Mapping[str, str]) -> Identity:
        now = self._clock.now()
        return await self._offload(lambda: self._finish(flow, answer, now))

    async def bearer(self, token: str) -> Identity:
        now = self._clock.now()
        return await self._offload(lambda: self._bearer(token, now))

    def _bearer(self, token: str, now: datetime) -> Identity:
        claims = self._claims(token, now)
        # An ID token has the same audience, and is no leave to act: nobody asked for our scope.
        scopes = str(claims.get("scp", "")).split()
        is_app = claims.get("idtyp") == "app"
        if claims.get("ver") != "2.0" or not (is_app or API_SCOPE in scopes):
            raise SignInFailedError("no_access_token")
        return _identity(claims, is_app=is_app)

    def _begin(self, redirect_uri: str) -> BegunSignIn:
        try:
            with warnings.catch_warnings():
                # msal would have the code posted. A form from another site brings no cookie of
                # SameSite=Lax along, and the code is worth nothing without the verifier in it.
                warnings.filterwarnings("ignore", message="response_mode='form_post'")
                flow = self._app().initiate_auth_code_flow(_SCOPES, redirect_uri=redirect_uri)
        except (OSError, MsalServiceError, ValueError):
            raise UnreachableError("the sign-in service cannot be reached") from None
        kept = {name: flow[name] for name in _REMEMBERED if flow.get(name) is not None}
        return BegunSignIn(url=flow["auth_uri"], flow=kept)

    def _finish(self, flow: Json, answer: Mapping[str, str], now: datetime) -> Identity:
        try:
            told = self._app().acquire_token_by_auth_code_flow(flow, dict(answer))
        except (OSError, MsalServiceError):
            raise UnreachableError("the sign-in service cannot be reached") from None
        except (ValueError, RuntimeError):
            # Another state or nonce than ours: the answer belongs to no request of this browser.
            raise SignInFailedError("not_this_browser") from None
        token = told.get("id_token")
        if not isinstance(token, str):
            raise SignInFailedError(str(told.get("error", "no_token")))
        return _identity(self._claims(token, now))

    def _app(self) -> Any:
        # A new one each time: it would keep people's tokens in memory, which nobody needs.
        return self._credential.open_app()

    def _claims(self, token: str, now: datetime) -> dict[str, Any]:
        """What a token says, if it is from our tenant, for this app and in force."""
        client_id, tenant_id = self._credential.client_id, self._credential.tenant_id
        published, key = self._key_of(token, now)
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=["RS256"],
                audience=client_id,
                issuer=published.issuer,
                # Times are ours to check: the library reads the machine's clock.
                options={
                    "require": ["exp", "iat", "iss", "aud", "oid", "tid"],
                    "verify_exp": False,
                    "verify_nbf": False,
                    "verify_iat": False,
                },
            )
        except jwt.InvalidTokenError as error:
            raise SignInFailedError(_REFUSALS.get(type(error), "bad_token")) from None
        if str(claims["tid"]).lower() != tenant_id.lower():
            raise SignInFailedError("wrong_tenant")
        _check_times(claims, now)
        return claims

    def _key_of(self, token: str, now: datetime) -> tuple[_Published, Any]:
        try:
            key_id = str(jwt.get_unverified_header(token).get("kid"))
        except jwt.InvalidTokenError:
            raise SignInFailedError("bad_token") from None
        known = self._published
        if known is None or self._is_worth_asking_again(known, key_id, now):
            known = self._published = self._read_published(now)
        if key_id not in known.keys:
            raise SignInFailedError("unknown_key")
        return known, known.keys[key_id]

    @staticmethod
    def _is_worth_asking_again(known: _Published, key_id: str, now: datetime) -> bool:
        """Keys change a few times a year; nobody may have us ask at each made-up key."""
        age = now - known.read_at
        is_missing = key_id not in known.keys and age > _KEYS_REST
        return is_missing or not timedelta(0) <= age <= _KEYS_KEEP

    def _read_published(self, now: datetime) -> _Published:
        configuration = self._get(self._credential.openid_configuration)
        try:
            listed = self._get(str(configuration["jwks_uri"]))["keys"]
            keys = {each["kid"]: jwt.PyJWK(each).key for each in listed if each.get("kty") == "RSA"}
            return _Published(str(configuration["issuer"]), keys, now)
        except (KeyError, TypeError, jwt.PyJWTError):
            raise UnreachableError("the sign-in service publishes no keys") from None

    def _get(self, url: str) -> dict[str, Any]:
        try:
            answer = self._credential.http_client.get(url)
            if answer.status_code != 200:
                raise UnreachableError("the sign-in service publishes no keys")
            document: dict[str, Any] = orjson.loads(answer.text)
        except (OSError, orjson.JSONDecodeError):
            raise UnreachableError("the sign-in service cannot be reached") from None
        return document


_REFUSALS: Mapping[type[Exception], str] = {
    jwt.InvalidAudienceError: "wrong_audience",
    jwt.InvalidIssuerError: "wrong_issuer",
    jwt.InvalidSignatureError: "bad_signature",
    jwt.InvalidAlgorithmError: "wrong_algorithm",
}


def _identity(claims: Mapping[str, Any], *, is_app: bool = False) -> Identity:
    roles = claims.get("roles", [])
    return Identity(
        directory_id=str(claims["oid"]).lower(),
        roles=tuple(sorted(str(role) for role in roles)) if isinstance(roles, list) else (),
        is_app=is_app,
        asked_by=str(claims.get("azp", "")).lower(),
    )


def _check_times(claims: Mapping[str, Any], now: datetime) -> None:
    """Raise where the token is over, or of a time to come."""
    try:
        ends, begins = float(claims["exp"]), float(claims.get("nbf", claims["iat"]))
    except (TypeError, ValueError):
        raise SignInFailedError("bad_token") from None
    at, leeway = now.timestamp(), _LEEWAY.total_seconds()
    if at >= ends + leeway:
        raise SignInFailedError("expired")
    if at < begins - leeway:
        raise SignInFailedError("not_yet_valid")
