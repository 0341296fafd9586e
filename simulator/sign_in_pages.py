"""The pages that people meet when they sign in and out: whom to be, what went wrong, good-bye.

They need no script. The person's choice is a POST to the address of the page, so that the app's
request stands in one place and is looked at again.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from html import escape
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from simulator.directory import User
from simulator.people_sign_in import SentBackError
from simulator.services import Services
from simulator.sign_in import SignInRefusedError

MOST_SHOWN = 40
_SEARCH = "q"


def sign_in_routes(tenant: Services) -> list[Route]:
    """The routes of a tenant's pages."""
    pages = _Pages(tenant)
    root = "/{tenant}/oauth2/v2.0"
    return [
        Route(f"{root}/authorize", pages.ask, methods=["GET"]),
        Route(f"{root}/authorize", pages.take, methods=["POST"]),
        Route(f"{root}/logout", pages.leave, methods=["GET", "POST"]),
    ]


class _Pages:
    def __init__(self, tenant: Services) -> None:
        self._tenant = tenant

    async def ask(self, request: Request) -> Response:
        query = _query(request)
        words = query.pop(_SEARCH, None)
        try:
            self._check_tenant(request)
            asked = self._tenant.people_sign_in.asked(query)
        except SentBackError as refused:
            return RedirectResponse(refused.location, 302)
        except SignInRefusedError as refused:
            return self._refused(refused)
        words = asked.login_hint if words is None else words
        people, more = self._tenant.people_sign_in.people(words, MOST_SHOWN)
        return _page("Who are you?", self._choice(query, words, people, more))

    async def take(self, request: Request) -> Response:
        query = _query(request)
        query.pop(_SEARCH, None)
        form = dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))
        sign_in = self._tenant.people_sign_in
        try:
            self._check_tenant(request)
            asked = sign_in.asked(query)
            if "person" in form:
                return RedirectResponse(sign_in.choose(asked, form["person"]), 303)
            return RedirectResponse(sign_in.decline(asked), 303)
        except SentBackError as refused:
            return RedirectResponse(refused.location, 303)
        except SignInRefusedError as refused:
            return self._refused(refused)

    async def leave(self, request: Request) -> Response:
        """Nobody stays signed in here, so there is nothing to end but the visit."""
        back = _query(request).get("post_logout_redirect_uri", "")
        apps = self._tenant.sign_in.apps.values()
        if back and any(app.sends_back_to(back) for app in apps):
            return RedirectResponse(back, 303)
        return _page("You signed out of your account", "<p>Close this window.</p>")

    def _check_tenant(self, request: Request) -> None:
        named = request.path_params["tenant"].lower()
        if named != self._tenant.tenant_id:
            raise SignInRefusedError("invalid_tenant", 90002, f"Tenant '{named}' not found.")

    def _refused(self, refused: SignInRefusedError) -> Response:
        told = self._tenant.sign_in.refusal_body(refused, self._tenant.next_number())
        words = (
            f"<p>Sorry, but we’re having trouble signing you in.</p><p>{escape(str(refused))}</p>"
        )
        trace = f"<p>Trace ID: {told['trace_id']}<br>Timestamp: {told['timestamp']}</p>"
        return _page("Sign in", words + trace, status=400)

    def _choice(self, query: Mapping[str, str], words: str, people: list[User], more: int) -> str:
        roles = self._tenant.people_sign_in.roles()
        hidden = "".join(
            f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
            for name, value in query.items()
            if name != "login_hint"
        )
        rows = "".join(_row(user, roles.get(user.id, ())) for user in people)
        found = f"<ul>{rows}</ul>" if rows else "<p>Nobody is found by these words.</p>"
        rest = f"<p>{more} more: search for a name, office or title.</p>" if more else ""
        return f"""
<p>A simulated tenant: no password is asked for.</p>
<form method="get" role="search">{hidden}
<label for="q">Name, address, title or office</label>
<input id="q" name="{_SEARCH}" type="search" value="{escape(words)}" autocomplete="off">
<button>Search</button>
</form>
<form method="post" action="?{escape(urlencode(query))}">{found}{rest}
<button name="cancel" value="1">Cancel</button>
</form>"""


def _row(user: User, roles: tuple[str, ...]) -> str:
    told = [user.title, user.office, user.mail, *roles]
    told += [] if user.enabled else ["account disabled"]
    about = " · ".join(escape(part) for part in told if part)
    return (
        f'<li><button name="person" value="{escape(user.id)}" class="person">'
        f"<strong>{escape(user.name)}</strong> <span>{about}</span></button></li>"
    )


def _query(request: Request) -> dict[str, str]:
    return dict(parse_qsl(request.url.query, keep_blank_values=True))


_STYLE = """
:root { color-scheme: light dark; --ink: #242424; --soft: #424242; --ground: #ffffff;
  --line: #616161; --over: #f0f0f0; --focus: #0f6cbd; }
@media (prefers-color-scheme: dark) { :root { --ink: #ffffff; --soft: #d6d6d6;
  --ground: #1f1f1f; --line: #adadad; --over: #333333; --focus: #62abf5; } }
body { margin: 0; font: 1rem/1.5 system-ui, sans-serif; color: var(--ink);
  background: var(--ground); }
main { max-width: 36rem; margin: 0 auto; padding: 1.5rem 1rem; }
h1 { font-size: 1.5rem; line-height: 1.25; }
label { display: block; }
input, button { font: inherit; color: inherit; background: var(--ground); padding: .5rem .75rem;
  border: 1px solid var(--line); border-radius: 4px; min-height: 2.75rem; box-sizing: border-box;
  max-width: 100%; }
button { cursor: pointer; }
button:hover { background: var(--over); }
:focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; }
ul { list-style: none; padding: 0; display: grid; gap: .5rem; }
.person { width: 100%; text-align: left; }
.person span { display: block; color: var(--soft); overflow-wrap: anywhere; }
"""
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_HEADERS = {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; "
    "img-src data:; base-uri 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def _page(title: str, body: str, *, status: int = 200) -> Response:
    html = f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,"><style>{_STYLE}</style></head>
<body><main><h1>{escape(title)}</h1>{body}</main></body></html>
"""
    return Response(html, status, _HEADERS, "text/html")
