"""The page with one question: did the two of you meet?

Opened by a personal link, without signing in. Opening it changes nothing, because mail scanners
open links; answering is a POST. What it shows, it shows to the one person it was sent to.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from integrations.errors import IntegrationError, NotPossibleError
from integrations.logs import log_event
from integrations.ports import Transaction
from integrations.web.rendering import render
from integrations.workflows.app import App
from integrations.workflows.attendance.links import PATH
from integrations.workflows.attendance.questions import Ended, Question, question_of
from integrations.workflows.attendance.telling import Answer, LinkEndedError, answer
from scheduling.attendance.evidence import Said
from scheduling.errors import SchedulingError
from scheduling.timespan import TimeSpan

logger = logging.getLogger(__name__)

MET_PATH = PATH + "/{token}"
MOST_BYTES = 8 * 1024
_MOST_FIELDS = 20
_FORM = "application/x-www-form-urlencoded"
_LONGEST_MINUTES = 480
_STATUS = {"used": 200, "expired": 410, "unknown": 404}
_ENDED = (
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


class UnclearAnswerError(Exception):
    """The form does not say what its sender means; ``says`` tells them what is missing."""

    def __init__(self, says: str) -> None:
        self.says = says
        super().__init__(says)


class MetPage:
    """Answers ``/met/{token}``; ``application`` opens the application when first needed."""

    def __init__(self, application: Callable[[], Awaitable[App]]) -> None:
        self._application = application

    async def show(self, request: Request) -> Response:
        """The question, or why the link asks nothing any more."""
        try:
            app = await self._application()
            found = await _question(app, request)
        except IntegrationError as error:
            return _later(error)
        return _page(found)

    async def take(self, request: Request) -> Response:
        """Keep the answer and lead to the thanks; an unclear one is asked again."""
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
            return Response(status_code=415, headers=HEADERS)
        try:
            form = await _form_of(request)
        except ValueError:
            return Response(status_code=413, headers=HEADERS)
        try:
            app = await self._application()
            found = await _question(app, request)
            if isinstance(found, Ended):
                return _page(found)
            await _keep(app, found, form)
        except UnclearAnswerError as unclear:
            return _page(found, unclear.says)
        except LinkEndedError as ended:
            return _page(Ended(ended.why))
        except NotPossibleError:
            return _page(found, _ENDED)
        except IntegrationError as error:
            return _later(error)
        return RedirectResponse(request.url.path, status_code=303, headers=HEADERS)


def read_answer(form: Mapping[str, str], zone: str) -> Answer:
    """What a form says. Raises UnclearAnswerError."""
    said, in_person = form.get("said"), form.get("in_person") == "yes"
    if said == "not_met":
        return Answer(said=Said.NOT_MET)
    if said == "met":
        return Answer(said=Said.MET, in_person=in_person)
    if said == "elsewhere":
        return Answer(said=Said.MET, span=_span_in(form, zone), in_person=in_person)
    raise UnclearAnswerError("Please choose one of the answers.")


def _span_in(form: Mapping[str, str], zone: str) -> TimeSpan:
    try:
        local = datetime.fromisoformat(f"{form.get('day', '')}T{form.get('start', '')}")
        minutes = int(form.get("minutes", ""))
        if local.tzinfo is not None or not 1 <= minutes <= _LONGEST_MINUTES:
            raise ValueError
        start = local.replace(tzinfo=ZoneInfo(zone)).astimezone(ZoneInfo("UTC"))
        return TimeSpan(start, start + timedelta(minutes=minutes))
    except (ValueError, OverflowError, SchedulingError):
        raise UnclearAnswerError("Please give date, time and minutes of the meeting.") from None


async def _question(app: App, request: Request) -> Question | Ended:
    token, now = request.path_params["token"], app.clock.now()
    return await app.store.run(lambda tx: question_of(tx, app, token, now))


async def _keep(app: App, question: Question, form: Mapping[str, str]) -> None:
    said = read_answer(form, question.zone)
    now = app.clock.now()

    def record(tx: Transaction) -> None:
        answer(tx, app, question.link_id, said, now)

    await app.store.run(record)


async def _form_of(request: Request) -> dict[str, str]:
    """The fields of the body. Raises ValueError: too large, or none of a form."""
    body = b""
    try:
        async for part in request.stream():
            body += part
            if len(body) > MOST_BYTES:
                raise ValueError("too large")
    except ClientDisconnect:
        raise ValueError("the body broke off") from None
    text = body.decode("utf-8", errors="replace")
    return dict(parse_qsl(text, max_num_fields=_MOST_FIELDS))


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
