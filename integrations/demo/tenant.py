"""The simulated tenant as a process: started, asked, and stopped, never imported."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NoReturn

import httpx

from integrations.errors import IntegrationError

MODULE = "simulator"
PATIENCE_SECONDS = 120.0


class SimulatorError(IntegrationError):
    """The simulated tenant did not start or does not answer."""

    remedy = "See the lines above; `make demo` installs all that it needs."


@dataclass(frozen=True, slots=True)
class Ready:
    """What the tenant told when it began to listen."""

    facts: dict[str, Any]

    def __getitem__(self, name: str) -> str:
        return str(self.facts[name])

    @property
    def mailboxes(self) -> list[str]:
        """Addresses of the program mailboxes."""
        return [str(mailbox["mail"]) for mailbox in self.facts["program_mailboxes"]]

    @property
    def staff(self) -> dict[str, str]:
        """Addresses of who runs the program, answers for it and runs the tenant, by part."""
        return {str(part): str(mail) for part, mail in self.facts.get("staff", {}).items()}

    @property
    def now(self) -> datetime:
        """What time it is in the tenant."""
        return datetime.fromisoformat(self["now"])


def run_simulator(arguments: Sequence[str]) -> NoReturn:
    """Become the simulator, so that a signal to this process is a signal to it."""
    os.execv(sys.executable, _command(arguments))  # noqa: S606 - our own module


def _command(arguments: Sequence[str]) -> list[str]:
    return [sys.executable, "-m", MODULE, *arguments]


@contextmanager
def running_tenant(folder: Path, *firm: str) -> Iterator[Ready]:
    """A tenant in ``folder``; ends with the block.

    A tenant that whoever used the folder before could not end any more is taken over as it is;
    one that has ended goes on from its state. ``firm`` are options of the simulator's command
    line, for a new one.

    Raises:
        SimulatorError: it did not come up.
    """
    folder.mkdir(parents=True, exist_ok=True)
    left = _left_running(folder)
    if left is not None:
        try:
            yield left
        finally:
            _end(int(left["pid"]))
        return
    _ready_file(folder).unlink(missing_ok=True)
    where = ("--state", str(folder / "tenant"), "--ready-file", str(_ready_file(folder)))
    with (folder / "tenant.log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 - our own module, with our own arguments
            _command([*where, *firm]), stdout=log, stderr=log
        )
    try:
        yield _wait_until_ready(process, _ready_file(folder), folder / "tenant.log")
    finally:
        process.terminate()
        process.wait(timeout=30)


def end_left_tenant(folder: Path) -> None:
    """End the tenant that still serves this folder, if there is one."""
    left = _left_running(folder)
    if left is not None:
        _end(int(left["pid"]))


def _ready_file(folder: Path) -> Path:
    return folder / "ready.json"


def _left_running(folder: Path) -> Ready | None:
    """The tenant that still serves this folder, if there is one."""
    try:
        ready = Ready(json.loads(_ready_file(folder).read_text()))
        control = Control(ready)
    except (OSError, ValueError, KeyError):
        return None
    try:
        now = control.get("/health")["now"]
    except (httpx.HTTPError, SimulatorError):
        return None
    finally:
        control.close()
    return Ready({**ready.facts, "now": now})


def _end(pid: int) -> None:
    """End a tenant that is not our child, and wait until it has ended. Real waiting."""
    until = time.monotonic() + PATIENCE_SECONDS
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
        while time.monotonic() < until:
            os.kill(pid, 0)
            time.sleep(0.02)


def _wait_until_ready(process: subprocess.Popen[bytes], ready_file: Path, log: Path) -> Ready:
    """Real waiting: another process is starting."""
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        if ready_file.exists():
            return Ready(json.loads(ready_file.read_text()))
        if process.poll() is not None:
            lines = log.read_text(errors="replace").strip().splitlines()
            raise SimulatorError(lines[-1] if lines else "the simulated tenant ended at once")
        time.sleep(0.05)
    raise SimulatorError(f"the simulated tenant did not start within {PATIENCE_SECONDS:.0f} s")


class Control:
    """The tenant's control API: its clock, its mail log, its complaints."""

    def __init__(self, ready: Ready) -> None:
        self._http = httpx.Client(
            base_url=ready["control_url"],
            verify=_trust(ready["ca_file"]),
            headers={"authorization": f"Bearer {ready['control_token']}"},
            timeout=120.0,
        )

    def get(self, path: str, asked: Mapping[str, Any] | None = None) -> Any:
        """What the tenant says under ``path``; ``asked`` is what goes into the query."""
        return self._told(self._http.get(path, params=asked))

    def tell(self, path: str, told: Mapping[str, Any]) -> Any:
        """Have something happen in the tenant; what it says to that."""
        return self._told(self._http.post(path, json=told))

    def advance(self, length: timedelta) -> datetime:
        """Let ``length`` pass in the tenant and return its new time."""
        body = {"advance_seconds": length.total_seconds()}
        return datetime.fromisoformat(self._told(self._http.post("/clock", json=body))["now"])

    def begin_life(self) -> None:
        """Let the firm's people act and meet whenever time passes; begun before, it goes on."""
        self._told(self._http.post("/people/life", json={}))

    def _told(self, answer: httpx.Response) -> Any:
        if answer.is_error:
            raise SimulatorError(f"the simulated tenant answered {answer.status_code}")
        return answer.json()

    def close(self) -> None:
        """Close the connection."""
        self._http.close()


def _trust(ca_file: str) -> Any:
    import ssl

    return ssl.create_default_context(cafile=ca_file)
