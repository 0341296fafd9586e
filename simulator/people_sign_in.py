"""How people sign in: what an app may ask for, the codes it gets, the ID tokens it gets for them.

As Entra's authorization code flow has it, without a password: whoever opens the page says who to
be. A code is good once, for ten minutes, for the app and address it was given for. Codes and ID
tokens go by the tenant's clock: whoever verifies them can be told what time it is there.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

import orjson

from simulator.bad_tokens import spoilt
from simulator.behaviour import Behaviour
from simulator.clock import Clock
from simulator.directory import Directory, User
from simulator.ids import Mint
from simulator.sign_in import GRAPH, SignIn, SignInRefusedError
from simulator.storage import Storage

CODE_LASTS = timedelta(minutes=10)
_TOKEN_LASTS = 3600
# Entra dates ID tokens back, so that clocks may be apart.
_DATED_BACK = 300
TEAMS_WEB = "5e3ce6c0-2b1f-4285-8d4b-75ee78787346"
"""As which app Teams in a browser asks for tokens."""
_NEEDED = ("response_type", "redirect_uri", "scope")


class SentBackError(Exception):
    """Entra refuses, and tells the app so by sending the person back to it."""

    def __init__(self, location: str) -> None:
        self.location = location
        super().__init__(location)


@dataclass(frozen=True, slots=True)
class CodeRequest:
    """What an app asks for: that somebody be sent back to ``redirect_uri`` with a code."""

    client_id: str
    redirect_uri: str
    scopes: tuple[str, ...]
    state: str | None
    nonce: str | None
    challenge: str
    login_hint: str

    def back(self, **members: str) -> str:
        """Where the person goes, with these members of the answer and the app's state."""
        parts = urlsplit(self.redirect_uri)
        told = {**members, **({} if self.state is None else {"state": self.state})}
        query = "&".join(filter(None, (parts.query, urlencode(told))))
        return urlunsplit(parts._replace(path=parts.path or "/", query=query))


