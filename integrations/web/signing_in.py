"""Signing in and out: to Entra and back, and a session from then on."""

from __future__ import annotations

import base64
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import orjson
from itsdangerous import BadSignature, Signer
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from integrations.errors import IntegrationError, NotPossibleError, SignInFailedError
from integrations.language import N_, Language, gettext, speaking
from integrations.logs import log_event
from integrations.ports import Identity
from integrations.web import sessions
from integrations.web.frame import (
    address_of,
    asked_language,
    from_elsewhere,
    go,
    is_from_here,
    local_path,
    plain_page,
)
from integrations.web.headers import HEADERS
from integrations.web.limits import Limit
from integrations.workflows.app import App

logger = logging.getLogger(__name__)

BACK_PATH = "/sign-in/back"
_FLOW = "__Host-tandem-flow"
_FLOW_KEEPS = timedelta(minutes=10)
_LONGEST_FLOW = 3_500
_ANSWER = ("code", "state", "error", "error_description", "session_state")
_WORDS = {
    "not_this_browser": N_("This sign-in was begun in another window, or some time ago."),
    "access_denied": N_("You did not let the sign-in go on."),
    "no_account": N_("This account is not in the firm's directory, or is switched off."),
    "wrong_tenant": N_("This account belongs to another organization."),
}
_OTHERWISE = N_("The sign-in could not be completed.")


class NoSignInError(NotPossibleError):
    """The installation has no public address and key yet, so nobody can sign in."""

    remedy = "Set TANDEM_PUBLIC_URL and TANDEM_SIGNING_KEYS; docs/reference/settings.md says how."

    def __init__(self) -> None:
        super().__init__("signing in is not set up here")


@dataclass(slots=True)
class SigningIn:
    """Answers ``/sign-in``, ``/sign-in/back`` and ``/sign-out``.

    Parameters:
        application: gives the open application of the running event loop.
    """

    application: Callable[[], Awaitable[App]]
    limit: Limit = field(default_factory=lambda: Limit(per_minute=20, burst=20))

    def routes(self) -> list[Route]:
        """The routes, none of which asks who somebody is."""
        return [
            Route("/sign-in", self._guarded(self._begin), methods=["GET"]),
            Route(BACK_PATH, self._guarded(self._finish), methods=["GET"]),
            Route("/sign-out", self._guarded(self._end), methods=["POST"]),
            Route("/signed-out", _signed_out, methods=["GET"]),
        ]

    def _guarded(
        self, step: Callable[[App, Request], Awaitable[Response]]
    ) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            with speaking(asked_language(request) or Language()):
                return await self._guard(step, request)

        return answer

    async def _guard(
        self, step: Callable[[App, Request], Awaitable[Response]], request: Request
    ) -> Response:
        try:
            app = await self.application()
            if self.limit.take(address_of(request), app.clock.now()) is not None:
                return plain_page("errors/too_many.html", N_("Please wait a minute"), 429)
            return await step(app, request)
        except SignInFailedError as error:
            return _failed(403, *told_of(error))
        except NotPossibleError as error:
            return _failed(503, f"{error}.", error.remedy)
        except Exception as error:  # noqa: BLE001 - nothing stands above but the host
            return _failed(503, *told_of(error))

    async def _begin(self, app: App, request: Request) -> Response:
        keeper = _keeper(app)
        begun = await app.graph.sign_in.begin(keeper.back_url)
        wanted = local_path(request.query_params.get("next", "/"))
        response = RedirectResponse(begun.url, status_code=303, headers=HEADERS)
        ends = app.clock.now() + _FLOW_KEEPS
        sessions.set_cookie(response, _FLOW, keeper.keep(begun.flow, wanted, ends), _FLOW_KEEPS)
        return response

    async def _finish(self, app: App, request: Request) -> Response:
        now = app.clock.now()
        flow, wanted = _keeper(app).kept(request.cookies.get(_FLOW, ""), now)
        answer = {k: v for k, v in request.query_params.items() if k in _ANSWER}
        identity = await app.graph.sign_in.finish(flow, answer)
        key = await open_session(app, identity, now)
        response = go(wanted)
        sessions.give(response, key)
        sessions.set_cookie(response, _FLOW, "", timedelta(0))
        return response

    async def _end(self, app: App, request: Request) -> Response:
        if not is_from_here(request):
            return from_elsewhere(request)
        key = sessions.key_in(request)
        if key is not None:
            await app.store.run(lambda tx: sessions.end(tx, key))
        response = go("/signed-out")
        sessions.set_cookie(response, sessions.COOKIE, "", timedelta(0))
        sessions.set_cookie(response, sessions.TEAMS_COOKIE, "", timedelta(0), in_teams=True)
        return response


async def open_session(app: App, identity: Identity, now: datetime) -> str:
    """A new session for somebody whose account is in use; its key.

    Raises:
        SignInFailedError: the directory does not know the account, or has switched it off.
    """
    found = await app.graph.directory.standing([identity.directory_id])
    account = found[identity.directory_id]
    if account is None or not account.enabled:
        raise SignInFailedError("no_account")
    return await app.store.run(lambda tx: sessions.begin(tx, identity, account, app.secrets, now))


def told_of(error: Exception) -> tuple[str, str]:
    """What somebody is told of a sign-in that failed, and what would help; the kind is logged."""
    if isinstance(error, SignInFailedError):
        log_event(logger, "sign_in_failed", logging.WARNING, code=error.code)
        return gettext(_WORDS.get(error.code, _OTHERWISE)), gettext(error.remedy)
    log_event(logger, "sign_in_failed", logging.ERROR, code=type(error).__name__)
    return gettext(_OTHERWISE), error.remedy if isinstance(error, IntegrationError) else ""


def _failed(status: int, says: str, remedy: str) -> Response:
    return plain_page(
        "errors/sign_in.html", N_("You are not signed in"), status, says=says, remedy=remedy
    )


async def _signed_out(request: Request) -> Response:
    with speaking(asked_language(request) or Language()):
        return plain_page("errors/signed_out.html", N_("You are signed out"), 200)


# --- what the browser keeps between leaving and coming back -------------------------------


@dataclass(frozen=True, slots=True)
class _Keeper:
    """Signs what the browser keeps, so that it brings back what it was given."""

    back_url: str
    keys: tuple[str, ...] = field(repr=False)

    def keep(self, flow: dict[str, Any], wanted: str, ends: datetime) -> str:
        """The cookie's value."""
        body = orjson.dumps({"flow": flow, "next": wanted, "ends": ends.timestamp()})
        return self._signer.sign(base64.urlsafe_b64encode(body)).decode("ascii")

    def kept(self, value: str, now: datetime) -> tuple[dict[str, Any], str]:
        """What ``keep`` was given. Raises SignInFailedError."""
        try:
            if len(value) > _LONGEST_FLOW:
                raise ValueError
            body = orjson.loads(base64.urlsafe_b64decode(self._signer.unsign(value)))
            if now.timestamp() >= float(body["ends"]):
                raise ValueError
            return dict(body["flow"]), local_path(str(body["next"]))
        except (BadSignature, ValueError, KeyError, TypeError):
            raise SignInFailedError("not_this_browser") from None

    @property
    def _signer(self) -> Signer:
        # The library signs with the last of its keys and takes any of them.
        return Signer(list(reversed(self.keys)), salt="tandem sign-in", digest_method=sha256)


def _keeper(app: App) -> _Keeper:
    if app.links is None:
        raise NoSignInError
    return _Keeper(f"{app.links.public_url.rstrip('/')}{BACK_PATH}", tuple(app.links.keys))
