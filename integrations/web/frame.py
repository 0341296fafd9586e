"""What every page has in common: who asks, whether they may, and how the answer leaves."""

from __future__ import annotations

import base64
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from integrations.errors import (
    Fault,
    FaultsError,
    IntegrationError,
    NotPossibleError,
    ReadOnlyModeError,
)
from integrations.language import N_, Language, accepted_code, gettext, known_code, speaking
from integrations.logs import log_event
from integrations.page_records import Wave, WebSession
from integrations.ports import Transaction
from integrations.records import Need, Pair, Program, Session
from integrations.web import sessions
from integrations.web.access import NEEDED, Answer, Viewer, Who, may, viewer_of
from integrations.web.faults import expected_in, given_in
from integrations.web.forms import Form, FormError, plain, read_form
from integrations.web.headers import HEADERS, TEAMS_PATH, as_asked, tab_of
from integrations.web.limits import Limit
from integrations.web.page import Act, Go, NoSuchPageError, Page, Sent, Show, Shown, Visit
from integrations.web.rendering import render
from integrations.workflows.app import App
from integrations.workflows.looking.watch import last_look_at
from integrations.workflows.messages.languages import language_for
from integrations.workflows.planning.calendar_age import old_calendars
from integrations.writing import is_stopped

logger = logging.getLogger(__name__)

_TOO_LARGE = 413
_SAID = "__Host-tandem-said"
_SAID_KEEPS = timedelta(minutes=2)
_LONGEST_SAID = 600


@dataclass(slots=True)
class Frame:
    """Answers requests for pages.

    Parameters:
        application: gives the open application of the running event loop.
    """

    application: Callable[[], Awaitable[App]]
    by_session: Limit = field(default_factory=lambda: Limit(per_minute=240, burst=120))
    by_address: Limit = field(default_factory=lambda: Limit(per_minute=60, burst=60))

    def routes(self, pages: Sequence[Page]) -> list[Route]:
        """The routes of these pages: GET shows, POST acts."""
        routes = []
        for page in pages:
            routes.append(Route(page.path, self._shows(page), methods=["GET"]))
            routes += [Route(a.path, self._acts(page, a), methods=["POST"]) for a in page.acts]
        return routes

    def _shows(self, page: Page) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            return as_asked(request, await self._answer(request, page, page.who, page.show))

        return answer

    def _acts(self, page: Page, act: Act) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            return as_asked(request, await take(request))

        async def take(request: Request) -> Response:
            if not is_from_here(request):
                return from_elsewhere(request)
            try:
                form = await read_form(request, uploads=act.uploads)
            except FormError as error:
                return _unread(request, error)
            return await self._answer(request, page, act.who or page.who, act.do, form)

        return answer

    async def _answer(
        self, request: Request, page: Page, who: Who, show: Show, form: Form | None = None
    ) -> Response:
        around: _Around | None = None
        language = asked_language(request)
        try:
            app = await self.application()
            language = language or Language(app.options.language)
            now = app.clock.now()
            waits = self._waits(request, now)
            if waits is not None:
                with speaking(language):
                    return _too_many(waits)
            around = await _around(app, request, now)
            if around is None:
                return _to_sign_in(request)
            language = around.language or language
            asked = Asked(_path_of(request), _query_of(request), form or Form())
            with speaking(language):
                visit = await visit_of(app, around.viewer, who, asked)
                return self._told(request, page, around, visit, await show(visit))
        except Exception as error:  # noqa: BLE001 - nothing stands above a page but the host
            with speaking(language or Language()):
                return _refusal(error, around)

    def _waits(self, request: Request, now: datetime) -> timedelta | None:
        key = sessions.key_in(request)
        if key is not None:
            return self.by_session.take(sessions.hash_of(key), now)
        return self.by_address.take(address_of(request), now)

    def _told(
        self,
        request: Request,
        page: Page,
        around: _Around,
        visit: Visit,
        told: Shown | Go | Sent,
    ) -> Response:
        if isinstance(told, Go):
            return go(told.path, told.said, in_teams=sessions.is_in_teams(request))
        if isinstance(told, Sent):
            return _file(told)
        context = {
            **around.context,
            "visit": visit,
            "now": visit.now,
            "title": told.title or gettext(page.title),
            "section": page.section,
            "said": _said(request),
            **told.data,
        }
        part = visit.query.get("part") if "hx-request" in request.headers else None
        response = HTMLResponse(
            render(told.template or page.template, context, part), told.status, headers=HEADERS
        )
        if part is None and _SAID in request.cookies:
            in_teams = sessions.is_in_teams(request)
            sessions.set_cookie(response, _SAID, "", timedelta(0), in_teams=in_teams)
        return response


@dataclass(frozen=True, slots=True)
class _Around:
    """What is known of a request before its page is asked for."""

    session: WebSession
    viewer: Viewer
    language: Language | None
    context: Mapping[str, Any]


