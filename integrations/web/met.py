"""The page with one question: did the two of you meet?

Opened by a personal link, without signing in. Opening it changes nothing, because mail scanners
open links; answering is a POST. What it shows, it shows to the one person it was sent to.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from integrations.errors import FaultsError, IntegrationError, NotPossibleError
from integrations.language import N_, Language, gettext, speaking
from integrations.logs import log_event
from integrations.ports import Transaction
from integrations.web.answers import answer_in
from integrations.web.forms import Form, FormError, read_form
from integrations.web.frame import asked_language
from integrations.web.rendering import render
from integrations.workflows.app import App
from integrations.workflows.attendance.links import PATH
from integrations.workflows.attendance.questions import Ended, Question, question_of, reader_of
from integrations.workflows.attendance.telling import LinkEndedError, answer
from integrations.workflows.messages.languages import language_for

logger = logging.getLogger(__name__)

MET_PATH = PATH + "/{token}"
MOST_BYTES = 8 * 1024
_STATUS = {"used": 200, "expired": 410, "unknown": 404}
_ENDED = N_(
    "That cannot have been the meeting: it has to be over, of at most eight hours, and within"
    " sixty days of the date."
)

HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
    # The address of the page is its key: nobody it leads to may learn it.
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
    "Cache-Control": "no-store",
}


class MetPage:
    """Answers ``/met/{token}``; ``application`` opens the application when first needed."""

    def __init__(self, application: Callable[[], Awaitable[App]]) -> None:
        self._application = application

    async def show(self, request: Request) -> Response:
        """The question, or why the link asks nothing any more."""
        try:
            app = await self._application()
            with speaking(await _language(app, request)):
                return _page(await _question(app, request))
        except IntegrationError as error:
            return _later(error)

    async def take(self, request: Request) -> Response:
        """Keep the answer and lead to the thanks; an unclear one is asked again."""
        try:
            form = await read_form(request, most_bytes=MOST_BYTES)
        except FormError as error:
            return Response(status_code=error.status, headers=HEADERS)
        try:
            app = await self._application()
            with speaking(await _language(app, request)):
                return await self._taken(app, request, form)
        except IntegrationError as error:
            return _later(error)

    async def _taken(self, app: App, request: Request, form: Form) -> Response:
        found = await _question(app, request)
        try:
            if isinstance(found, Ended):
                return _page(found)
            await _keep(app, found, form)
        except FaultsError as error:
            expected = gettext(error.faults[0].expected)
            return _page(found, gettext("Please give %(expected)s.", expected=expected))
        except LinkEndedError as ended:
            return _page(Ended(ended.why))
        except NotPossibleError:
            return _page(found, gettext(_ENDED))
        return RedirectResponse(request.url.path, status_code=303, headers=HEADERS)


async def _question(app: App, request: Request) -> Question | Ended:
    token, now = request.path_params["token"], app.clock.now()
    return await app.store.run(lambda tx: question_of(tx, app, token, now))


async def _language(app: App, request: Request) -> Language:
    """The reader's language, or where the link names nobody, that of the browser."""
    usual = asked_language(request) or Language(app.options.language)
    token = request.path_params["token"]
    reader = await app.store.run(lambda tx: reader_of(tx, app, token))
    return usual if reader is None else language_for(reader, usual.code)


async def _keep(app: App, question: Question, form: Form) -> None:
    said = answer_in(form, question.zone)
    now = app.clock.now()

    def record(tx: Transaction) -> None:
        answer(tx, app, question.link_id, said, now)

    await app.store.run(record)


def _page(found: Question | Ended, fault: str | None = None) -> Response:
    is_open = isinstance(found, Question)
    status = 200 if isinstance(found, Question) else _STATUS[found.why]
    shown = {
        "question": found if is_open else None,
        "why": None if isinstance(found, Question) else found.why,
        "fault": fault,
    }
    text = render("met.html", shown)
    return HTMLResponse(text, status_code=400 if fault else status, headers=HEADERS)


def _later(error: IntegrationError) -> Response:
    log_event(logger, "page_failed", logging.WARNING, error=type(error).__name__)
    return Response(status_code=503, headers={**HEADERS, "Retry-After": "30"})
