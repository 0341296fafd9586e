"""Where calls leave: guard, permit, mark, count, send, and one log record for each."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

import httpx

from integrations.errors import DecommissionedError, WritingStoppedError
from integrations.graph.guard import Guard, Passage
from integrations.graph.operations import CREATE_EVENT, CREATE_SUBSCRIPTION
from integrations.graph.permits import Gates
from integrations.graph.refusals import retry_after
from integrations.logs import log_event
from integrations.ports import Clock, Life
from integrations.telemetry import (
    GRAPH_CALL,
    GRAPH_CALLS,
    GRAPH_DURATION,
    GRAPH_THROTTLED,
    add,
    record,
    traced,
)

log = logging.getLogger(__name__)


_LANE = "tandem.lane"
_MAKING = frozenset({CREATE_EVENT.name, CREATE_SUBSCRIPTION.name})


def _makes_something(passage: Passage) -> bool:
    """Whether an event or a subscription comes of it."""
    return any(call.name in _MAKING for call in passage.calls)


class LanePools(httpx.AsyncBaseTransport):
    """The network, with connections of their own for each lane of permits.

    At each call httpcore asks the system about every idle connection of a pool. With all in one,
    four busy mailboxes spent a seventh of a booking's processor time on that.
    """

    def __init__(self, open_pool: Callable[[], httpx.AsyncBaseTransport]) -> None:
        self._pools: defaultdict[str, httpx.AsyncBaseTransport] = defaultdict(open_pool)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request on a connection of its lane."""
        return await self._pools[request.extensions[_LANE]].handle_async_request(request)

    async def aclose(self) -> None:
        """Close every connection."""
        for pool in self._pools.values():
            await pool.aclose()


@dataclass(frozen=True, slots=True)
class Departures:
    """What a departing call needs besides the guard and the gates.

    ``stopped`` is asked before each write whether somebody has stopped all writing, and
    ``decommissioned`` before each that makes something whether anything is made here any more.
    """

    clock: Clock
    life: Life
    stopped: Callable[[], Awaitable[bool]]
    decommissioned: Callable[[], Awaitable[bool]]
    chance: Random
    calls: Counter[str]
    call_timeout: timedelta


class GuardedTransport(httpx.AsyncBaseTransport):
    """The only way out to Graph. A call that is not permitted raises, and nothing is sent."""

    def __init__(
        self, inner: httpx.AsyncBaseTransport, guard: Guard, gates: Gates, departures: Departures
    ) -> None:
        self._inner, self._guard, self._gates = inner, guard, gates
        self._departures = departures

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a permitted request under a permit and return its whole answer.

        Raises:
            OperationNotPermittedError, ReadOnlyModeError, NoPermitError, WritingStoppedError:
                nothing left.
            httpx.TransportError: no whole answer came.
        """
        passage = self._guard.admit(request)
        self._mark(request, passage)
        async with self._gates.hold(passage.lanes):
            # Asked last: whoever stopped writing while this call stood in line has stopped it, too.
            if passage.writes and await self._departures.stopped():
                raise WritingStoppedError(f"{passage.operation.name} was not sent")
            if _makes_something(passage) and await self._departures.decommissioned():
                raise DecommissionedError(f"{passage.operation.name} was not sent")
            response = await self._send(request, passage)
            await self._heed(response, passage)
            return response

    async def aclose(self) -> None:
        """Close the connections underneath."""
        await self._inner.aclose()

    def _mark(self, request: httpx.Request, passage: Passage) -> None:
        call_id = uuid.UUID(int=self._departures.chance.getrandbits(128), version=4)
        request.headers["client-request-id"] = str(call_id)
        request.extensions[_LANE] = passage.lanes[0] if passage.lanes else ""
        prefer = passage.operation.prefer
        if prefer is not None:
            request.headers["Prefer"] = prefer

    async def _send(self, request: httpx.Request, passage: Passage) -> httpx.Response:
        name, out = passage.operation.name, self._departures
        out.life.check(f"before call {name}")
        out.calls.update(call.name for call in passage.calls)
        started = out.clock.now()
        with traced(GRAPH_CALL, operation=name, items=len(passage.calls)) as span:
            try:
                async with asyncio.timeout(out.call_timeout.total_seconds()):
                    response = await self._inner.handle_async_request(request)
                    await response.aread()
            except (TimeoutError, httpx.TransportError) as error:
                out.life.check(f"after call {name}")
                self._record(request, passage, started, type(error).__name__, None)
                if isinstance(error, httpx.TransportError):
                    raise
                raise httpx.ReadTimeout("no whole answer in time") from error
            out.life.check(f"after call {name}")
            self._record(request, passage, started, response.status_code, response)
            span.note(
                status=response.status_code, request=response.headers.get("request-id") or None
            )
            return response

    async def _heed(self, response: httpx.Response, passage: Passage) -> None:
        """Tell the fleet at once if a mailbox, or its Teams, asks to be left alone."""
        now = self._departures.clock.now()
        wait = retry_after(response.headers, now)
        if wait is not None and response.status_code >= 400:
            add(GRAPH_THROTTLED, wait.total_seconds(), operation=passage.operation.name)
            for lane in sorted(set(passage.lanes)):
                await self._gates.defer(lane, now + wait)

    def _record(
        self,
        request: httpx.Request,
        passage: Passage,
        started: datetime,
        status: int | str,
        response: httpx.Response | None,
    ) -> None:
        # Never the URL: a query can hold an address, a path an event, a body anything.
        took = self._departures.clock.now() - started
        for call in passage.calls:
            add(GRAPH_CALLS, 1, operation=call.name, status=status)
        known = {"operation": passage.operation.name, "status": status}
        record(GRAPH_DURATION, took.total_seconds(), **known)
        log_event(
            log,
            "graph call",
            operation=passage.operation.name,
            items=len(passage.calls),
            status=status,
            duration_ms=round(took.total_seconds() * 1000),
            request_id=None if response is None else response.headers.get("request-id"),
            client_request_id=request.headers["client-request-id"],
            mailbox_ids=sorted(set(passage.mailboxes)),
        )
