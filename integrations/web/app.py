"""Everything that Tandem answers over HTTP, as one ASGI application."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from integrations.language import N_, Language, speaking
from integrations.web import home, pair, wishing
from integrations.web.api import acts as api_acts
from integrations.web.api import installation as api_installation
from integrations.web.api import needs as api_needs
from integrations.web.api import pairs as api_pairs
from integrations.web.api import programs as api_programs
from integrations.web.api import roster as api_roster
from integrations.web.api import rule as api_rule
from integrations.web.api import wishes as api_wishes
from integrations.web.api.endpoint import ROOT, Endpoint
from integrations.web.api.frame import ApiFrame
from integrations.web.api.problems import problem, sent
from integrations.web.console import (
    asking_hours,
    exports,
    health,
    importing,
    journal,
    launch,
    needs,
    pairs,
    programs,
    rule,
    rule_trial,
    settings,
    sponsor,
    surveys,
    texts,
    wishes,
    writing,
)
from integrations.web.console import pair as console_pair
from integrations.web.frame import Frame, asked_language, plain_page
from integrations.web.headers import HEADERS
from integrations.web.met import MET_PATH, PULSE_PATH, QuestionPage
from integrations.web.page import Page
from integrations.web.rendering import static_files
from integrations.web.signing_in import SigningIn
from integrations.web.teams_tab import TeamsTab
from integrations.web.webhook import GraphWebhook
from integrations.workflows.app import App
from integrations.workflows.attendance.links import DID_YOU_MEET, PULSE

WEBHOOK_PATH = "/webhooks/graph"
_FOR_GOOD = "public, max-age=31536000, immutable"
_MODULES = (
    home,
    pair,
    programs,
    pairs,
    sponsor,
    exports,
    journal,
    health,
    launch,
    rule,
    rule_trial,
    asking_hours,
    importing,
    settings,
    texts,
    writing,
    needs,
    console_pair,
    wishing,
    wishes,
    surveys,
)
_API = (
    api_wishes,
    api_programs,
    api_pairs,
    api_acts,
    api_needs,
    api_rule,
    api_roster,
    api_installation,
)


def pages() -> tuple[Page, ...]:
    """Every page there is: the only list of them."""
    return tuple(page for module in _MODULES for page in module.PAGES)


def endpoints() -> tuple[Endpoint, ...]:
    """Every endpoint of the JSON API there is: the only list of them."""
    return tuple(endpoint for module in _API for endpoint in module.ENDPOINTS)


def asgi_app(application: Callable[[], Awaitable[App]]) -> Starlette:
    """The ASGI application. Nothing is opened before the first request that needs it.

    Parameters:
        application: gives the open application of the running event loop, the same each time.
    """
    webhook = GraphWebhook(application)
    met, pulse = QuestionPage(application, DID_YOU_MEET), QuestionPage(application, PULSE)
    return Starlette(
        routes=[
            Route(WEBHOOK_PATH, webhook.answer, methods=["POST"]),
            Route(MET_PATH, met.show, methods=["GET"]),
            Route(MET_PATH, met.take, methods=["POST"]),
            Route(PULSE_PATH, pulse.show, methods=["GET"]),
            Route(PULSE_PATH, pulse.take, methods=["POST"]),
            Route("/static/{name}", _static, methods=["GET"]),
            *SigningIn(application).routes(),
            *TeamsTab(application).routes(),
            *ApiFrame(application, endpoints()).routes(),
            *Frame(application).routes(pages()),
        ],
        exception_handlers={404: _not_found, 405: _wrong_method},
    )


async def _static(request: Request) -> Response:
    file = static_files().get(request.path_params["name"])
    if file is None:
        return await _not_found(request, None)
    headers = {**HEADERS, "ETag": f'"{file.digest}"'}
    if request.query_params.get("v") == file.digest:
        headers["Cache-Control"] = _FOR_GOOD
    return Response(file.data, media_type=file.media_type, headers=headers)


async def _not_found(request: Request, error: object) -> Response:
    if _is_api(request):
        return sent(problem("not_found", "No such address."))
    with speaking(asked_language(request) or Language()):
        return plain_page("errors/not_found.html", N_("Not found"), 404)


async def _wrong_method(request: Request, error: object) -> Response:
    headers = getattr(error, "headers", None) or {}
    if _is_api(request):
        answer = sent(problem("wrong_method", "The address is there, for another method."))
        answer.headers.update(headers)
        return answer
    return Response(status_code=405, headers={**HEADERS, **headers})


def _is_api(request: Request) -> bool:
    return request.url.path == ROOT or request.url.path.startswith(f"{ROOT}/")
