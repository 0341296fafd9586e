"""Opens the application or its store for one command, and closes it after.

Imported when a command is run: these imports take a second, and planning files needs none of them.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

from integrations.bootstrap import build_app, build_store, settings_from_environment
from integrations.errors import Fault, FaultsError
from integrations.logs import log_to
from integrations.ports import Transaction
from integrations.runtime import ease_garbage_collection
from integrations.settings import Settings
from integrations.store.store import SqlStore
from integrations.workflows.app import App

T = TypeVar("T")


def read_settings() -> Settings:
    """The settings of this process; its log is set to their level."""
    settings = settings_from_environment(defaults={"TANDEM_LOG_LEVEL": "warning"})
    log_to(level=logging.getLevelNamesMapping()[settings.log_level.upper()])
    return settings


def unopened_app() -> App:
    """The application of this process's settings, which has not looked at its store yet."""
    return build_app(read_settings())


def with_app(do: Callable[[App], Awaitable[T]]) -> T:
    """Run ``do`` with the application opened, in one event loop, and close it after."""

    async def run() -> T:
        tandem = unopened_app()
        ease_garbage_collection()
        try:
            return await do(await tandem.open())
        finally:
            await tandem.close()

    return asyncio.run(run())


def with_store(do: Callable[[Transaction], T]) -> T:
    """One transaction in the program store; no tenant is needed for it."""

    async def run() -> T:
        store: SqlStore = build_store(read_settings())
        ease_garbage_collection()
        try:
            await store.check()
            return await store.run(do)
        finally:
            await store.close()

    return asyncio.run(run())


def json_file(path: Path) -> dict[str, Any]:
    """The JSON object in a file. Raises FaultsError."""
    try:
        data = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        expected = f"a readable JSON file ({type(error).__name__})"
        raise FaultsError([Fault(str(path), expected)]) from None
    if not isinstance(data, dict):
        raise FaultsError([Fault(str(path), "a JSON object")])
    return data
