"""A served tenant shakes hands with, and tells, an endpoint that speaks real HTTPS."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from simulator.__main__ import main
from tests.simulator.served import ServedTenant

FIRM = ("--pairs", "2", "--seed", "3")


class Endpoint(ThreadingHTTPServer):
    """Echoes handshakes and keeps every notification."""

    def __init__(self, certificate: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.heard: list[dict[str, Any]] = []
        trust = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        trust.load_cert_chain(certificate)
        self.socket = trust.wrap_socket(self.socket, server_side=True)

    @property
    def url(self) -> str:
        return f"https://localhost:{self.server_port}/graph/notifications"


class _Handler(BaseHTTPRequestHandler):
    server: Endpoint

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        asked = parse_qs(urlsplit(self.path).query)
        if "validationToken" in asked:
            self._answer(200, asked["validationToken"][0].encode())
        else:
            self.server.heard += json.loads(content)["value"]
            self._answer(202, b"")

    def _answer(self, status: int, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its own name
        """Nobody reads it."""


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def endpoint(state: Path) -> Iterator[Endpoint]:
    """An endpoint on localhost with a certificate of the tenant's own authority."""
    with ServedTenant(state, *FIRM) as tenant:
        server = Endpoint(tenant.ready["localhost_certificate_file"])
    listening = threading.Thread(target=server.serve_forever, daemon=True)
    listening.start()
    yield server
    server.shutdown()
    server.server_close()
    listening.join()


def subscribe(tenant: ServedTenant, url: str) -> Any:
    mailbox = tenant.ready["program_mailboxes"][0]["id"]
    with tenant.graph() as graph:
        answer = graph.post(
            "/subscriptions",
            json={
                "changeType": "created",
                "resource": f"/users/{mailbox}/events",
                "notificationUrl": url,
                "expirationDateTime": "2027-01-06T14:00:00Z",
                "clientState": "ours",
            },
        )
        return answer.status_code, answer.json()


def create(tenant: ServedTenant) -> str:
    moment = {"dateTime": "2027-03-02T10:00:00", "timeZone": "UTC"}
    mailbox = tenant.ready["program_mailboxes"][0]["id"]
    with tenant.graph() as graph:
        event = {"subject": "x", "start": moment, "end": moment}
        answer = graph.post(f"/users/{mailbox}/events", json=event)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])


def minutes_later(tenant: ServedTenant) -> Any:
    """Let five minutes pass, and what became due in them be delivered."""
    with tenant.control() as control:
        control.post("/clock", json={"advance_seconds": 300}).raise_for_status()
        return control.post("/deliveries").raise_for_status().json()


def test_a_change_reaches_the_endpoint_even_if_the_tenant_dies_in_between(
    state: Path, endpoint: Endpoint
) -> None:
    with ServedTenant(state, *FIRM) as tenant:
        status, made = subscribe(tenant, endpoint.url)
        assert status == 201, made
        event_id = create(tenant)
        tenant.kill()
    assert endpoint.heard == []
    with ServedTenant(state, *FIRM) as tenant:
        assert minutes_later(tenant)["next"] is None
        with tenant.control() as control:
            assert control.get("/complaints").json() == []
        assert tenant.terminate() == (0, "")
    assert [one["resourceData"]["id"] for one in endpoint.heard] == [event_id]
    assert endpoint.heard[0]["clientState"] == "ours"


def test_an_endpoint_nobody_vouches_for_is_refused(state: Path, endpoint: Endpoint) -> None:
    other = "https://127.0.0.1:1/nobody"
    with ServedTenant(state, *FIRM) as tenant:
        status, refused = subscribe(tenant, other)
        assert (status, refused["error"]["code"]) == (400, "InvalidRequest")
        by_http = endpoint.url.replace("https", "http")
        assert subscribe(tenant, by_http)[1]["error"]["code"] == "ValidationError"


def test_an_authority_that_cannot_be_read_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--state", str(tmp_path / "state"), *FIRM]
    assert main([*options, "--webhook-ca", str(tmp_path / "none.pem")]) == 1
    assert "none.pem holds no certificate authority" in capsys.readouterr().err
