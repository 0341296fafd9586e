"""A clock for rehearsals: time passes only while nothing is going on, and then at once.

Calls to the tenant take real time, in which no pretended time may pass: otherwise how fast a
machine is would decide what happens.
"""

from __future__ import annotations

import asyncio
import ssl
from bisect import insort
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import httpx

from integrations.demo.tenant import Control

_TURNS = 20
"""Turns of the event loop in which nothing was called: then nobody is about to call."""
_BREATH_SECONDS = 0.001


class CountedCalls(httpx.AsyncBaseTransport):
    """The way to the tenant, which knows how many calls are under way.

    ``mailed`` is set by every call that sends a mail to somebody.
    """

    def __init__(self, ca_file: str) -> None:
        self._inner = httpx.AsyncHTTPTransport(verify=ssl.create_default_context(cafile=ca_file))
        self.under_way = 0
        self.mailed = asyncio.Event()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request and return its whole answer."""
        with self.one_more():
            response = await self._inner.handle_async_request(request)
            await response.aread()
        if request.url.path.endswith("/sendMail"):
            self.mailed.set()
        return response

    @contextmanager
    def one_more(self) -> Iterator[None]:
        """Something else is under way, during which no pretended time may pass."""
        self.under_way += 1
        try:
            yield
        finally:
            self.under_way -= 1

    async def aclose(self) -> None:
        """Close the connections."""
        await self._inner.aclose()


class TenantClock:
    """The tenant's clock: nobody waits, whoever sleeps moves it on for everybody.

    It moves to the end of the shortest sleep, once no call is under way.
    """

    def __init__(self, control: Control, now: datetime, calls: CountedCalls) -> None:
        self._control, self._now, self._calls = control, now, calls
        self._sleepers: list[datetime] = []

    def now(self) -> datetime:
        """The tenant's time, in UTC."""
        return self._now

    async def sleep(self, length: timedelta) -> None:
        """Return once ``length`` of the tenant's time has passed."""
        due = self._now + length
        insort(self._sleepers, due)
        try:
            while self._now < due:
                await self._quiet()
                if self._now < due == self._sleepers[0]:
                    self._now = self._control.advance(due - self._now)
        finally:
            self._sleepers.remove(due)

    async def _quiet(self) -> None:
        """Wait until whoever can go on has done so and no call is under way."""
        turns, seen = 0, self._now
        while turns < _TURNS or self._now != seen:
            if self._calls.under_way:
                # Real time, for the tenant to answer in.
                await asyncio.sleep(_BREATH_SECONDS)
                turns = 0
            elif self._now != seen:
                # Somebody else's sleep has ended: what they do now comes first.
                turns, seen = 0, self._now
            else:
                await asyncio.sleep(0)
                turns += 1
