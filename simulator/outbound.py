"""What the tenant itself calls: the webhooks of those who subscribed."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

import httpx


class NoAnswerError(Exception):
    """An endpoint gave no answer; ``why`` tells a broken connection from a late answer."""

    def __init__(self, url: str, why: Literal["unreachable", "too late"]) -> None:
        self.url, self.why = url, why
        super().__init__(f"{url}: {why}")


@dataclass(frozen=True, slots=True)
class Heard:
    """An endpoint's answer. ``media_type`` is lower case and without parameters."""

    status: int
    media_type: str
    text: str

    @property
    def is_taken(self) -> bool:
        """Whether the endpoint took what it was given."""
        return 200 <= self.status < 300


async def post(
    transport: httpx.AsyncBaseTransport | None,
    url: str,
    content: bytes,
    media_type: str,
    within: timedelta,
) -> Heard:
    """POST something to an endpoint and hear it out; time passes on the event loop's clock.

    Parameters:
        transport: the way out; None: there is none.

    Raises:
        NoAnswerError: nobody answered, or not ``within`` that time.
    """
    if transport is None:
        raise NoAnswerError(url, "unreachable")
    request = httpx.Request("POST", url, headers={"Content-Type": media_type}, content=content)
    try:
        async with asyncio.timeout(within.total_seconds()):
            response = await transport.handle_async_request(request)
            try:
                body = await response.aread()
            finally:
                await response.aclose()
    except TimeoutError:
        raise NoAnswerError(url, "too late") from None
    except (httpx.HTTPError, OSError):
        raise NoAnswerError(url, "unreachable") from None
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    return Heard(response.status_code, kind, body.decode("utf-8", "replace"))
