"""The pages with one question: did the two of you meet, and how was it?

Opened by a personal link, without signing in. Opening it changes nothing, because mail scanners
open links; answering is a POST. What it shows, it shows to the one person it was sent to.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from types import MappingProxyType

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from integrations.errors import FaultsError, IntegrationError, NotPossibleError
from integrations.language import N_, Language, gettext, speaking
from integrations.logs import log_event
from integrations.ports import Transaction
from integrations.web.answers import answer_in, pulse_in
from integrations.web.faults import expected_in
from integrations.web.forms import Form, FormError, read_form
from integrations.web.frame import asked_language
from integrations.web.rendering import render
from integrations.workflows.app import App
from integrations.workflows.attendance.links import DID_YOU_MEET, PATHS, PULSE, LinkEndedError
from integrations.workflows.attendance.pulse import LONGEST_TEXT, say_how_it_was
from integrations.workflows.attendance.questions import Ended, Question, question_of, reader_of
from integrations.workflows.attendance.telling import answer
from integrations.workflows.messages.languages import language_for
from scheduling.attendance.pulse import SCALE

logger = logging.getLogger(__name__)

MET_PATH, PULSE_PATH = (PATHS[purpose] + "/{token}" for purpose in (DID_YOU_MEET, PULSE))
_TEMPLATES = MappingProxyType({DID_YOU_MEET: "met.html", PULSE: "pulse.html"})
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


class QuestionPage:
    """Answers what personal links for one purpose lead to.

    ``application`` opens the application when first needed.
    """

    def __init__(self, application: Callable[[], Awaitable[App]], purpose: str) -> None:
        self._application, self._purpose = application, purpose

    async def show(self, request: Request) -> Response:
        """The question, or why the link asks nothing any more."""
        try:
            app = await self._application()
            with speaking(await _language(app, request)):
                return self._page(await self._question(app, request))
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
        found = await self._question(app, request)
        try:
            if isinstance(found, Ended):
                return self._page(found)
            await self._keep(app, found, form)
        except FaultsError as error:
            expected = expected_in(error.faults[0])
            return self._page(found, gettext("Please give %(expected)s.", expected=expected))
        except LinkEndedError as ended:
            return self._page(Ended(ended.why))
        except NotPossibleError:
            return self._page(found, gettext(_ENDED))
        return RedirectResponse(request.url.path, status_code=303, headers=HEADERS)

    async def _question(self, app: App, request: Request) -> Question | Ended:
        token, now = request.path_params["token"], app.clock.now()
        return await app.store.run(lambda tx: question_of(tx, app, token, self._purpose, now))

    async def _keep(self, app: App, question: Question, form: Form) -> None:
        keep, now = self._kept(app, question, form), app.clock.now()
        await app.store.run(lambda tx: keep(tx, now))

    def _kept(
        self, app: App, question: Question, form: Form
    ) -> Callable[[Transaction, datetime], object]:
        """What keeps the answer of the form. Raises FaultsError where it is none."""
        if self._purpose == PULSE:
            pulse = pulse_in(form)
            return lambda tx, now: say_how_it_was(tx, app, question.link_id, pulse, now)
        said = answer_in(form, question.zone)
        return lambda tx, now: answer(tx, app, question.link_id, said, now)

    def _page(self, found: Question | Ended, fault: str | None = None) -> Response:
        is_open = isinstance(found, Question)
        status = 200 if isinstance(found, Question) else _STATUS[found.why]
        shown = {
            "question": found if is_open else None,
            "why": None if isinstance(found, Question) else found.why,
            "fault": fault,
            "scale": SCALE,
            "longest_text": LONGEST_TEXT,
        }
        text = render(_TEMPLATES[self._purpose], shown)
        return HTMLResponse(text, status_code=400 if fault else status, headers=HEADERS)


async def _language(app: App, request: Request) -> Language:
    """The reader's language, or where the link names nobody, that of the browser."""
    usual = asked_language(request) or Language(app.options.language)
    token = request.path_params["token"]
    reader = await app.store.run(lambda tx: reader_of(tx, app, token))
    return usual if reader is None else language_for(reader, usual.code)


def _later(error: IntegrationError) -> Response:
    log_event(logger, "page_failed", logging.WARNING, error=type(error).__name__)
    return Response(status_code=503, headers={**HEADERS, "Retry-After": "30"})