async def _around(app: App, request: Request, now: datetime) -> _Around | None:
    """Who asks, and what stands on every page; None if nobody is signed in."""
    key = sessions.key_in(request)
    if key is None:
        return None

    def look(tx: Transaction) -> _Around | None:
        session = sessions.find(tx, key, now)
        if session is None:
            return None
        viewer = viewer_of(tx, session)
        found = (tx.programs.get(key) for key in sorted(viewer.coordinates))
        read_at = last_look_at(tx)
        context = {
            **tab_of(request),
            "viewer": viewer,
            "programs": sorted((p for p in found if p is not None), key=lambda p: p.name),
            "calendars_read_at": read_at,
            "calendars": old_calendars(read_at, now) if viewer.is_coordinator else None,
            "needs_waiting": tx.needs.count_waiting(viewer.coordinates, now),
            "read_only": app.options.read_only,
            "writing_stopped": app.options.read_only or is_stopped(tx),
        }
        return _Around(session, viewer, _own_language(tx, viewer), context)

    return await app.store.run(look)


def _own_language(tx: Transaction, viewer: Viewer) -> Language | None:
    """The language of the viewer's mailbox, if they are a participant and Tandem speaks it."""
    person = tx.participants.get(viewer.person_id) if viewer.person_id else None
    code = known_code(person.language) if person else None
    return language_for(person, code) if person and code else None


def _path_of(request: Request) -> dict[str, str]:
    return {name: str(value) for name, value in request.path_params.items()}


def _query_of(request: Request) -> dict[str, str]:
    return {plain(name): plain(value) for name, value in request.query_params.items()}


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request brings along besides who makes it."""

    path: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    form: Form = field(default_factory=Form)


async def visit_of(app: App, viewer: Viewer, who: Who, asked: Asked) -> Visit:
    """The request with what its path names: the one place where it is decided who may.

    Raises:
        NoSuchPageError, NotForYouError
    """
    named = await app.store.run(lambda tx: _named(tx, asked.path))
    answer = may(who, viewer, named.program, named.pair)
    if answer is Answer.NOT_FOR_YOU:
        raise NotForYouError(who)
    if answer is Answer.NOT_FOUND or not named.is_whole:
        raise NoSuchPageError("no such page")
    return Visit(
        app=app,
        viewer=viewer,
        now=app.clock.now(),
        path=asked.path,
        query=asked.query,
        form=asked.form,
        program=named.program,
        pair=named.pair,
        need=named.need,
        wave=named.wave,
        session=named.session,
        as_person=viewer.person_in(named.pair) if named.pair else None,
        is_assistant=named.pair is not None and viewer.assists_in(named.pair),
    )


@dataclass(frozen=True, slots=True)
class _Named:
    """What a path names; ``is_whole`` unless some of it is missing or belongs elsewhere."""

    program: Program | None
    pair: Pair | None
    need: Need | None
    wave: Wave | None
    session: Session | None
    is_whole: bool


def _named(tx: Transaction, path: Mapping[str, str]) -> _Named:
    def found(name: str, table: Any) -> Any:
        # No id has such a character, and PostgreSQL does not even take one to look for it.
        return table.get(path[name]) if name in path and path[name].isprintable() else None

    need, wave, session = (
        found("need", tx.needs),
        found("wave", tx.waves),
        found("session", tx.sessions),
    )
    pair = found("pair", tx.pairs)
    if "pair" not in path and (need or session):
        pair = tx.pairs.get((need or session).pair_id)
    program = found("program", tx.programs)
    if "program" not in path and (pair or wave):
        program = tx.programs.get((pair or wave).program_id)
    things = {"need": need, "wave": wave, "session": session, "pair": pair, "program": program}
    is_whole = (
        all(things[name] is not None for name in path if name in things)
        and all(each.pair_id == pair.id for each in (need, session) if each and pair)
        and all(each.program_id == program.id for each in (pair, wave) if each and program)
    )
    return _Named(program, pair, need, wave, session, is_whole)


class NotForYouError(Exception):
    """What was asked for is for people with another role."""

    def __init__(self, who: Who) -> None:
        self.who = who
        super().__init__(who.name)


# --- what leaves ----------------------------------------------------------------------------


def go(path: str, said: str | None = None, *, in_teams: bool = False) -> Response:
    """Answer 303, so that the next page is asked for anew; ``path`` is one of ours."""
    response = RedirectResponse(path, status_code=303, headers=HEADERS)
    if said is not None:
        kept = base64.urlsafe_b64encode(said[:_LONGEST_SAID].encode()).decode()
        sessions.set_cookie(response, _SAID, kept, _SAID_KEEPS, in_teams=in_teams)
    return response


def plain_page(template: str, title: str, status: int, **context: Any) -> Response:
    """A page about an error, for whoever asked."""
    known: dict[str, Any] = {
        "viewer": None,
        "programs": [],
        "needs_waiting": 0,
        "read_only": False,
        "writing_stopped": False,
        "section": "",
        "said": None,
        "in_teams": False,
        "theme": None,
    }
    text = render(template, {**known, "visit": None, "title": gettext(title), **context})
    return HTMLResponse(text, status, headers=HEADERS)


def asked_language(request: Request) -> Language | None:
    """The first language the browser asks for that Tandem speaks."""
    code = accepted_code(request.headers.get("accept-language", ""))
    return None if code is None else Language(code)


def is_from_here(request: Request) -> bool:
    """Whether a form comes from our own pages, as the browser says.

    Every browser of today sends ``Sec-Fetch-Site``; ``Origin`` is asked for those that do not.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = request.headers.get("origin")
    return origin is not None and urlsplit(origin).netloc == request.headers.get("host")


