"""The tenant in process: an httpx transport, and an HTTP client as msal wants one.

An answer that breaks off becomes the error httpx raises for a lost connection.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode

import httpx
from starlette.types import ASGIApp, Message

_CUT = "the server broke off the connection without sending its whole answer"


class _BrokenError(Exception):
    """The application ended before its answer did."""


async def _exchange(app: ASGIApp, request: httpx.Request, body: bytes) -> tuple[int, Any, bytes]:
    """Status, headers and body of one exchange."""
    url = request.url
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": request.method,
        "headers": [(name.lower(), value) for name, value in request.headers.raw],
        "scheme": url.scheme,
        "path": url.path,
        "raw_path": url.raw_path.split(b"?")[0],
        "query_string": url.query,
        "server": (url.host, url.port),
        "client": ("127.0.0.1", 50000),
        "root_path": "",
    }
    started: list[Message] = []
    parts: list[bytes] = []
    ended = False
    waiting = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        return waiting.pop() if waiting else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        nonlocal ended
        if message["type"] == "http.response.start":
            started.append(message)
        elif message["type"] == "http.response.body":
            parts.append(message.get("body", b""))
            ended = not message.get("more_body", False)

    await app(scope, receive, send)
    if not ended or not started:
        raise _BrokenError
    return started[0]["status"], started[0]["headers"], b"".join(parts)


class TenantTransport(httpx.AsyncBaseTransport):
    """Sends requests to an ASGI application in this process.

    Raises:
        httpx.RemoteProtocolError: a planned fault broke the connection.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The tenant's answer, read to its end."""
        body = await request.aread()
        try:
            status, headers, content = await _exchange(self._app, request, body)
        except _BrokenError:
            raise httpx.RemoteProtocolError(_CUT, request=request) from None
        return httpx.Response(status, headers=headers, content=content, request=request)


class TenantHttpClient:
    """``get`` and ``post`` as msal calls them, answered in process and at once.

    Only for the sign-in: there nothing waits. A call that would have to wait
    raises ``RuntimeError``.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    def get(
        self,
        url: str,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        **_: object,
    ) -> httpx.Response:
        """Send a GET."""
        return self._send(httpx.Request("GET", url, params=params, headers=headers))

    def post(
        self,
        url: str,
        params: Mapping[str, str] | None = None,
        data: Mapping[str, Any] | str | None = None,
        headers: Mapping[str, str] | None = None,
        **_: object,
    ) -> httpx.Response:
        """Send a POST; a mapping goes as a form."""
        content = urlencode(data) if isinstance(data, Mapping) else data
        form = {"content-type": "application/x-www-form-urlencoded", **(headers or {})}
        return self._send(httpx.Request("POST", url, params=params, content=content, headers=form))

    def close(self) -> None:
        """Nothing is held open."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _send(self, request: httpx.Request) -> httpx.Response:
        exchange = _exchange(self._app, request, request.read())
        try:
            exchange.send(None)
        except StopIteration as done:
            status, headers, content = done.value
            return httpx.Response(status, headers=headers, content=content, request=request)
        except _BrokenError:
            raise httpx.RemoteProtocolError(_CUT, request=request) from None
        exchange.close()
        raise RuntimeError(f"{request.method} {request.url.path} would have to wait")
