"""Where a tab of Teams begins: Teams says who somebody is, and a session is opened for them.

The page asks Teams for an access token of Entra for Tandem's own registration, as TeamsJS does it,
and posts it here as a form of our own pages. It is verified like any caller's of the API, and has
to have been given to Teams: what another app was given opens no session that outlasts the token.
Nothing is asked of Graph in the person's name, so the token is traded for no other.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from integrations.errors import SignInFailedError
from integrations.language import N_, Language, speaking
from integrations.web import sessions
from integrations.web.forms import FormError, read_form
from integrations.web.frame import (
    address_of,
    asked_language,
    go,
    is_from_here,
    local_path,
    plain_page,
)
from integrations.web.headers import HEADERS, TEAMS_PATH, let_teams_frame
from integrations.web.limits import Limit
from integrations.web.signing_in import open_session, told_of
from integrations.workflows.app import App

SIGN_IN_PATH = f"{TEAMS_PATH}/sign-in"
TEAMS_CLIENTS = frozenset(
    {
        "1fec8e78-bce4-4aaf-ab1b-5451cc387264",  # Teams for desktops and phones
        "5e3ce6c0-2b1f-4285-8d4b-75ee78787346",  # Teams in a browser
    }
)
"""The apps as which Teams asks Entra for tokens; the registration allows them beforehand.

``infra/permissions/register-app.ps1`` names the same. Source: Microsoft Teams platform, "Configure
your app in Microsoft Entra ID" for tabs.
"""
_MOST_BYTES = 32 * 1024


@dataclass(slots=True)
class TeamsTab:
    """Answers ``/teams`` and ``/teams/sign-in``.

    Parameters:
        application: gives the open application of the running event loop.
    """

    application: Callable[[], Awaitable[App]]
    # A firm begins its day behind one address, and here nobody types a password.
    limit: Limit = field(default_factory=lambda: Limit(per_minute=600, burst=300))

    def routes(self) -> list[Route]:
        """The routes, neither of which asks who somebody is."""
        return [
            Route(TEAMS_PATH, self.show, methods=["GET"]),
            Route(SIGN_IN_PATH, self.take, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """The page that has Teams sign somebody in, then goes on to ``next``."""
        wanted = local_path(request.query_params.get("next", "/"))
        with speaking(asked_language(request) or Language()):
            page = plain_page("teams.html", N_("Signing in"), 200, next=wanted, in_teams=True)
        return let_teams_frame(page)

    async def take(self, request: Request) -> Response:
        """Open a session for whom the token names."""
        with speaking(asked_language(request) or Language()):
            return await self._told(request)

    async def _told(self, request: Request) -> Response:
        if not is_from_here(request):
            return plain_page("errors/refused_elsewhere.html", N_("Not carried out"), 403)
        try:
            return let_teams_frame(await self._take(request))
        except FormError as error:
            return Response(status_code=error.status, headers=HEADERS)
        except SignInFailedError as error:
            return _failed(403, error)
        except Exception as error:  # noqa: BLE001 - nothing stands above but the host
            return _failed(503, error)

    async def _take(self, request: Request) -> Response:
        app = await self.application()
        now = app.clock.now()
        if self.limit.take(address_of(request), now) is not None:
            return plain_page("errors/too_many.html", N_("Please wait a minute"), 429)
        form = await read_form(request, most_bytes=_MOST_BYTES)
        token = form.get("token")
        if not token.isascii():
            raise SignInFailedError("bad_token")
        identity = await app.graph.sign_in.bearer(token)
        if identity.is_app or identity.asked_by not in TEAMS_CLIENTS:
            raise SignInFailedError("not_by_teams")
        response = go(local_path(form.get("next", "/")))
        sessions.give(response, await open_session(app, identity, now), in_teams=True)
        return response


def _failed(status: int, error: Exception) -> Response:
    says, remedy = told_of(error)
    page = plain_page(
        "errors/teams_sign_in.html",
        N_("You are not signed in"),
        status,
        says=says,
        remedy=remedy,
        in_teams=True,
    )
    return let_teams_frame(page)
