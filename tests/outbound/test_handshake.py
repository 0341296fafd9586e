"""The handshake with Tandem's own webhook, as strict as Graph's."""

from __future__ import annotations

import asyncio
import random
import ssl
from collections.abc import Callable

import httpx
import pytest

from integrations.outbound.handshake import GraphHandshake
from simulator.virtual_time import run_virtually
from tests.support.world import START

URL = "https://tandem.example/webhooks/graph"


def _shaken(answer: Callable[[httpx.Request], httpx.Response]) -> str | None:
    async def shake() -> str | None:
        transport = httpx.MockTransport(answer)
        return await GraphHandshake(random.Random(1), transport=transport).shake(URL)

    return run_virtually(START, shake())


def _plain(text: str, status: int = 200) -> httpx.Response:
    return httpx.Response(status, text=text, headers={"content-type": "text/plain; charset=utf-8"})


def test_the_token_comes_back_decoded_as_plain_text() -> None:
    seen: list[str] = []

    def echo(request: httpx.Request) -> httpx.Response:
        token = request.url.params["validationToken"]
        seen.append(token)
        assert (request.method, request.url.path) == ("POST", "/webhooks/graph")
        return _plain(token)

    assert _shaken(echo) is None
    assert {" ", "+", ":"} <= set(seen[0]), "it has to be decoded"


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (lambda r: _plain("something else"), "wrong_answer"),
        (lambda r: _plain("x" * 10_000), "wrong_answer"),
        (lambda r: httpx.Response(200, html=r.url.params["validationToken"]), "wrong_answer"),
        (lambda r: _plain(str(r.url.query), 404), "status_404"),
        (lambda r: httpx.Response(302, headers={"location": URL}), "status_302"),
    ],
    ids=["other text", "too long", "a page", "not found", "redirect"],
)
def test_any_other_answer_is_no_handshake(
    answer: Callable[[httpx.Request], httpx.Response], fault: str
) -> None:
    assert _shaken(answer) == fault


def test_a_certificate_nobody_trusts_is_told_from_nobody_there() -> None:
    def distrusted(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no") from ssl.SSLCertVerificationError("self-signed")

    def nobody(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no route")

    assert (_shaken(distrusted), _shaken(nobody)) == ("certificate", "unreachable")


def test_an_answer_after_ten_seconds_is_none() -> None:
    class Slow(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            await asyncio.sleep(10.5)
            return _plain(request.url.params["validationToken"])

    async def shake() -> str | None:
        return await GraphHandshake(random.Random(1), transport=Slow()).shake(URL)

    assert run_virtually(START, shake()) == "timeout"
