"""The application inside a function app: opened at the first trigger, shared by all of them.

A function app has no start of its own: whichever trigger comes first opens the application, and
several may come at once. Nothing here runs when a module is imported.
"""

from __future__ import annotations

import asyncio
import functools
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import ParamSpec

from integrations.bootstrap import (
    build_app,
    build_worker,
    settings_from_environment,
    start_telemetry,
    warm_up,
)
from integrations.errors import FaultsError, IntegrationError
from integrations.logs import JsonLines, log_event, set_level
from integrations.queue.no_queue import NoQueue
from integrations.telemetry import TRIGGER, traced
from integrations.workflows.app import App
from integrations.workflows.work import Worker

logger = logging.getLogger(__name__)

P = ParamSpec("P")
Trigger = Callable[P, Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Hosted:
    """The open application of one event loop."""

    app: App

    @property
    def worker(self) -> Worker:
        """Somebody new to do its work."""
        return build_worker(self.app)

    @property
    def lone_worker(self) -> Worker | None:
        """Who does due work by looking for it; None if a queue carries wake-ups to consumers."""
        return self.worker if isinstance(self.app.queue, NoQueue) else None


class SharedHost:
    """Opens one application per event loop, whoever asks first, and again after a failure.

    HTTP clients must not cross event loops; a function app has one loop for its whole life.
    """

    def __init__(self, open_app: Callable[[], Awaitable[App]]) -> None:
        self._open_app = open_app
        self._opened: dict[asyncio.AbstractEventLoop, Hosted] = {}
        self._locks: defaultdict[asyncio.AbstractEventLoop, asyncio.Lock] = defaultdict(
            asyncio.Lock
        )

    async def __call__(self) -> Hosted:
        """The open application.

        Raises:
            SettingsError, StoreError: it cannot be opened; the next caller tries again.
        """
        loop = asyncio.get_running_loop()
        async with self._locks[loop]:
            if loop not in self._opened:
                self._opened[loop] = Hosted(await self._open_app())
            return self._opened[loop]


async def open_from_environment() -> App:
    """The application that the environment describes, its store checked.

    Raises:
        SettingsError: variables are wrong or missing.
        StoreError: the store cannot be used.
    """
    settings = settings_from_environment()
    log_through_host(logging.getLevelNamesMapping()[settings.log_level.upper()])
    start_telemetry(settings)
    app = build_app(settings)
    # Beside opening and answering: Graph waits ten seconds for the first answer to a webhook.
    asyncio.get_running_loop().run_in_executor(None, warm_up)
    try:
        return await app.open()
    except BaseException:
        await app.close()
        raise


def log_through_host(level: int) -> None:
    """Have the host's own handlers write our lines of JSON; libraries speak from warnings up.

    Azure's client libraries name every URL they call at level INFO.
    """
    root = logging.getLogger()
    for handler in root.handlers:
        handler.setFormatter(JsonLines())
    root.setLevel(logging.WARNING)
    set_level(level)


class TriggerError(Exception):
    """A trigger failed; says where and of what kind, and quotes nothing.

    The host logs whatever leaves a trigger, and other people's messages may quote addresses.
    """

    def __init__(self, trigger: str, error: Exception) -> None:
        self.trigger, self.error = trigger, type(error).__name__
        super().__init__(f"{trigger}: {'; '.join([self.error, *_places(error)])}")


def reported(trigger: Trigger[P]) -> Trigger[P]:
    """Have every failure of ``trigger`` logged, and told to the host as a :class:`TriggerError`."""

    @functools.wraps(trigger)
    async def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            with traced(TRIGGER, trigger=trigger.__name__):
                await trigger(*args, **kwargs)
        except Exception as error:  # noqa: BLE001 - nothing stands above a trigger but the host
            _log(trigger.__name__, error)
            raise TriggerError(trigger.__name__, error) from None

    return run


def missable(trigger: Trigger[P]) -> Trigger[P]:
    """Let a wake-up go if the store, the settings or Microsoft 365 are not there for it.

    Its work stays due in the store and is sent for again. Failing instead would, in an outage
    of a few minutes, declare the messages of healthy work poisonous.
    """

    @functools.wraps(trigger)
    async def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            await trigger(*args, **kwargs)
        except IntegrationError as error:
            _log(trigger.__name__, error)

    return run


def _log(trigger: str, error: Exception) -> None:
    log_event(
        logger,
        "trigger_failed",
        logging.ERROR,
        trigger=trigger,
        error=type(error).__name__,
        places=_places(error),
    )


def _places(error: Exception) -> list[str]:
    """Which variables are wrong, without their values."""
    return [fault.where for fault in error.faults] if isinstance(error, FaultsError) else []
