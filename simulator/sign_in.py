"""Entra's side: keys, tokens, and the proofs by which an app gets one."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, timedelta
from functools import cache, lru_cache
from typing import Any

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from simulator.clock import Clock
from simulator.errors import GraphError
from simulator.ids import Mint
from simulator.registration import AppRegistration, ManagedIdentity
from simulator.storage import Storage

GRAPH = "https://graph.microsoft.com"
_GRAPH_APP = "00000003-0000-0000-c000-000000000000"
_LIFETIME = timedelta(seconds=3599)
_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_CLAIMS = (
    "sub", "iss", "cloud_instance_name", "cloud_instance_host_name", "cloud_graph_host_name",
    "msgraph_host", "aud", "exp", "iat", "auth_time", "acr", "nonce", "preferred_username", "name",
    "tid", "ver", "at_hash", "c_hash", "email",
)  # fmt: skip


class SignInRefusedError(Exception):
    """Entra refuses; ``code`` is the number after AADSTS, ``error`` the OAuth name."""

    def __init__(self, error: str, code: int, message: str, *, status: int = 401) -> None:
        self.error, self.code, self.message, self.status = error, code, message, status
        super().__init__(f"AADSTS{code}: {message}")


@cache
def _signing_key() -> rsa.RSAPrivateKey:
    # Making a key takes longer than most tests, so tenants of a process share one.
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@lru_cache(maxsize=8)
def _loaded(pem: str) -> rsa.RSAPrivateKey:
    # So does reading one, whose numbers are proved to be a key; most tenants are of one photograph.
    loaded = serialization.load_pem_private_key(pem.encode(), None)
    if not isinstance(loaded, rsa.RSAPrivateKey):
        raise TypeError("the tenant's signing key is no RSA key")
    return loaded


class SignIn:
    """Token endpoint, published keys and the managed-identity endpoint of one tenant.

    ``clock`` is the one proofs and tokens are dated by. ``pages_origin`` is where browsers find
    the pages, if not where apps find everything else.
    """

    def __init__(self, storage: Storage, mint: Mint, clock: Clock, tenant_id: str) -> None:
        self._storage, self._mint, self._clock = storage, mint, clock
        self.tenant_id = tenant_id
        self.pages_origin: str | None = None
        self.apps: dict[str, AppRegistration] = {
            key: AppRegistration.from_document(doc) for key, doc in storage.documents("app")
        }
        self.identities = [
            ManagedIdentity(**doc) for _, doc in storage.documents("managed identity")
        ]
        self._private: rsa.RSAPrivateKey | None = None
        self._known: dict[str, tuple[float, str]] = {}

    def register(self, app: AppRegistration) -> None:
        """Add an app or replace the one of the same client id."""
        self.apps[app.client_id] = app
        self._storage.put("app", app.client_id, app.to_document())
        self._storage.commit()

    def vouch_for(self, identity: ManagedIdentity) -> None:
        """Let the managed-identity endpoint give tokens for an identity."""
        self.identities.append(identity)
        doc = {
            "principal_id": identity.principal_id,
            "client_id": identity.client_id,
            "header": identity.header,
        }
        self._storage.put("managed identity", identity.principal_id, doc)
        self._storage.commit()

    # What is published

    def discovery(self, origin: str) -> dict[str, Any]:
        """The OpenID configuration; what browsers open is at ``pages_origin`` if there is one."""
        root = f"{origin}/{self.tenant_id}"
        pages = f"{self.pages_origin or origin}/{self.tenant_id}"
        return {
            "token_endpoint": f"{root}/oauth2/v2.0/token",
            "token_endpoint_auth_methods_supported": [
                "client_secret_post",
                "private_key_jwt",
                "client_secret_basic",
            ],
            "jwks_uri": f"{root}/discovery/v2.0/keys",
            "response_modes_supported": ["query", "fragment", "form_post"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
            "scopes_supported": ["openid", "profile", "email", "offline_access"],
            "issuer": self.issuer(origin),
            "request_uri_parameter_supported": False,
            "userinfo_endpoint": "https://graph.microsoft.com/oidc/userinfo",
            "authorization_endpoint": f"{pages}/oauth2/v2.0/authorize",
            "device_authorization_endpoint": f"{root}/oauth2/v2.0/devicecode",
            "http_logout_supported": True,
            "frontchannel_logout_supported": True,
            "end_session_endpoint": f"{pages}/oauth2/v2.0/logout",
            "claims_supported": list(_CLAIMS),
            "kerberos_endpoint": f"{root}/kerberos",
            "tenant_region_scope": "EU",
            "cloud_instance_name": "microsoftonline.com",
            "cloud_graph_host_name": "graph.windows.net",
            "msgraph_host": "graph.microsoft.com",
            "rbac_url": "https://pas.windows.net",
        }

    def issuer(self, origin: str) -> str:
        """Who issues tokens, as their ``iss`` says for this origin."""
        return f"{origin}/{self.tenant_id}/v2.0"

    def keys(self) -> dict[str, Any]:
        """The JSON web key set tokens are to be checked with."""
        numbers = self._key().public_key().public_numbers()
        return {
            "keys": [
                {
                    "kty": "RSA",
                    "use": "sig",
                    "alg": "RS256",
                    "kid": self.key_id(),
                    "n": _base64url(numbers.n.to_bytes(256, "big")),
                    "e": _base64url(numbers.e.to_bytes(3, "big")),
                }
            ]
        }

    # Tokens

    def token(self, form: Mapping[str, str], origin: str) -> dict[str, Any]:
        """The answer of the token endpoint to an app that proves itself and asks for itself.

        Raises:
            SignInRefusedError: the app is unknown, or its proof is none.
        """
        if form.get("grant_type") != "client_credentials":
            raise SignInRefusedError(
                "unsupported_grant_type",
                70003,
                f"The app requested an unsupported grant type '{form.get('grant_type')}'.",
                status=400,
            )
        app = self.proven_app(form, origin)
        scope = form.get("scope", "").split()
        if [part for part in scope if part.endswith("/.default")] != scope or len(scope) != 1:
            raise SignInRefusedError(
                "invalid_scope",
                1002012,
                "The provided value for scope is not valid. Client credential flows must have a "
                "scope value with /.default suffixed to the resource identifier.",
                status=400,
            )
        audience = scope[0].removesuffix("/.default")
        return {
            "token_type": "Bearer",
            "expires_in": int(_LIFETIME.total_seconds()),
            "ext_expires_in": int(_LIFETIME.total_seconds()),
            "access_token": self.signed(
                {
                    "aud": audience,
                    "iss": f"https://sts.windows.net/{self.tenant_id}/",
                    "appid": app.client_id,
                    "app_displayname": app.name,
                    "idtyp": "app",
                    "oid": self._mint.guid("service principal", app.client_id),
                    "roles": app.consented,
                    "ver": "1.0",
                }
            ),
        }

    def app(self, client_id: str) -> AppRegistration:
        """The app of that id.

        Raises:
            SignInRefusedError: there is none.
        """
        app = self.apps.get(client_id)
        if app is None:
            raise SignInRefusedError(
                "unauthorized_client",
                700016,
                f"Application with identifier '{client_id}' was not found in the directory.",
                status=400,
            )
        return app

    def proven_app(self, form: Mapping[str, str], origin: str) -> AppRegistration:
        """The app a token request comes from, by certificate, secret or federated assertion.

        Raises:
            SignInRefusedError: the app is unknown, or its proof is none.
        """
        app = self.app(form.get("client_id", ""))
        self._check_proof(app, form, origin)
        return app

    def managed_token(self, query: Mapping[str, str], header: str, origin: str) -> dict[str, Any]:
        """The answer of the managed-identity endpoint in the form of App Service.

        Raises:
            SignInRefusedError: nobody of that header, or no resource named.
        """
        wanted = query.get("client_id")
        fitting = [
            identity
            for identity in self.identities
            if hmac.compare_digest(identity.header, header) and wanted in (None, identity.client_id)
        ]
        if not fitting or not query.get("resource"):
            raise SignInRefusedError("invalid_request", 0, "No managed identity found.", status=400)
        identity, resource = fitting[0], query["resource"]
        expires = self._clock() + _LIFETIME
        token = self.signed(
            {
                "aud": resource,
                "iss": self.issuer(origin),
                "sub": identity.principal_id,
                "oid": identity.principal_id,
                "appid": identity.client_id,
                "idtyp": "app",
                "ver": "2.0",
            }
        )
        return {
            "access_token": token,
            "expires_on": str(int(expires.timestamp())),
            "resource": resource,
            "token_type": "Bearer",
            "client_id": identity.client_id,
        }

    def refusal_body(self, refused: SignInRefusedError, number: int) -> dict[str, Any]:
        """The JSON Entra answers a refused sign-in with."""
        trace, correlation = (
            self._mint.guid("trace", number),
            self._mint.guid("correlation", number),
        )
        stamp = f"{self._clock().astimezone(UTC):%Y-%m-%d %H:%M:%SZ}"
        return {
            "error": refused.error,
            "error_description": (
                f"AADSTS{refused.code}: {refused.message} Trace ID: {trace} "
                f"Correlation ID: {correlation} Timestamp: {stamp}"
            ),
            "error_codes": [refused.code],
            "timestamp": stamp,
            "trace_id": trace,
            "correlation_id": correlation,
            "error_uri": f"https://login.microsoftonline.com/error?code={refused.code}",
        }

    def app_of(self, authorization: str) -> AppRegistration:
        """The app whose valid token for Graph a header bears.

        Raises:
            GraphError: 401, no token, or one that is forged, expired or for somebody else.
        """
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise self._unauthorized("Access token is empty.")
        if token not in self._known:
            self._known[token] = self._verified(token)
        expires, client_id = self._known[token]
        if self._clock().timestamp() >= expires:
            raise self._unauthorized("Lifetime validation failed, the token is expired.")
        if client_id not in self.apps:
            raise self._unauthorized("The application is not registered any more.")
        return self.apps[client_id]

    def _verified(self, token: str) -> tuple[float, str]:
        try:
            claims = jwt.decode(
                token,
                self._key().public_key(),
                algorithms=["RS256"],
                audience=[GRAPH, GRAPH + "/", _GRAPH_APP],
                options={"verify_exp": False, "verify_nbf": False, "verify_iat": False},
            )
            if claims["idtyp"] != "app":
                raise self._unauthorized("Delegated permissions are not simulated.")
            return float(claims["exp"]), str(claims["appid"])
        except jwt.InvalidAudienceError:
            raise self._unauthorized("Access token validation failure. Invalid audience.") from None
        except (jwt.InvalidTokenError, KeyError):
            raise self._unauthorized("CompactToken parsing failed.") from None

    def _unauthorized(self, message: str) -> GraphError:
        challenge = (
            'Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/'
            f'authorize", client_id="{_GRAPH_APP}", error="invalid_token", '
            f'error_description="{message}"'
        )
        return GraphError(
            401, "InvalidAuthenticationToken", message, headers={"WWW-Authenticate": challenge}
        )

    # Proofs

    def _check_proof(self, app: AppRegistration, form: Mapping[str, str], origin: str) -> None:
        if form.get("client_assertion_type") == _ASSERTION:
            self._check_assertion(app, form.get("client_assertion", ""), origin)
        elif "client_secret" in form:
            self._check_secret(app, form["client_secret"])
        else:
            raise SignInRefusedError(
                "invalid_client",
                7000218,
                "The request body must contain the following parameter: 'client_assertion' or "
                "'client_secret'.",
            )

    def _check_secret(self, app: AppRegistration, given: str) -> None:
        held = [s for s in app.secrets if hmac.compare_digest(s.value.encode(), given.encode())]
        if not held:
            raise SignInRefusedError(
                "invalid_client",
                7000215,
                f"Invalid client secret provided for app '{app.client_id}'.",
            )
        if all(s.expires is not None and s.expires <= self._clock() for s in held):
            raise SignInRefusedError(
                "invalid_client",
                7000222,
                f"The provided client secret keys for app '{app.client_id}' are expired.",
            )

    def _check_assertion(self, app: AppRegistration, assertion: str, origin: str) -> None:
        try:
            header = jwt.get_unverified_header(assertion)
            claims = jwt.decode(assertion, options={"verify_signature": False})
        except jwt.InvalidTokenError:
            raise SignInRefusedError(
                "invalid_client", 50027, "JWT token is invalid or malformed."
            ) from None
        if claims.get("iss") == app.client_id:
            self._check_certificate(app, assertion, header, origin)
        else:
            self._check_federation(app, assertion, claims, origin)

    def _check_certificate(
        self, app: AppRegistration, assertion: str, header: Mapping[str, Any], origin: str
    ) -> None:
        certificate = _certificate(app, header)
        if certificate is None:
            raise SignInRefusedError(
                "invalid_client",
                700027,
                "The certificate with identifier used to sign the client assertion is not "
                "registered on application.",
            )
        if not certificate.not_valid_before_utc <= self._clock() < certificate.not_valid_after_utc:
            raise SignInRefusedError(
                "invalid_client",
                700027,
                "The certificate with identifier used to sign the client assertion is expired on "
                "application.",
            )
        root = f"{origin}/{self.tenant_id}"
        claims = self._decoded(
            assertion,
            certificate.public_key(),
            [f"{root}/oauth2/v2.0/token", f"{root}/v2.0", f"{root}/oauth2/token"],
        )
        if claims.get("sub") != app.client_id:
            raise SignInRefusedError(
                "invalid_client", 700030, "The subject of the assertion is not the application."
            )

    def _check_federation(
        self, app: AppRegistration, assertion: str, claims: Mapping[str, Any], origin: str
    ) -> None:
        own = self.issuer(origin)
        fitting = [
            trust
            for trust in app.federated
            if trust.subject == claims.get("sub") and (trust.issuer or own) == claims.get("iss")
        ]
        if not fitting or claims.get("iss") != own:
            raise SignInRefusedError(
                "invalid_client",
                70021 if app.federated else 700213,
                "No matching federated identity record found for presented assertion. Assertion "
                f"Issuer: '{claims.get('iss')}'. Assertion Subject: '{claims.get('sub')}'.",
            )
        self._decoded(assertion, self._key().public_key(), [trust.audience for trust in fitting])

    def _decoded(self, assertion: str, key: Any, audiences: list[str]) -> dict[str, Any]:
        try:
            claims: dict[str, Any] = jwt.decode(
                assertion,
                key,
                algorithms=["RS256", "PS256"],
                audience=audiences,
                options={
                    "verify_exp": False,
                    "verify_nbf": False,
                    "verify_iat": False,
                    "require": ["exp"],
                },
            )
        except jwt.InvalidAudienceError:
            raise SignInRefusedError(
                "invalid_client", 700212, "No matching audience found for the presented assertion."
            ) from None
        except jwt.InvalidTokenError:
            raise SignInRefusedError(
                "invalid_client", 700027, "Client assertion failed signature validation."
            ) from None
        now = self._clock().timestamp()
        # Entra allows clocks to be five minutes apart.
        if claims["exp"] + 300 < now or claims.get("nbf", 0) - 300 > now:
            raise SignInRefusedError(
                "invalid_client",
                700024,
                "Client assertion is not within its valid time range.",
            )
        return claims

    # Keys

    def signed(self, claims: dict[str, Any]) -> str:
        """A token of this tenant that is valid from now on, unless the claims say otherwise."""
        now = int(self._clock().timestamp())
        dated = {
            "tid": self.tenant_id,
            "iat": now,
            "nbf": now,
            "exp": now + int(_LIFETIME.total_seconds()),
            **claims,
        }
        return jwt.encode(dated, self._key(), algorithm="RS256", headers={"kid": self.key_id()})

    def _key(self) -> rsa.RSAPrivateKey:
        if self._private is None:
            kept = self._storage.get("key", "signing")
            if kept is None:
                self._private = _signing_key()
                pem = self._private.private_bytes(
                    serialization.Encoding.PEM,
                    serialization.PrivateFormat.PKCS8,
                    serialization.NoEncryption(),
                )
                self._storage.put("key", "signing", pem.decode())
                self._storage.commit()
            else:
                self._private = _loaded(kept)
        return self._private

    def key_id(self) -> str:
        """Which of the published keys tokens are signed with."""
        der = (
            self._key()
            .public_key()
            .public_bytes(
                serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
            )
        )
        return _base64url(hashlib.sha256(der).digest())[:27]


def _certificate(app: AppRegistration, header: Mapping[str, Any]) -> x509.Certificate | None:
    for pem in app.certificates:
        certificate = x509.load_pem_x509_certificate(pem.encode())
        prints = {
            "x5t": certificate.fingerprint(hashes.SHA1()),  # noqa: S303 - the header's own hash
            "x5t#S256": certificate.fingerprint(hashes.SHA256()),
        }
        if any(
            str(header.get(name, "")).rstrip("=") == _base64url(found)
            for name, found in prints.items()
        ):
            return certificate
    return None


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
