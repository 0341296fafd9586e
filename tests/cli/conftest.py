"""A tenant of its own process, or of this one, and the command line pointed at it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from integrations.store.upgrade import upgrade
from tests.simulator.served import ServedTenant
from tests.support.installation import Installation, environment
from tests.support.terminal import Office, Terminal
from tests.support.world import CLIENT, SECRET


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    """A tenant with six pairs whose time goes on, and an empty store."""
    with ServedTenant(
        tmp_path / "tenant", "--pairs", "6", "--clock", "running", "--latency-ms", "30"
    ) as tenant:
        upgrade(f"sqlite:///{tmp_path / 'tandem.sqlite'}")
        yield Installation(tenant, tmp_path, environment(tenant, tmp_path))


@pytest.fixture
def terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Terminal:
    from rich.console import Console

    monkeypatch.setattr("integrations.cli.console.out", Console(highlight=False, width=200))
    monkeypatch.setattr(
        "integrations.cli.console.err", Console(stderr=True, highlight=False, width=200)
    )
    opened = Terminal(capsys, monkeypatch)
    opened.set(
        store_url=f"sqlite:///{tmp_path / 'tandem.sqlite'}",
        tenant_id="11111111-2222-4333-8444-666666666666",
        client_id=CLIENT,
        credential="secret",
        client_secret=SECRET,
        program_mailboxes="mentoring-1@firm.example",
        # Nobody listens there: the network of this machine ends at the loopback.
        authority="https://127.0.0.1:9",
        graph_url="https://127.0.0.1:9/v1.0",
    )
    return opened


@pytest.fixture
def store(terminal: Terminal, store_template: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(store_template, tmp_path / "tandem.sqlite"))


@pytest.fixture
def office(
    store: Path, terminal: Terminal, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Office:
    return Office.open(terminal, monkeypatch, tmp_path, pairs=6)