def from_elsewhere(request: Request) -> Response:
    """The refusal of a form that does not come from our own pages."""
    with speaking(asked_language(request) or Language()):
        return plain_page("errors/refused_elsewhere.html", N_("Not carried out"), 403)


def _unread(request: Request, error: FormError) -> Response:
    """The page about a form that cannot be read; who sent it is not asked."""
    too_large = N_("What was sent is larger than this page takes.")
    no_form = N_("What was sent could not be read.")
    with speaking(asked_language(request) or Language()):
        is_large = error.status == _TOO_LARGE
        return plain_page(
            "errors/refused.html",
            N_("Nothing was changed"),
            error.status,
            says=gettext(too_large if is_large else no_form),
            remedy=gettext(N_("A file may have 8 MB at most.")) if is_large else None,
        )


def address_of(request: Request) -> str:
    """Who asks, as far as the network tells; proxies in front add theirs."""
    told = request.headers.get("x-forwarded-for", "").rpartition(",")[2].strip()
    return told or (request.client.host if request.client else "unknown")


def local_path(path: str) -> str:
    """``path`` if it is one of ours to go to, otherwise the start."""
    is_ours = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if is_ours and len(path) <= 500 else "/"


def _to_sign_in(request: Request) -> Response:
    # Entra's own page is shown in no frame, so a tab goes to where Teams signs people in.
    begins = TEAMS_PATH if _is_in_a_frame(request) else "/sign-in"
    if "hx-request" in request.headers:
        return Response(status_code=401, headers={**HEADERS, "HX-Redirect": begins})
    if request.method != "GET":
        return go(begins)
    asked = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return go(f"{begins}?next={quote(local_path(asked), safe='')}")


def _is_in_a_frame(request: Request) -> bool:
    return sessions.is_in_teams(request) or request.headers.get("sec-fetch-dest") == "iframe"


def _too_many(waits: timedelta) -> Response:
    response = plain_page("errors/too_many.html", N_("Please wait a minute"), 429)
    response.headers["Retry-After"] = str(int(waits.total_seconds()) + 1)
    return response


def _file(sent: Sent) -> Response:
    headers = dict(HEADERS)
    if sent.filename is not None:
        headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(sent.filename)}"
    return Response(sent.body, media_type=sent.media_type, headers=headers)


def _said(request: Request) -> str | None:
    try:
        kept = base64.urlsafe_b64decode(request.cookies.get(_SAID, "").encode("ascii"))
        return kept.decode() or None
    except ValueError:
        return None


def _in_words(fault: Fault) -> str:
    expected, given = expected_in(fault), given_in(fault)
    if given is None:
        return gettext("%(where)s: expected %(expected)s", where=fault.where, expected=expected)
    return gettext(
        "%(where)s: expected %(expected)s, got %(given)s",
        where=fault.where,
        expected=expected,
        given=given,
    )


def _refusal(error: Exception, around: _Around | None) -> Response:
    """The page about an error; what is not ours to explain is logged by its kind alone."""
    context = {} if around is None else dict(around.context)
    match error:
        case NoSuchPageError():
            return plain_page("errors/not_found.html", N_("Not found"), 404, **context)
        case NotForYouError():
            needed = gettext(NEEDED.get(error.who, N_("people with another role")))
            context |= {"needed": needed, "is_of_pair": error.who is Who.PARTICIPANT}
            return plain_page("errors/not_for_you.html", N_("Not for you"), 403, **context)
        case FaultsError():
            faults = [_in_words(fault) for fault in error.faults]
            context |= {"faults": faults, "says": None, "remedy": gettext(error.remedy)}
            return plain_page("errors/refused.html", N_("Nothing was changed"), 400, **context)
        case NotPossibleError() | ReadOnlyModeError():
            says = f"{error}."
            says = says[:1].upper() + says[1:]
            context |= {"faults": (), "says": says, "remedy": gettext(error.remedy)}
            return plain_page("errors/refused.html", N_("Nothing was changed"), 409, **context)
        case IntegrationError():
            log_event(logger, "page_failed", logging.WARNING, error=type(error).__name__)
            context |= {"remedy": gettext(error.remedy)}
            response = plain_page("errors/later.html", N_("Please try again"), 503, **context)
            response.headers["Retry-After"] = "30"
            return response
        case _:
            log_event(logger, "page_failed", logging.ERROR, error=type(error).__name__)
            context |= {"is_ours": True}
            return plain_page("errors/later.html", N_("Something went wrong"), 500, **context)
