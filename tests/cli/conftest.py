"""A tenant of its own process, or of this one, and the command line pointed at it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from integrations.store.upgrade import upgrade
from tests.simulator.served import ServedTenant
from tests.support.terminal import Office, Terminal
from tests.support.world import CLIENT, SECRET

COMMAND = [sys.executable, "-c", "from integrations.cli import main; main()"]


@dataclass(frozen=True)
class Installation:
    """A served tenant, a store, and ``tandem`` as somebody types it."""

    tenant: ServedTenant
    folder: Path
    environ: dict[str, str]

    @property
    def store(self) -> Path:
        """The file of the program store."""
        return self.folder / "tandem.sqlite"

    @property
    def roster(self) -> Path:
        """The roster of the served firm."""
        return Path(self.tenant.ready["roster"])

    def start(self, *arguments: str, **over: str) -> subprocess.Popen[str]:
        """Begin a command and do not wait for it."""
        return subprocess.Popen(  # noqa: S603 - our own interpreter and arguments
            [*COMMAND, *arguments],
            env={**self.environ, **over},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def tandem(self, *arguments: str, **over: str) -> tuple[int, str, str]:
        """Exit code, standard output and standard error of a command."""
        with self.start(*arguments, **over) as process:
            out, err = process.communicate(timeout=120)
        return process.returncode, out, err

    def data(self, *arguments: str) -> Any:
        """What a command that has to succeed prints with ``--json``."""
        code, out, err = self.tandem(*arguments, "--json")
        assert code == 0, err
        return json.loads(out)

    def asked(self, path: str) -> Any:
        """What the tenant's control API says."""
        with self.tenant.control() as control:
            return control.get(path).raise_for_status().json()


def environment(tenant: ServedTenant, folder: Path) -> dict[str, str]:
    """The machine's environment without Tandem's own, and settings as IT would set them."""
    ready = tenant.ready
    pem = folder / "registration.pem"
    pem.write_text(
        Path(ready["certificate_file"]).read_text() + Path(ready["key_file"]).read_text()
    )
    return {
        **{name: v for name, v in os.environ.items() if not name.startswith("TANDEM_")},
        "COLUMNS": "200",
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "TANDEM_STORE_URL": f"sqlite:///{folder / 'tandem.sqlite'}",
        "TANDEM_TENANT_ID": ready["tenant_id"],
        "TANDEM_CLIENT_ID": ready["client_id"],
        "TANDEM_CERTIFICATE_FILE": str(pem),
        "TANDEM_AUTHORITY": ready["authority"],
        "TANDEM_GRAPH_URL": ready["base_url"],
        "TANDEM_CA_FILE": ready["ca_file"],
        "TANDEM_PROGRAM_MAILBOXES": ",".join(b["mail"] for b in ready["program_mailboxes"]),
        "TANDEM_MAILS_PER_MINUTE": "0",
    }


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
