"""Several processes at one store, and processes that are killed."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from integrations.ports import Store, Transaction
from integrations.records import Permit
from tests.store.contender import ROUNDS
from tests.support.stores import MINUTE, NOW

ROOT = Path(__file__).parents[2]


class Contender:
    """A process that does one act on the store when it is told."""

    def __init__(self, url: str, name: str, act: str) -> None:
        self.process = subprocess.Popen(  # noqa: S603  # our own module
            [sys.executable, "-m", "tests.store.contender", url, name, act],
            cwd=ROOT,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def hear(self) -> Any:
        """The next thing it says."""
        assert self.process.stdout is not None
        return json.loads(self.process.stdout.readline())

    def tell(self) -> None:
        """Let it go on."""
        assert self.process.stdin is not None
        self.process.stdin.write("go\n")
        self.process.stdin.flush()

    def kill(self) -> None:
        """End it as a power cut would, and wait until it is gone."""
        self.process.send_signal(signal.SIGKILL)
        self.process.communicate()


Start = Callable[[str, str], Contender]


@pytest.fixture
def start(store_url: str) -> Iterator[Start]:
    """Starts contenders and ends them after the test."""
    started: list[Contender] = []

    def begin(name: str, act: str) -> Contender:
        started.append(Contender(store_url, name, act))
        return started[-1]

    yield begin
    for contender in started:
        contender.kill()


def both(start: Start, act: str) -> list[Any]:
    """What two processes say that did ``act`` at the same time."""
    contenders = [start("ann", act), start("bob", act)]
    assert [contender.hear() for contender in contenders] == ["ready", "ready"]
    for contender in contenders:
        contender.tell()
    return [contender.hear() for contender in contenders]


async def test_two_processes_never_hold_the_same_permit(store: Store, start: Start) -> None:
    ann, bob = both(start, "take_permits")
    assert sorted(ann + bob) == list(range(8))
    held = await store.run(lambda tx: tx.permits.held("box", NOW))
    assert [permit.slot for permit in held] == list(range(8))


async def test_two_processes_never_claim_the_same_work(store: Store, start: Start) -> None:
    subjects = [f"s{number:02}" for number in range(60)]

    def write(tx: Transaction) -> None:
        for subject in subjects:
            tx.work.schedule("plan", subject, NOW)

    await store.run(write)
    ann, bob = both(start, "claim_all")
    assert sorted(ann + bob) == subjects


async def test_two_processes_never_get_the_same_place_in_the_pace(
    store: Store, start: Start
) -> None:
    ann, bob = both(start, "pace_mails")
    assert sorted(ann + bob) == [float(second) for second in range(1, 2 * ROUNDS + 1)]


async def test_no_process_overwrites_what_another_wrote_since_it_read(
    store: Store, start: Start
) -> None:
    both(start, "count_up")
    assert await store.run(lambda tx: tx.switches.get("n")) == str(2 * ROUNDS)


async def test_two_processes_scheduling_the_same_work_make_one_row(
    store: Store, start: Start
) -> None:
    ann, bob = both(start, "schedule_same")
    assert ann == bob
    assert [row.id for row in await store.run(lambda tx: tx.work.all())] == ann


async def test_permit_and_claim_of_a_killed_process_run_out_and_are_taken_over(
    store: Store, start: Start
) -> None:
    work = await store.run(lambda tx: tx.work.schedule("plan", "p1", NOW))
    holder = start("ann", "hold")
    assert holder.hear() == "ready"
    holder.tell()
    assert holder.hear() is True
    holder.kill()

    def take(minutes: int) -> Callable[[Transaction], tuple[bool, bool]]:
        now = NOW + minutes * MINUTE

        def both_of(tx: Transaction) -> tuple[bool, bool]:
            permit = tx.permits.acquire("box", "bob", now, MINUTE, range(1))
            claim = tx.work.claim(work.id, "bob", now, MINUTE)
            return isinstance(permit, Permit), claim is not None

        return both_of

    assert await store.run(take(0)) == (False, False)
    assert await store.run(take(1)) == (True, True)


async def test_a_process_killed_before_its_commit_leaves_nothing_and_no_lock(
    store: Store, start: Start
) -> None:
    writer = start("ann", "write_slowly")
    assert writer.hear() == "ready"
    writer.tell()
    assert writer.hear() == "before commit"
    writer.kill()
    assert await store.run(lambda tx: tx.switches.get("n")) is None
    await store.run(lambda tx: tx.switches.set("n", "mine"))
    assert await store.run(lambda tx: tx.switches.get("n")) == "mine"
