"""How long booking takes against the least its calls can take. Prints; asserts nothing.

Two hundred pairs are booked in a tenant that is served over HTTPS, takes 200 ms for every call and
refuses a fifth one at once to a mailbox: on one program mailbox, then on four, by one instance of
the app and by two that share the store, as Functions scales out. The least time is that of the
calls a booking needs (a series, a look at its instances, a look-up of its meeting, a write per
date that leaves the slot), four at once to each mailbox. Tandem keeps one of the four for people
who wait at a page. The pace of mails is off. Instances are started before the clock is.

    python -m benchmarks.booking_rate [--pairs 200] [--latency-ms 200]
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

from integrations.bootstrap import Surroundings, build_app, build_worker, warm_up
from integrations.demo.run import demo_settings
from integrations.demo.tenant import Ready, running_tenant
from integrations.store.upgrade import upgrade
from integrations.workflows.app import App
from integrations.workflows.booking import launching
from integrations.workflows.enrolment.enrol import enrol
from integrations.workflows.planning.plan import plan_enrolled

CALLS_AT_ONCE = 4
BOOKING_CALLS = ("create_event", "list_instances", "find_meeting", "move_event", "cancel_event")


@dataclass(frozen=True, slots=True)
class Case:
    """One booking: in which tenant and folder, on how many mailboxes, by how many instances."""

    ready: Ready
    folder: Path
    mailboxes: int
    instances: int

    def app(self, seed: int) -> App:
        """An instance of the app."""
        settings = demo_settings(
            self.ready,
            self.folder,
            store_url=f"sqlite:///{self.folder / 'tandem.sqlite'}",
            program_mailboxes=",".join(self.ready.mailboxes[: self.mailboxes]),
            mails_per_minute="0",
            workers=str(6 * self.mailboxes // self.instances),
            poll_seconds="1",
        )
        return build_app(settings, Surroundings(seed=seed))


@dataclass(frozen=True, slots=True)
class Done:
    """What one instance did: its calls by kind, and its processor time in seconds."""

    calls: dict[str, int]
    cpu: float


async def _prepare(case: Case) -> None:
    """Have every pair planned and its booking due."""
    upgrade(f"sqlite:///{case.folder / 'tandem.sqlite'}")
    app = await case.app(seed=0).open()
    try:
        roster = Path(case.ready["roster"]).read_bytes()  # noqa: ASYNC240 - nobody waits
        await enrol(app, roster)
        await plan_enrolled(app)
        await launching.launch(app)
    finally:
        await app.close()


def _instance(case: Case, seed: int, line: Connection) -> None:
    """A process of its own: ready, then from the starting signal on at work until all is quiet."""
    asyncio.run(_work(case, seed, line))


async def _work(case: Case, seed: int, line: Connection) -> None:
    app = await case.app(seed).open()
    warm_up()
    try:
        line.send("ready")
        line.recv()
        begun = time.process_time()
        await build_worker(app).run(until_quiet=True, progress=_quietly)
        line.send(Done(app.graph.calls_by_kind(), time.process_time() - begun))
    finally:
        await app.close()


async def _states(case: Case) -> dict[str, int]:
    app = await case.app(seed=0).open()
    try:
        states = await app.store.run(lambda tx: tx.pairs.count_by_state())
        return {state.value: count for state, count in states.items()}
    finally:
        await app.close()


def _book(case: Case, latency: float) -> None:
    asyncio.run(_prepare(case))
    processes = get_context("spawn")
    lines: list[Connection] = []
    for seed in range(1, case.instances + 1):
        ours, theirs = processes.Pipe()
        processes.Process(target=_instance, args=(case, seed, theirs), daemon=True).start()
        lines.append(ours)
    for line in lines:
        line.recv()
    begun = time.perf_counter()
    for line in lines:
        line.send("go")
    done: list[Done] = [line.recv() for line in lines]
    _show(case, done, time.perf_counter() - begun, latency)


def _show(case: Case, done: Sequence[Done], taken: float, latency: float) -> None:
    made: Counter[str] = Counter()
    for one in done:
        made.update(one.calls)
    needed = sum(made[kind] for kind in BOOKING_CALLS)
    least = needed * latency / (CALLS_AT_ONCE * case.mailboxes)
    print(
        f"{case.mailboxes} mailbox(es), {case.instances} instance(s): "
        f"{asyncio.run(_states(case))}; {needed} booking calls ({sum(made.values())} in all) in "
        f"{taken:.1f} s; least {least:.1f} s; ratio {taken / least:.2f}; "
        f"{sum(one.cpu for one in done):.1f} s of CPU"
    )
    print("   ", dict(sorted(made.items())))


async def _quietly() -> None:
    """Nobody watches the progress."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=200)
    parser.add_argument("--latency-ms", type=int, default=200)
    asked = parser.parse_args()
    now = datetime.now(UTC).replace(microsecond=0)
    monday = (now + timedelta(days=14 - now.weekday())).date()
    for mailboxes, instances in ((1, 1), (4, 1), (4, 2)):
        with tempfile.TemporaryDirectory() as folder:
            options = [
                *("--pairs", str(asked.pairs), "--seed", "1"),
                *("--now", now.isoformat(), "--clock", "running"),
                *("--start-date", monday.isoformat(), "--latency-ms", str(asked.latency_ms)),
            ]
            with running_tenant(Path(folder), *options) as ready:
                case = Case(ready, Path(folder), mailboxes, instances)
                _book(case, asked.latency_ms / 1000)


if __name__ == "__main__":
    main()
