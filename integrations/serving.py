"""Pages and due work in one process, for firms without Azure Functions and for trials."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn

from integrations.bootstrap import build_worker
from integrations.errors import IntegrationError
from integrations.logs import log_event
from integrations.web.app import asgi_app
from integrations.workflows.app import App
from integrations.workflows.operating.measures import EVERY, measure
from integrations.workflows.standing_work import ensure_standing

logger = logging.getLogger(__name__)

_PATIENCE_SECONDS = 5


class PortError(IntegrationError):
    """The address that pages were to be served at cannot be used."""

    remedy = "End what listens there, or name another port with --port."


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens at this address; port 0 takes a free one.

    Raises:
        PortError: it cannot be had.
    """
    # Named, because asyncio turns Nagle off only for sockets that say they are TCP.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as fault:
        listener.close()
        raise PortError(f"port {port} of {host} cannot be used ({fault.strerror})") from None
    return listener


async def serve(app: App, listener: socket.socket, on_ready: Callable[[], None]) -> None:
    """Serve pages and do due work until a signal ends both; what has been begun is ended.

    Parameters:
        app: the open application; it stays open.
        on_ready: called once pages can be asked for.

    Raises:
        IntegrationError: the worker could not go on.
    """
    await app.store.run(lambda tx: ensure_standing(tx, app, app.clock.now()))
    worker, pages = build_worker(app), _Pages(app, on_ready)
    working = asyncio.create_task(worker.run(until_quiet=False, progress=_quietly))
    working.add_done_callback(lambda _: pages.end())
    measuring = asyncio.create_task(_measure_on(app))
    try:
        await pages.serve(sockets=[listener])
    finally:
        measuring.cancel()
        worker.stop()
        await working


async def _measure_on(app: App) -> None:
    while True:
        try:
            await measure(app)
        except IntegrationError as error:
            # A store that is out of reach is nothing the work does not say as well.
            log_event(logger, "measuring_failed", logging.WARNING, error=type(error).__name__)
        await app.clock.sleep(EVERY)


async def _quietly() -> None:
    """Nobody watches the work."""


class _Pages(uvicorn.Server):
    """Says when it listens, and returns on a signal instead of dying of it."""

    def __init__(self, app: App, on_ready: Callable[[], None]) -> None:
        async def application() -> App:
            return app

        self._on_ready = on_ready
        super().__init__(
            uvicorn.Config(
                asgi_app(application),
                ws="none",
                lifespan="off",
                # Paths hold ids and searches; nobody needs them in a log.
                access_log=False,
                log_config=None,
                server_header=False,
                proxy_headers=False,
                timeout_graceful_shutdown=_PATIENCE_SECONDS,
            )
        )

    def end(self) -> None:
        """Answer what was asked, and listen no more."""
        self.should_exit = True

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.end)
        try:
            yield
        finally:
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(number)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_ready()
