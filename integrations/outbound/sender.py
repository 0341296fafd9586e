"""Sending one message to the receiver of the settings: https, no redirect, soon over."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx

from integrations.errors import NotTakenError
from integrations.logs import log_event
from integrations.outbound.addresses import Resolve, is_public, resolve
from integrations.ports import Clock, Life
from integrations.signing import signed_headers

log = logging.getLogger(__name__)

CONNECT_SECONDS, ANSWER_SECONDS = 5.0, 10.0
WHOLE_SECONDS = 20.0
LONGEST_WAIT = timedelta(days=1)
_USER_AGENT = "Tandem"


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """Where verdicts go, and what is allowed on the way.

    ``hosts`` are the only ones ``url`` may name, as ``host`` or ``host:port`` (443 without one).
    ``keys`` sign; the first is the newest. ``private`` lets it resolve to private addresses, for
    trials on one machine.
    """

    url: str
    hosts: tuple[str, ...]
    keys: Sequence[bytes] = field(repr=False)
    private: bool = False
    ca_file: str | None = None


class SignedWebhook:
    """Posts to one receiver. ``transport`` stands for the network in tests."""

    def __init__(
        self,
        receiver: Receiver,
        *,
        clock: Clock,
        life: Life,
        resolve: Resolve = resolve,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._receiver, self._clock, self._life = receiver, clock, life
        self._resolve, self._transport = resolve, transport
        self._client: httpx.AsyncClient | None = None

    async def post(self, message_id: str, body: bytes) -> None:
        """See :class:`integrations.ports.Outbound`."""
        url = httpx.URL(self._receiver.url)
        self._check(url)
        self._life.check("before outbound")
        try:
            async with asyncio.timeout(WHOLE_SECONDS):
                status, wait = await self._sent(url, message_id, body)
        except TimeoutError:
            self._life.check("after outbound")
            raise self._said(NotTakenError("timeout")) from None
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            self._life.check("after outbound")
            raise self._said(NotTakenError(_code_of(error))) from None
        self._life.check("after outbound")
        if not 200 <= status < 300:
            raise self._said(NotTakenError("refused", status=status, retry_after=wait))
        log_event(log, "outbound", status=status, message=message_id)

    async def close(self) -> None:
        """Let go of connections."""
        if self._client is not None:
            await self._client.aclose()

    def _check(self, url: httpx.URL) -> None:
        allowed = {host.lower() for host in self._receiver.hosts}
        named = url.netloc.decode("ascii")
        if url.scheme != "https" or url.userinfo or named not in allowed:
            raise self._said(NotTakenError("not_allowed"))

    async def _sent(
        self, url: httpx.URL, message_id: str, body: bytes
    ) -> tuple[int, timedelta | None]:
        """The status of the answer, and how long it asks to wait. The rest of it is not read."""
        address = await self._address(url)
        now = self._clock.now()
        headers = {
            **signed_headers(message_id, now, body, self._receiver.keys),
            "content-type": "application/json",
            "user-agent": _USER_AGENT,
            "host": url.netloc.decode("ascii"),
        }
        # The connection goes to the address that was looked at; the certificate has to be for
        # the name all the same.
        request = self._opened().build_request(
            "POST",
            url.copy_with(host=address),
            content=body,
            headers=headers,
            extensions={"sni_hostname": url.host},
        )
        answer = await self._opened().send(request, stream=True)
        try:
            return answer.status_code, _wait(answer.headers.get("retry-after"), now)
        finally:
            await answer.aclose()

    async def _address(self, url: httpx.URL) -> str:
        found = await self._resolve(url.host, url.port or 443)
        if not self._receiver.private and not all(map(is_public, found)):
            raise self._said(NotTakenError("private_address"))
        if not found:
            raise self._said(NotTakenError("no_address"))
        return found[0]

    def _opened(self) -> httpx.AsyncClient:
        if self._client is None:
            trust = ssl.create_default_context(cafile=self._receiver.ca_file)
            self._client = httpx.AsyncClient(
                transport=self._transport or httpx.AsyncHTTPTransport(verify=trust),
                follow_redirects=False,
                # A proxy of the environment would resolve the name anew.
                trust_env=False,
                timeout=httpx.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS),
            )
        return self._client

    def _said(self, error: NotTakenError) -> NotTakenError:
        # Never the URL: its path may be a secret of the receiver's.
        log_event(log, "outbound", logging.WARNING, error=error.code, status=error.status)
        return error


def _code_of(error: Exception) -> str:
    """Why no answer came, as a code."""
    causes: list[BaseException] = [error]
    while (cause := causes[-1].__cause__ or causes[-1].__context__) and cause not in causes:
        causes.append(cause)
    if any(isinstance(cause, ssl.SSLError) for cause in causes):
        return "certificate"
    return "timeout" if isinstance(error, httpx.TimeoutException) else "unreachable"


def _wait(said: str | None, now: datetime) -> timedelta | None:
    """What ``Retry-After`` asks for, in seconds or as a date; a day at most."""
    if said is None:
        return None
    try:
        wait = timedelta(seconds=int(said)) if said.isdigit() else _until(said) - now
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(wait, timedelta(0)), LONGEST_WAIT)


def _until(said: str) -> datetime:
    at = parsedate_to_datetime(said)
    return at if at.tzinfo else at.replace(tzinfo=UTC)
