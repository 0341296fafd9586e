"""The triggers of this process, joined to a world instead of to the environment."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

import function_app
from integrations.hosting import SharedHost
from integrations.workflows.app import App

Join = Callable[[Callable[[], Awaitable[App]]], None]


@pytest.fixture
def join(monkeypatch: pytest.MonkeyPatch) -> Join:
    """Have the triggers open their application by the function given."""

    def to(open_app: Callable[[], Awaitable[App]]) -> None:
        monkeypatch.setattr(function_app, "tandem", SharedHost(open_app))

    return to
