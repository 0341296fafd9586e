"""A clock for rehearsals: time passes only while nothing is going on, and then at once.

Calls to the tenant take real time, in which no pretended time may pass: otherwise how fast a
machine is would decide what happens.
"""

from __future__ import annotations

import asyncio
import ssl
from bisect import insort
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import httpx

from integrations.demo.tenant import Control

_TURNS = 20
"""Turns of the event loop in which nothing was called: then nobody is about to call."""
_BREATH_SECONDS = 0.001
_UNTOLD = timedelta(seconds=1)
"""A pause as short as this tells the tenant nothing unless a call follows it."""


class CountedCalls(httpx.AsyncBaseTransport):
    """The way to the tenant, which knows how many calls are under way.

    ``mailed`` is set by every call that sends a mail to somebody. ``beforehand`` is done before
    each call goes out.
    """

    def __init__(self, ca_file: str) -> None:
        self._inner = httpx.AsyncHTTPTransport(verify=ssl.create_default_context(cafile=ca_file))
        self.under_way = 0
        self.mailed = asyncio.Event()
        self.beforehand: Callable[[], None] | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request and return its whole answer."""
        if self.beforehand is not None:
            self.beforehand()
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

    It moves to the end of the shortest sleep, once no call is under way. Of every hour's moves two
    in three are short pauses that no call follows: the tenant hears of them with the next move.
    """

    def __init__(self, control: Control, now: datetime, calls: CountedCalls) -> None:
        self._control, self._calls = control, calls
        self._now = self._told = now
        self._sleepers: list[datetime] = []
        calls.beforehand = self.tell

    def now(self) -> datetime:
        """The tenant's time, in UTC."""
        return self._now

    def tell(self) -> None:
        """Have the tenant know what time it is."""
        if self._told < self._now:
            self._now = self._told = self._control.advance(self._now - self._told)

    async def sleep(self, length: timedelta) -> None:
        """Return once ``length`` of the tenant's time has passed."""
        due = self._now + length
        insort(self._sleepers, due)
        try:
            while self._now < due:
                await self._quiet()
                if self._now < due == self._sleepers[0]:
                    self._now = due
                    if due - self._told > _UNTOLD:
                        self.tell()
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