class PeopleSignIn:
    """The authorization endpoint of a tenant, and the codes its token endpoint takes."""

    def __init__(
        self,
        storage: Storage,
        mint: Mint,
        clock: Clock,
        sign_in: SignIn,
        directory: Directory,
        behaviour: Behaviour,
    ) -> None:
        self._storage, self._mint, self._clock = storage, mint, clock
        self._sign_in, self._directory, self._behaviour = sign_in, directory, behaviour
        self._given = sum(1 for _ in storage.documents("code"))

    def asked(self, query: Mapping[str, str]) -> CodeRequest:
        """What the query of an authorization request asks for.

        Raises:
            SignInRefusedError: the person is told, because nothing says that the app is one that
                may be told.
            SentBackError: the app is told.
        """
        if not query.get("client_id"):
            raise _malformed("client_id")
        app = self._sign_in.app(query["client_id"])
        back = query.get("redirect_uri", "")
        if not app.sends_back_to(back):
            raise SignInRefusedError(
                "invalid_request",
                50011,
                f"The redirect URI '{back}' specified in the request does not match the redirect "
                f"URIs configured for the application '{app.client_id}'. Make sure the redirect "
                "URI sent in the request matches one added to your application in the Azure "
                "portal.",
                status=400,
            )
        request = CodeRequest(
            app.client_id,
            back,
            tuple(query.get("scope", "").split()),
            query.get("state"),
            query.get("nonce"),
            query.get("code_challenge", ""),
            query.get("login_hint", ""),
        )
        refusal = self._fault_of(query)
        if refusal is not None:
            raise SentBackError(
                request.back(
                    error=refusal.error,
                    error_description=f"AADSTS{refusal.code}: {refusal.message}",
                )
            )
        return request

    def _fault_of(self, query: Mapping[str, str]) -> SignInRefusedError | None:
        for name in _NEEDED:
            if not query.get(name):
                return _malformed(name)
        if query["response_type"] != "code":
            return SignInRefusedError(
                "unsupported_response_type",
                700054,
                f"response_type '{query['response_type']}' is not enabled for the application.",
            )
        if query.get("response_mode", "query") != "query":
            return SignInRefusedError(
                "invalid_request", 0, "The tenant answers by query only: response_mode."
            )
        # Entra asks this of single-page applications alone; this tenant of everybody.
        if query.get("code_challenge_method") != "S256" or not query.get("code_challenge"):
            return SignInRefusedError(
                "invalid_request",
                9002325,
                "Proof Key for Code Exchange is required for authorization code redemption.",
            )
        if query.get("prompt") == "none":
            return SignInRefusedError(
                "login_required",
                50058,
                "A silent sign-in request was sent but no user is signed in.",
            )
        return None

    def choose(self, request: CodeRequest, person: str) -> str:
        """Where the browser of ``person`` (id, principal name or mail) goes, with a new code.

        Raises:
            SignInRefusedError: nobody of that name, or the account is disabled.
        """
        user = self._enabled(person)
        self._given += 1
        code = "1.A" + self._mint.base64url("code", self._given, size=48)
        kept = {
            "client_id": request.client_id,
            "redirect_uri": request.redirect_uri,
            "scopes": request.scopes,
            "nonce": request.nonce,
            "challenge": request.challenge,
            "person": user.id,
            "until": self._clock() + CODE_LASTS,
            "redeemed": False,
        }
        self._storage.put("code", code, kept)
        self._storage.commit()
        session = self._mint.guid("session", self._given)
        return request.back(code=code, session_state=session)

    def decline(self, request: CodeRequest) -> str:
        """Where the browser of somebody goes who does not want to sign in."""
        return request.back(
            error="access_denied",
            error_subcode="cancel",
            error_description="AADSTS65004: User declined to consent to access the app.",
        )

    def people(self, words: str, most: int) -> tuple[list[User], int]:
        """Whom a search finds, those with a role first, and how many there are beyond ``most``."""
        roles = self.roles()
        wanted = words.lower().split()

        def fits(user: User) -> bool:
            told = f"{user.name} {user.mail} {user.title} {user.office}"
            told = " ".join([told, *roles.get(user.id, ())]).lower()
            return all(word in told for word in wanted)

        found = sorted(
            (user for user in self._directory if fits(user)),
            key=lambda user: (user.id not in roles, user.name, user.id),
        )
        return found[:most], max(len(found) - most, 0)

    def roles(self) -> dict[str, tuple[str, ...]]:
        """App roles assigned to people, of all apps, by object id."""
        return {
            who: given
            for app in self._sign_in.apps.values()
            for who, given in app.app_roles.items()
            if given
        }

    def redeem(self, form: Mapping[str, str], origin: str) -> dict[str, Any]:
        """The answer of the token endpoint to an app with a code.

        Raises:
            SignInRefusedError: the app does not prove itself, or the code is none for it.
        """
        app = self._sign_in.proven_app(form, origin)
        if not form.get("code"):
            raise _malformed("code")
        kept = self._storage.get("code", form["code"])
        if kept is None or kept["client_id"] != app.client_id:
            raise _bad_grant(70000, "The provided value for the 'code' parameter is not valid.")
        if kept["redeemed"]:
            raise _bad_grant(
                54005,
                "OAuth2 Authorization code was already redeemed, please retry with a new valid "
                "code or use an existing refresh token.",
            )
        if datetime.fromisoformat(kept["until"]) <= self._clock():
            raise _bad_grant(
                70008,
                "The provided authorization code or refresh token has expired due to inactivity. "
                "Send a new interactive authorization request for this user and resource.",
            )
        if form.get("redirect_uri") != kept["redirect_uri"]:
            raise SignInRefusedError(
                "invalid_client",
                500112,
                f"The reply address '{form.get('redirect_uri')}' does not match the reply address "
                f"'{kept['redirect_uri']}' provided when requesting Authorization code.",
                status=400,
            )
        if _challenge_of(form.get("code_verifier", "")) != kept["challenge"]:
            raise _bad_grant(
                501481,
                "The Code_Verifier does not match the code_challenge supplied in the "
                "authorization request.",
            )
        user = self._enabled(kept["person"])
        self._storage.put("code", form["code"], {**kept, "redeemed": True})
        self._storage.commit()
        return self._tokens(user, kept, origin)

    def token_in_teams(self, person: str, client_id: str, origin: str) -> str:
        """The access token that Teams hands to a tab of ``person``, for the app of the tab.

        As for a registration of token version 2 that exposes ``access_as_user`` and lets Teams
        have it without asking the person.

        Raises:
            SignInRefusedError: no such app, nobody of that name, or the account is disabled.
        """
        user = self._enabled(person)
        kept = {
            "client_id": self._sign_in.app(client_id).client_id,
            "scopes": ("profile",),
            "nonce": None,
        }
        claims = self._claims(user, kept, origin)
        claims |= {"azp": TEAMS_WEB, "azpacr": "0", "scp": "access_as_user"}
        return spoilt(claims, self._behaviour.id_tokens, self._sign_in, self._mint)

    def _tokens(self, user: User, kept: Mapping[str, Any], origin: str) -> dict[str, Any]:
        scopes = [scope for scope in kept["scopes"] if scope != "offline_access"]
        client_id = kept["client_id"]
        answer = {
            "token_type": "Bearer",
            "scope": " ".join(scopes),
            "expires_in": _TOKEN_LASTS - 1,
            "ext_expires_in": _TOKEN_LASTS - 1,
            "access_token": self._sign_in.signed(
                {"aud": GRAPH, "appid": client_id, "idtyp": "user", "oid": user.id, "ver": "1.0"}
            ),
            "client_info": _base64url(
                orjson.dumps({"uid": user.id, "utid": self._sign_in.tenant_id})
            ),
        }
        if "openid" in scopes:
            claims = self._claims(user, kept, origin)
            answer["id_token"] = spoilt(
                claims, self._behaviour.id_tokens, self._sign_in, self._mint
            )
        return answer

    def _claims(self, user: User, kept: Mapping[str, Any], origin: str) -> dict[str, Any]:
        """The claims of a 2.0 ID token; who may do what in the app stands in ``roles``."""
        client_id, now = kept["client_id"], int(self._clock().timestamp())
        claims: dict[str, Any] = {
            "aud": client_id,
            "iss": self._sign_in.issuer(origin),
            "iat": now - _DATED_BACK,
            "nbf": now - _DATED_BACK,
            "exp": now + _TOKEN_LASTS,
            # A name for the person that differs from app to app.
            "sub": self._mint.base64url("subject", client_id, user.id, size=32).rstrip("="),
            "tid": self._sign_in.tenant_id,
            "uti": self._mint.base64url("uti", self._given, size=16).rstrip("="),
            "ver": "2.0",
        }
        if kept["nonce"] is not None:
            claims["nonce"] = kept["nonce"]
        if "profile" in kept["scopes"]:
            claims |= {
                "name": user.name,
                "oid": user.id,
                "preferred_username": user.principal_name,
            }
        roles = self._sign_in.app(client_id).app_roles.get(user.id)
        if roles:
            claims["roles"] = list(roles)
        return claims

    def _enabled(self, person: str) -> User:
        user = self._directory.find(person)
        if user is None:
            raise _bad_grant(
                50034, "The user account does not exist in the directory. Choose another one."
            )
        if not user.enabled:
            raise _bad_grant(50057, "The user account is disabled.")
        return user


def _malformed(name: str) -> SignInRefusedError:
    return SignInRefusedError(
        "invalid_request",
        900144,
        f"The request body must contain the following parameter: '{name}'.",
        status=400,
    )


def _bad_grant(code: int, message: str) -> SignInRefusedError:
    return SignInRefusedError("invalid_grant", code, message, status=400)


def _challenge_of(verifier: str) -> str:
    """The S256 challenge of a verifier (RFC 7636 section 4.2)."""
    return _base64url(hashlib.sha256(verifier.encode()).digest())


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
