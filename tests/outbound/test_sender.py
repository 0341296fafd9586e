"""What leaves for the receiver over real TLS, and what does not leave at all."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from integrations.errors import NotTakenError
from integrations.outbound.sender import LONGEST_WAIT, WHOLE_SECONDS, Receiver, SignedWebhook
from integrations.runtime import Immortal, LoopClock, SystemClock
from simulator.virtual_time import run_virtually
from tests.outbound.receiver import HOST, KEY, OLD_KEY, Inbox, Listening, listening, resolved
from tests.support.world import START

BODY = b'{"type":"session.verdict"}'
PUBLIC = "93.184.216.34"


def _to(server: Listening, **over: Any) -> SignedWebhook:
    """A sender to a server on this machine, as a trial allows it."""
    facts: dict[str, Any] = {
        "url": server.url,
        "hosts": (server.host,),
        "keys": (KEY, OLD_KEY),
        "private": True,
        "ca_file": str(server.ca_file),
    }
    return SignedWebhook(
        Receiver(**(facts | over)),
        clock=SystemClock(),
        life=Immortal(),
        resolve=resolved("127.0.0.1"),
    )


def _into(inbox: Inbox, *addresses: str, **over: Any) -> SignedWebhook:
    """A sender into memory; the name is known under ``addresses``."""
    facts = {"url": f"https://{HOST}/verdicts", "hosts": (HOST,), "keys": (KEY,)}
    return SignedWebhook(
        Receiver(**{**facts, **over}),
        clock=SystemClock(),
        life=Immortal(),
        resolve=resolved(*(addresses or (PUBLIC,))),
        transport=inbox,
    )


async def _refused(sender: SignedWebhook) -> NotTakenError:
    with pytest.raises(NotTakenError) as refusal:
        await sender.post("m/1", BODY)
    await sender.close()
    return refusal.value


async def test_a_receiver_gets_the_message_and_can_tell_who_sent_it_and_when(
    tmp_path: Path,
) -> None:
    async with listening(tmp_path) as server:
        sender = _to(server)
        await sender.post("m/1", BODY)
        await sender.post("m/2", BODY)
        await sender.close()
    now = datetime.now(UTC)
    assert [p.message for p in server.posted] == ["m/1", "m/2"]
    first = server.posted[0]
    assert (first.path, first.body) == ("/verdicts", BODY)
    assert first.headers["host"] == server.host
    assert first.headers["content-type"] == "application/json"
    assert first.is_genuine(now)
    assert first.is_genuine(now, OLD_KEY)
    assert not first.is_genuine(now, bytes(32))
    assert not first.is_genuine(now + timedelta(minutes=6))


async def test_a_certificate_for_another_name_is_not_believed(tmp_path: Path) -> None:
    async with listening(tmp_path, name="other.example") as server:
        refusal = await _refused(_to(server))
    assert refusal.code == "certificate"
    assert server.posted == []


async def test_an_authority_that_nobody_named_is_not_believed(tmp_path: Path) -> None:
    async with listening(tmp_path) as server:
        refusal = await _refused(_to(server, ca_file=None))
    assert refusal.code == "certificate"
    assert server.posted == []


async def test_a_redirect_is_not_followed(tmp_path: Path) -> None:
    away = b"307 Temporary Redirect\r\nLocation: https://elsewhere.example/\r\n"
    async with listening(tmp_path, answer=(away, b"204 No Content\r\n")) as server:
        refusal = await _refused(_to(server))
    assert (refusal.code, refusal.status) == ("refused", 307)
    assert len(server.posted) == 1


async def test_nobody_listening_is_no_taking(tmp_path: Path) -> None:
    async with listening(tmp_path) as server:
        pass
    assert (await _refused(_to(server))).code == "unreachable"


@pytest.mark.parametrize(
    "addresses", [("127.0.0.1",), (PUBLIC, "10.0.0.7"), ("169.254.169.254",), ("::1",)]
)
async def test_a_name_that_leads_into_the_network_is_not_called(
    addresses: tuple[str, ...],
) -> None:
    inbox = Inbox()
    refusal = await _refused(_into(inbox, *addresses))
    assert refusal.code == "private_address"
    assert inbox.posted == []


async def test_a_setting_for_trials_lets_it_into_the_network() -> None:
    inbox = Inbox()
    await _into(inbox, "127.0.0.1", private=True).post("m/1", BODY)
    assert inbox.messages() == ["m/1"]


async def test_the_call_goes_to_the_address_that_was_looked_at() -> None:
    class Seen(Inbox):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            hosts.append((request.url.host, request.extensions["sni_hostname"]))
            return await super().handle_async_request(request)

    hosts: list[tuple[str, str]] = []
    await _into(Seen(), "2606:4700:4700::1111").post("m/1", BODY)
    assert hosts == [("2606:4700:4700::1111", HOST)]


@pytest.mark.parametrize(
    ("url", "hosts"),
    [
        (f"http://{HOST}/verdicts", (HOST,)),
        (f"https://{HOST}/verdicts", ()),
        (f"https://{HOST}/verdicts", ("other.example",)),
        (f"https://{HOST}.evil.example/", (HOST,)),
        (f"https://{HOST}:8443/", (HOST,)),
        (f"https://{HOST}@evil.example/", (HOST,)),
        (f"https://name:word@{HOST}/", (HOST,)),
    ],
)
async def test_a_host_that_is_not_allowed_is_not_even_resolved(
    url: str, hosts: tuple[str, ...]
) -> None:
    inbox = Inbox()
    refusal = await _refused(_into(inbox, url=url, hosts=hosts))
    assert refusal.code == "not_allowed"
    assert inbox.posted == []


@pytest.mark.parametrize(
    ("answer", "code", "status", "wait"),
    [
        (500, "refused", 500, None),
        (410, "refused", 410, None),
        ((429, {"retry-after": "17"}), "refused", 429, timedelta(seconds=17)),
        ((503, {"retry-after": "999999999"}), "refused", 503, LONGEST_WAIT),
        ((503, {"retry-after": "-5"}), "refused", 503, None),
        ((503, {"retry-after": "soon"}), "refused", 503, None),
        (
            (503, {"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}),
            "refused",
            503,
            timedelta(0),
        ),
        (httpx.ReadTimeout("late"), "timeout", None, None),
        (httpx.ConnectError("gone"), "unreachable", None, None),
        (httpx.RemoteProtocolError("odd"), "unreachable", None, None),
    ],
)
async def test_every_other_answer_is_no_taking(
    answer: Any, code: str, status: int | None, wait: timedelta | None
) -> None:
    refusal = await _refused(_into(Inbox([answer])))
    assert (refusal.code, refusal.status, refusal.retry_after) == (code, status, wait)


async def test_a_name_without_an_address_is_no_taking() -> None:
    async def nowhere(host: str, port: int) -> list[str]:
        raise OSError("no such name")

    sender = SignedWebhook(
        Receiver(url=f"https://{HOST}/", hosts=(HOST,), keys=(KEY,)),
        clock=SystemClock(),
        life=Immortal(),
        resolve=nowhere,
        transport=Inbox(),
    )
    assert (await _refused(sender)).code == "unreachable"


def test_a_call_that_never_comes_to_an_end_is_given_up() -> None:
    """A resolver that says nothing is in no time-out of the client's."""

    async def silent(host: str, port: int) -> list[str]:
        await asyncio.Event().wait()
        return [PUBLIC]

    async def live() -> float:
        sender = SignedWebhook(
            Receiver(url=f"https://{HOST}/", hosts=(HOST,), keys=(KEY,)),
            clock=LoopClock(START),
            life=Immortal(),
            resolve=silent,
            transport=Inbox(),
        )
        begun = asyncio.get_running_loop().time()
        assert (await _refused(sender)).code == "timeout"
        return asyncio.get_running_loop().time() - begun

    assert run_virtually(START, live()) == WHOLE_SECONDS


async def test_no_line_of_the_log_has_the_address_or_a_key(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    sender = _into(Inbox([500]), url=f"https://{HOST}/secret-path", hosts=(HOST,))
    await _refused(sender)
    said = " ".join(str(vars(record)) for record in caplog.records if "integrations" in record.name)
    assert "outbound" in said
    assert "secret-path" not in said
    assert HOST not in said
    assert repr(KEY) not in said + repr(sender._receiver)
