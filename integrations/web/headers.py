"""What every answer carries, and who may show a page of ours within one of theirs."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from integrations.web import sessions

HEADERS: Mapping[str, str] = MappingProxyType(
    {
        "Content-Security-Policy": (
            "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
            "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        ),
        "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "X-Robots-Tag": "noindex",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
        "Cache-Control": "no-store",
    }
)

TEAMS_PATH = "/teams"
"""Where a tab of Teams begins and, once its session is over, begins again."""
TEAMS_HOSTS = (
    "https://teams.microsoft.com",
    "https://*.teams.microsoft.com",
    "https://teams.cloud.microsoft",
)
"""Where Teams is at home, in a browser and in its own windows.

Source: Microsoft Teams platform, "Tab requirements", the hosts of Teams alone.
"""
THEME_COOKIE = "__Host-tandem-theme"
"""The theme that Teams last told a tab; the script there sets it, so that no page flickers."""
_THEMES = {"default": "light", "dark": "dark", "contrast": "contrast", "glass": "dark"}
_NOBODY = "frame-ancestors 'none'"


def let_teams_frame(response: Response) -> Response:
    """The answer, as one that Teams may show in a tab, and nobody else in anything."""
    policy = response.headers["Content-Security-Policy"]
    hosts = f"frame-ancestors {' '.join(TEAMS_HOSTS)}"
    response.headers["Content-Security-Policy"] = policy.replace(_NOBODY, hosts)
    # It knows no list of hosts; browsers that know the policy go by that.
    del response.headers["X-Frame-Options"]
    return response


def as_asked(request: Request, response: Response) -> Response:
    """The answer to a request: what somebody opens in a tab of Teams may be framed by Teams."""
    return let_teams_frame(response) if sessions.is_in_teams(request) else response


def tab_of(request: Request) -> dict[str, Any]:
    """What a page has to know of where it is shown: whether in a tab of Teams, in which theme."""
    in_teams = sessions.is_in_teams(request)
    theme = _THEMES.get(request.cookies.get(THEME_COOKIE, "")) if in_teams else None
    return {"in_teams": in_teams, "theme": theme}
