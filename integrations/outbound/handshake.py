"""The handshake that Graph holds with a webhook before it subscribes it, held by ourselves."""

from __future__ import annotations

import asyncio
import random
import ssl

import httpx

LIMIT_SECONDS = 10.0
"""Graph gives up after as long."""
_MOST_BYTES = 4096


class GraphHandshake:
    """Implements :class:`integrations.ports.Handshake`; ``transport`` stands for the network."""

    def __init__(
        self,
        chance: random.Random,
        *,
        ca_file: str | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._chance, self._ca_file, self._transport = chance, ca_file, transport

    async def shake(self, url: str) -> str | None:
        # With a blank and a sign that have to be decoded, as Graph's tokens have.
        token = f"Validation: Tandem {self._chance.getrandbits(128):032x} +"
        try:
            async with asyncio.timeout(LIMIT_SECONDS), self._client() as client:
                return await _shaken(client, url, token)
        except (TimeoutError, httpx.TimeoutException):
            return "timeout"
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            return "certificate" if _is_of_trust(error) else "unreachable"

    def _client(self) -> httpx.AsyncClient:
        trust = ssl.create_default_context(cafile=self._ca_file)
        return httpx.AsyncClient(
            transport=self._transport or httpx.AsyncHTTPTransport(verify=trust),
            follow_redirects=False,
            trust_env=False,
            timeout=LIMIT_SECONDS,
        )


async def _shaken(client: httpx.AsyncClient, url: str, token: str) -> str | None:
    request = client.build_request(
        "POST", url, params={"validationToken": token}, headers={"content-type": "text/plain"}
    )
    answer = await client.send(request, stream=True)
    try:
        if answer.status_code != httpx.codes.OK:
            return f"status_{answer.status_code}"
        said = b""
        async for part in answer.aiter_bytes():
            said += part
            if len(said) > _MOST_BYTES:
                return "wrong_answer"
    finally:
        await answer.aclose()
    is_plain = answer.headers.get("content-type", "").startswith("text/plain")
    return None if is_plain and said == token.encode() else "wrong_answer"


def _is_of_trust(error: BaseException) -> bool:
    """Whether a certificate is behind it."""
    seen: list[BaseException] = [error]
    while (cause := seen[-1].__cause__ or seen[-1].__context__) and cause not in seen:
        seen.append(cause)
    return any(isinstance(cause, ssl.SSLError) for cause in seen)
