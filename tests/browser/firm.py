"""The demonstration's firm with its pages open, as processes of their own, for browsers to visit.

The firm is made up and lives once for a whole test run; each module of tests has a copy of its own.
"""

from __future__ import annotations

import asyncio
import fcntl
import itertools
import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from time import monotonic, sleep
from typing import Any, TypeVar

import httpx

from integrations.demo.tenant import Control, Ready, running_tenant
from integrations.ports import Transaction
from integrations.records import PairState, WorkState
from integrations.runtime import Immortal, inline
from integrations.store.store import SqlStore

ROOT = Path(__file__).resolve().parents[2]
PAIRS, MONTHS, SEED = 8, 1, 3
OFFICE_HOUR = time(15, tzinfo=UTC)
"""Ten in New York: mails may go at once."""
LONG_ENOUGH = datetime(2027, 3, 8, tzinfo=UTC)
"""More than 45 days after the first date of everybody."""
_DAY = timedelta(days=1)
LONGEST_START_SECONDS = 240.0

T = TypeVar("T")


class ServedFirm:
    """A served firm: its address, its people, its store, its tenant."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder, self.url = folder, url
        self.ready = Ready(json.loads((folder / "ready.json").read_text()))
        self.control = Control(self.ready)

    def read(self, look: Callable[[Transaction], T]) -> T:
        """Look into the store, or change it, beside the process that serves it."""

        async def run() -> T:
            store = SqlStore(
                f"sqlite:///{self.folder / 'tandem.sqlite'}", offload=inline, life=Immortal()
            )
            try:
                return await store.run(look)
            finally:
                await store.close()

        # In a thread of its own: in this one the browser's driver has its loop running.
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(asyncio.run, run()).result()

    def staff(self, part: str) -> str:
        """Address of the firm's coordinator, sponsor or administrator."""
        return self.ready.staff[part]

    def booked_pair(self) -> dict[str, str]:
        """A booked pair that has an assistant: ids, and addresses of all three."""

        def look(tx: Transaction) -> dict[str, str]:
            pairs = [p for p in tx.pairs.all() if p.state is PairState.BOOKED and p.assistants]
            pair = min(pairs, key=lambda one: one.id)
            people = tx.participants.many([pair.mentor_id, pair.mentee_id])
            return {
                "id": pair.id,
                "program": pair.program_id,
                "mentor": people[pair.mentor_id].mail,
                "mentee": people[pair.mentee_id].mail,
                "assistant": pair.assistants[0],
            }

        return self.read(look)

    def now(self) -> datetime:
        """What time it is in the firm."""
        return datetime.fromisoformat(self.control.get("/clock")["now"])


def _wait_until_settled(firm: ServedFirm) -> None:
    """Wait until a firm that was just served has done what was due as it woke up.

    Rows are raised then and accounts asked for: a test would choose its pair too early, or have
    what it changes overtaken by what was begun before.
    """

    def busy(tx: Transaction) -> list[str]:
        waiting = (work for work in tx.work.all() if work.state is WorkState.OPEN)
        return [w.kind for w in waiting if w.claimed_by is not None or w.due_at <= firm.now()]

    until = monotonic() + LONGEST_START_SECONDS
    while left := firm.read(busy):
        assert monotonic() < until, left
        sleep(0.1)


def another_pair(firm: ServedFirm, program: str = "") -> str:
    """A roster that pairs the mentor of one pair with the mentee of another, in their program."""

    def look(tx: Transaction) -> str:
        pairs = tx.pairs.in_state(PairState.BOOKED)
        known = {(pair.mentor_id, pair.mentee_id) for pair in tx.pairs.all()}
        one, other = next(
            (one, other)
            for one, other in itertools.permutations(pairs, 2)
            if (one.mentor_id, other.mentee_id) not in known
        )
        people = tx.participants.many([one.mentor_id, other.mentee_id])
        mails = people[one.mentor_id].mail, people[other.mentee_id].mail
        named = program or tx.programs.require(one.program_id).name
        return (
            "mentor_mail,mentee_mail,program,start_date,pair_id\n"
            f"{mails[0]},{mails[1]},{named},2027-04-05,LATE-1\n"
        )

    return firm.read(look)


def made_once(template: Path, make: Callable[[Path], None]) -> Path:
    """The folder of a firm, made by whichever process of the run comes first."""
    template.parent.mkdir(parents=True, exist_ok=True)
    with template.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (template / "made").exists():
            shutil.rmtree(template, ignore_errors=True)
            make(template)
            (template / "made").touch()
        fcntl.flock(lock, fcntl.LOCK_UN)
    return template


def copied(template: Path, folder: Path) -> None:
    """A firm like that of ``template``, which nobody serves, in ``folder``."""
    shutil.copytree(template, folder, ignore=shutil.ignore_patterns("ready.json", "lock"))


def let_pass(folder: Path, until: datetime) -> None:
    """Let time pass in a firm that nobody serves."""
    with running_tenant(folder) as ready, closing(Control(ready)) as control:
        now = datetime.fromisoformat(control.get("/clock")["now"])
        if until > now:
            control.advance(until - now)


def office_hour(after: datetime) -> datetime:
    """The next Tuesday to Thursday at that hour, so that mails may go."""
    at = datetime.combine(after.date() + _DAY, OFFICE_HOUR)
    while at.weekday() not in (1, 2, 3):
        at += _DAY
    return at


def run_demo(folder: Path) -> None:
    """Make a firm up that has lived."""
    story = ("--pairs", str(PAIRS), "--seed", str(SEED), "--months", str(MONTHS), "--fresh")
    done = subprocess.run(  # noqa: S603 - our own module, with our own arguments
        [sys.executable, "-m", "integrations", "demo", *story, "--folder", str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@contextmanager
def served(template: Path, folder: Path, *, poll_seconds: int = 30) -> Iterator[ServedFirm]:
    """A copy of the firm in ``folder``, served on free ports until the block ends.

    ``poll_seconds`` is how soon due work is seen that a test writes into the store itself.
    """
    copied(template, folder)
    log = folder / "serve.log"
    with log.open("wb") as out:
        process = subprocess.Popen(  # noqa: S603 - our own module, with our own arguments
            [
                *(sys.executable, "-m", "tests.browser.serving", str(folder)),
                str(poll_seconds),
            ],
            cwd=ROOT,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        firm = ServedFirm(folder, _address(process, log))
        with closing(firm.control):
            _wait_until_settled(firm)
            yield firm
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=60)
    assert process.returncode == 0, log.read_text()


def _address(process: subprocess.Popen[Any], log: Path) -> str:
    """Where the pages are; real waiting, until another process has started."""
    until = monotonic() + LONGEST_START_SECONDS
    while monotonic() < until and process.poll() is None:
        for line in log.read_text(errors="replace").splitlines():
            if line.startswith("http://localhost:"):
                httpx.get(line.strip() + "/sign-in")
                return line.strip()
        sleep(0.05)
    raise AssertionError(f"nothing is served: {log.read_text(errors='replace')}")
