"""Serves a tenant on this machine, over HTTPS, until it is told to stop."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import ssl
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from simulator.asgi import application, pages
from simulator.serve_clock import replace_file
from simulator.serve_state import ClockWish, FirmWish, OpenFolder, ServeError, open_folder
from simulator.turns import InTurn

HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """What is served, where and how. Port 0 takes a free one.

    ``strict`` makes the tenant complain of anything it does not know; ``plain_http`` serves
    tools that cannot be given a certificate, and msal is not among them; endpoints of
    notifications need none then either. ``webhook_ca`` is trusted in such endpoints beside the
    machine's own authorities and the tenant's. The pages of the sign-in are always served without
    TLS, at ``sign_in_port``: no browser knows the tenant's authority.
    """

    state: Path
    port: int = 0
    sign_in_port: int = 0
    firm: FirmWish = field(default_factory=FirmWish)
    clock: ClockWish = field(default_factory=ClockWish)
    ready_file: Path | None = None
    latency: timedelta = timedelta(0)
    strict: bool = True
    plain_http: bool = False
    webhook_ca: Path | None = None


def serve(options: ServeOptions) -> None:
    """Serve until SIGTERM or SIGINT, then end well.

    What was answered is on disk before the answer leaves, so no kind of death loses it.

    Raises:
        ServeError: the port or the folder cannot be used.
    """
    with _listen(options.port) as listener, _listen(options.sign_in_port) as pages:
        folder = open_folder(options.state, options.firm, options.clock)
        try:
            server = _Server(options, folder, listener, pages)
            asyncio.run(server.serve(sockets=[listener]))
        finally:
            folder.close()


def _listen(port: int) -> socket.socket:
    # Named, because asyncio turns Nagle off only for sockets that say they are TCP.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except OSError as fault:
        listener.close()
        raise ServeError(
            f"port {port} of {HOST} cannot be used ({fault.strerror})",
            "end what listens there, or name no port to take a free one",
        ) from fault
    return listener


class _Pages(uvicorn.Server):
    """The pages that browsers open, beside the server that apps speak to."""

    def __init__(self, folder: OpenFolder, listener: socket.socket) -> None:
        tenant = folder.tenant
        tenant.sign_in.pages_origin = f"http://localhost:{listener.getsockname()[1]}"
        self._listener = listener
        self._listens = asyncio.Event()
        self._serving: asyncio.Task[None] | None = None
        super().__init__(
            uvicorn.Config(
                pages(tenant),
                http=H11Protocol,
                ws="none",
                lifespan="off",
                access_log=False,
                log_level="warning",
                timeout_graceful_shutdown=1,
            )
        )

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        # The other server is told, and ends this one.
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._listens.set()

    async def begin(self) -> None:
        """Return once it listens."""
        self._serving = asyncio.create_task(self.serve(sockets=[self._listener]))
        await self._listens.wait()

    async def end(self) -> None:
        """Return once it serves nobody any more."""
        self.should_exit = True
        if self._serving is not None:
            await self._serving


class _Server(uvicorn.Server):
    """Says when it listens, and returns on a signal instead of dying of it."""

    def __init__(
        self,
        options: ServeOptions,
        folder: OpenFolder,
        listener: socket.socket,
        pages: socket.socket,
    ) -> None:
        behaviour = folder.tenant.behaviour
        behaviour.strict, behaviour.latency = options.strict, options.latency
        behaviour.plain_http_webhooks = options.plain_http
        self._outbound = httpx.AsyncHTTPTransport(verify=_trust(options, folder))
        folder.tenant.outbound = self._outbound
        self._delivering: asyncio.Task[None] | None = None
        self._options, self._folder = options, folder
        self._port: int = listener.getsockname()[1]
        self._pages = _Pages(folder, pages)
        pem = None if options.plain_http else str(folder.certificates.server)
        super().__init__(
            uvicorn.Config(
                InTurn(application(folder.tenant, folder.holding.control_token)),
                ssl_certfile=pem,
                ssl_keyfile=pem,
                http=H11Protocol,
                ws="none",
                # Paths hold addresses and queries; nobody needs them in a terminal.
                access_log=False,
                log_level="warning",
                timeout_graceful_shutdown=5,
            )
        )

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._delivering = asyncio.create_task(self._folder.tenant.keep_delivering())
        await self._pages.begin()
        line = json.dumps(ready_document(self._options, self._folder, self._port))
        if self._options.ready_file is not None:
            replace_file(self._options.ready_file, line + "\n", mode=0o600)
        sys.stdout.write(line + "\n")
        sys.stdout.flush()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if self._delivering is not None:
            self._delivering.cancel()
            with suppress(asyncio.CancelledError):
                await self._delivering
        await self._outbound.aclose()
        await self._pages.end()
        # A TLS connection that a client keeps open for later would be waited for in vain.
        for connection in list(self.server_state.connections):
            if isinstance(connection, H11Protocol) and _is_idle(connection):
                connection.transport.abort()
        await super().shutdown(sockets)


def _trust(options: ServeOptions, folder: OpenFolder) -> ssl.SSLContext:
    """What an endpoint of notifications has to show.

    Raises:
        ServeError: the file of a further authority cannot be read.
    """
    trust = ssl.create_default_context()
    trust.load_verify_locations(folder.certificates.authority)
    if options.webhook_ca is not None:
        try:
            trust.load_verify_locations(options.webhook_ca)
        except OSError as fault:
            raise ServeError(
                f"{options.webhook_ca} holds no certificate authority ({fault})",
                "give a PEM file with --webhook-ca",
            ) from fault
    return trust


def _is_idle(connection: H11Protocol) -> bool:
    return connection.cycle is None or connection.cycle.response_complete


def ready_document(options: ServeOptions, folder: OpenFolder, port: int) -> dict[str, Any]:
    """Everything a client needs to reach the tenant; holds secrets of the simulation."""
    scheme = "http" if options.plain_http else "https"
    root = f"{scheme}://localhost:{port}"
    holding, certificates = folder.holding, folder.certificates
    return {
        "base_url": f"{root}/v1.0",
        "authority": root,
        "tenant_id": folder.tenant.tenant_id,
        "client_id": holding.client_id,
        "client_secret": holding.client_secret,
        "certificate_file": str(certificates.app.resolve()),
        "key_file": str(certificates.app_key.resolve()),
        "certificate_thumbprint": certificates.thumbprint(),
        "ca_file": str(certificates.authority.resolve()),
        "localhost_certificate_file": str(certificates.server.resolve()),
        "program_mailboxes": holding.program_mailboxes,
        "staff": folder.staff(),
        "sign_in_url": folder.tenant.sign_in.pages_origin,
        "control_url": f"{root}/_control",
        "control_token": holding.control_token,
        "roster": str(folder.roster.resolve()),
        "now": folder.tenant.clock().isoformat(),
        "pid": os.getpid(),
    }
