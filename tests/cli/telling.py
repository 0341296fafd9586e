"""The demonstration as somebody starts it, kills it, and looks at what it left."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from integrations.demo.tenant import Control, Ready
from simulator.clock import AdjustableClock
from simulator.tenant import Tenant

PAIRS, MONTHS = 2, 1
PROGRAM = "Reverse Mentoring 2027"
PATIENCE_SECONDS = 600
BEGINNING, END = datetime(2027, 1, 4, tzinfo=UTC), datetime(2027, 8, 1, tzinfo=UTC)
"""The tenant's first day, and a day after the last one of every series."""

Moment = Callable[[Control], bool]
"""Whether the tenant has seen enough for the app to be killed."""


@dataclass(frozen=True)
class Left:
    """What a telling left in the tenant: who meets when, who was mailed what, who was refused."""

    dates: Counter[tuple[str, ...]]
    mails: Counter[tuple[str, ...]]
    complaints: list[str]


def started(folder: Path, *wish: str) -> subprocess.Popen[bytes]:
    """``python -m integrations demo`` in ``folder``; what it says goes to a file beside it."""
    wish = (*(wish or ("--pairs", str(PAIRS), "--months", str(MONTHS))), "--folder", str(folder))
    environ = {n: v for n, v in os.environ.items() if not n.startswith("TANDEM_")}
    with folder.with_suffix(".log").open("ab") as log:
        return subprocess.Popen(  # noqa: S603 - our own interpreter and arguments
            [sys.executable, "-m", "integrations", "demo", *wish],
            env={**environ, "COLUMNS": "100"},
            cwd=Path(__file__).parents[2],
            stdout=log,
            stderr=log,
        )


def said(folder: Path) -> str:
    """All that tellings in this folder have said, in one line: it is wrapped to a terminal."""
    return " ".join(folder.with_suffix(".log").read_text().split())


def comparison_in(folder: Path) -> re.Match[str]:
    """How verdicts were found to stand to what people did."""
    found = re.search(
        r"(\d+) verdicts compared with what people really did: (\d+) say it, .*? (\d+) are wrong\.",
        said(folder),
    )
    assert found is not None, said(folder)
    return found


def credit_of(folder: Path) -> bytes:
    """The credit export made anew from the store that a telling left."""
    again = folder / "again.csv"
    environ = {n: v for n, v in os.environ.items() if not n.startswith("TANDEM_")}
    subprocess.run(  # noqa: S603 - our own interpreter and arguments
        [sys.executable, "-m", "integrations", "credit", PROGRAM, "--to", str(again)],
        env={**environ, "TANDEM_STORE_URL": f"sqlite:///{folder / 'tandem.sqlite'}"},
        cwd=Path(__file__).parents[2],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return again.read_bytes()


def told_to_the_end(folder: Path, *wish: str) -> Left:
    """Start it, wait until it ends well, and look at what it left."""
    with started(folder, *wish) as process:
        process.wait(timeout=PATIENCE_SECONDS)
    assert process.returncode == 0, said(folder)
    return left_in(folder)


def killed_at(folder: Path, moment: Moment, *wish: str) -> None:
    """Start it, and kill the app, not its tenant, once the moment has come."""
    until = time.monotonic() + PATIENCE_SECONDS
    with started(folder, *wish) as process:
        while not (folder / "ready.json").exists():
            _go_on_waiting(process, until, folder)
        control = Control(Ready(json.loads((folder / "ready.json").read_text())))
        while not moment(control):
            _go_on_waiting(process, until, folder)
        process.kill()
        process.wait()
        control.get("/health")
        control.close()
    assert process.returncode == -signal.SIGKILL


def _go_on_waiting(process: subprocess.Popen[bytes], until: float, folder: Path) -> None:
    assert process.poll() is None, said(folder)
    assert time.monotonic() < until, "the moment never came"
    time.sleep(0.02)


def written(number: int) -> Moment:
    """So many events have been made or cancelled."""

    def has_come(control: Control) -> bool:
        calls: list[dict[str, Any]] = control.get("/calls")
        writes = [c for c in calls if c["method"] == "POST" and "/events" in c["path"]]
        return len(writes) >= number

    return has_come


def lived_until(at: datetime) -> Moment:
    """The tenant's clock has come so far."""
    return lambda control: datetime.fromisoformat(control.get("/clock")["now"]) >= at


def left_in(folder: Path) -> Left:
    """The tenant's state as it stands in its files; instants of mails are left out."""
    ready = json.loads((folder / "ready.json").read_text())
    tenant = Tenant.open(folder / "tenant" / "tenant.sqlite", AdjustableClock(END))
    try:
        found = [
            (*sorted(one.responses), one.subject, one.start.isoformat(), one.end.isoformat())
            for box in ready["program_mailboxes"]
            for one in tenant.occurrences_of(box["mail"], BEGINNING, END)
        ]
        mails = [
            (mail.by, mail.recipient, mail.kind, mail.subject, str(mail.occurrence))
            for mail in tenant.mail_log
        ]
        return Left(Counter(found), Counter(mails), tenant.complaints)
    finally:
        tenant.close()
