"""What all tests share: empty worlds, and logs in which nobody may be found."""

from __future__ import annotations

from pathlib import Path

import pytest

from integrations.runtime import ease_garbage_collection
from integrations.store.upgrade import upgrade
from tests.support.world import Empty

pytest_plugins = ["tests.support.log_privacy"]


def pytest_collection_finish() -> None:
    """Look for garbage as the product does: going through every module took a tenth of the time."""
    ease_garbage_collection()


@pytest.fixture(scope="session")
def store_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty store, to be copied."""
    file = tmp_path_factory.mktemp("template") / "empty.sqlite"
    upgrade(f"sqlite:///{file}")
    return file


@pytest.fixture
def empty(store_template: Path, tmp_path: Path) -> Empty:
    """Where worlds are made."""
    folder = tmp_path / "worlds"
    folder.mkdir()
    return Empty(store_template, folder)
