"""The endpoint that Microsoft Graph tells of changes.

It is open to everybody: what a post says is believed only if it carries its subscription's
secret, and even then it is no more than a hint. Nothing of a request is logged but counts.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response

from integrations.errors import IntegrationError
from integrations.logs import log_event
from integrations.web.inbox import Inbox, InboxFullError
from integrations.web.notices import read_notices
from integrations.workflows.app import App

logger = logging.getLogger(__name__)

MOST_BYTES = 4 * 1024 * 1024
LONGEST_TOKEN = 2048
_PLAIN = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
# Graph asks again for up to four hours after anything but a yes.
_LATER = Response(status_code=503, headers={"Retry-After": "30"})


class GraphWebhook:
    """Answers ``POST /webhooks/graph``; ``application`` opens the application when first needed."""

    def __init__(self, application: Callable[[], Awaitable[App]]) -> None:
        self._application = application
        self._inbox: Inbox | None = None

    async def answer(self, request: Request) -> Response:
        """202 once the hints are rows in the store; the handshake gets its token back."""
        token = request.query_params.get("validationToken")
        if token is not None:
            # Needs nothing of Tandem's, so that a cold start is in time for it.
            return _shaken(token)
        try:
            notices, malformed = read_notices(await _body_of(request))
        except _TooLargeError:
            return Response(status_code=413)
        except ValueError:
            return Response(status_code=400)
        try:
            await (await self._open_inbox()).put(notices, malformed)
        except (IntegrationError, InboxFullError) as error:
            # Sender and host learn that it was not kept, and nothing else.
            log_event(logger, "hints_refused", logging.WARNING, error=type(error).__name__)
            return _LATER
        return Response(status_code=202)

    async def _open_inbox(self) -> Inbox:
        app = await self._application()
        if self._inbox is None or self._inbox.app is not app:
            self._inbox = Inbox(app)
        return self._inbox


class _TooLargeError(Exception):
    """The body is larger than any of Graph's."""


async def _body_of(request: Request) -> bytes:
    parts, size = [], 0
    try:
        async for part in request.stream():
            size += len(part)
            if size > MOST_BYTES:
                raise _TooLargeError
            parts.append(part)
    except ClientDisconnect:
        raise ValueError("the body broke off") from None
    return b"".join(parts)


def _shaken(token: str) -> Response:
    if not 0 < len(token) <= LONGEST_TOKEN:
        return Response(status_code=400)
    return PlainTextResponse(token, headers=_PLAIN)
