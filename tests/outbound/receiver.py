"""A receiver of webhooks over HTTPS on this machine, and one in memory: both keep what they get."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import trustme

HOST = "receiver.firm.example"
KEY = bytes(range(32))
SECRET = f"whsec_{base64.b64encode(KEY).decode()}"
OLD_KEY = bytes(range(32, 64))
TOLERANCE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Posted:
    """One request as it arrived."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def message(self) -> str:
        """Its id: the same message has the same."""
        return self.headers["webhook-id"]

    @property
    def data(self) -> Any:
        """Its body as data."""
        return json.loads(self.body)

    def is_genuine(self, now: datetime, key: bytes = KEY) -> bool:
        """What a careful receiver asks: whether the signature fits and the time is near."""
        seconds = self.headers["webhook-timestamp"]
        content = f"{self.message}.{seconds}.".encode() + self.body
        made = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
        near = abs(now.timestamp() - int(seconds)) <= TOLERANCE.total_seconds()
        return near and f"v1,{made}" in self.headers["webhook-signature"].split(" ")


@dataclass
class Inbox(httpx.AsyncBaseTransport):
    """A receiver in memory that answers as told: a status, headers with it, or an exception.

    Answers are used up in order; the last one stays. It keeps whatever arrived, taken or not.
    """

    answers: list[int | tuple[int, dict[str, str]] | Exception] = field(
        default_factory=lambda: [204]
    )
    posted: list[Posted] = field(default_factory=list)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Keep the request and give the next answer."""
        body = await request.aread()
        self.posted.append(Posted(request.url.path, dict(request.headers), body))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        status, headers = answer if isinstance(answer, tuple) else (answer, {})
        return httpx.Response(status, headers=headers)

    def messages(self) -> list[str]:
        """The ids that arrived, in order."""
        return [one.message for one in self.posted]


def resolved(*addresses: str) -> Callable[[str, int], Awaitable[list[str]]]:
    """A resolver that knows every name under these addresses."""

    async def resolve(host: str, port: int) -> list[str]:
        return list(addresses)

    return resolve


@dataclass
class Listening:
    """A receiver that listens on a port of this machine."""

    port: int
    ca_file: Path
    posted: list[Posted] = field(default_factory=list)

    @property
    def host(self) -> str:
        """Its name with the port, as an allow-list has it."""
        return f"{HOST}:{self.port}"

    @property
    def url(self) -> str:
        """Where it takes verdicts."""
        return f"https://{self.host}/verdicts"


@asynccontextmanager
async def listening(
    folder: Path,
    *,
    name: str = HOST,
    answer: Iterable[bytes] = (b"204 No Content\r\n",),
    before_answer: Callable[[], None] = lambda: None,
) -> AsyncIterator[Listening]:
    """An HTTPS server with a certificate for ``name``; answers are used up, the last stays.

    An answer is a status line and headers; an empty one is never sent. ``before_answer`` is called
    when a body has arrived and is kept.
    """
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "authority.pem")
    trust = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(trust)
    answers = list(answer)
    found = Listening(0, folder / "authority.pem")

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                first, *lines = head.decode().rstrip().split("\r\n")
                headers = {k.lower(): v for k, v in (line.split(": ", 1) for line in lines)}
                body = await reader.readexactly(int(headers["content-length"]))
                found.posted.append(Posted(first.split()[1], headers, body))
                before_answer()
                said = answers.pop(0) if len(answers) > 1 else answers[0]
                if said:
                    writer.write(b"HTTP/1.1 " + said + b"Content-Length: 0\r\n\r\n")
                    await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=trust)
    found.port = server.sockets[0].getsockname()[1]
    async with server:
        yield found
