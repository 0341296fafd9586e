"""How long booking takes against the least its calls can take. Prints; asserts nothing.

Two hundred pairs are booked in a tenant that is served over HTTPS, takes 200 ms for every call and
refuses a fifth one at once to a mailbox: first on one program mailbox, then on four. The least
time is that of the calls a booking needs (a series, a look at its instances, a look-up of its
meeting, a write per date that leaves the slot), four at once to each mailbox. Tandem keeps one of
the four for people who wait at a page, so 1.33 times the least is the best it can do. The pace of
mails is off.

    python -m benchmarks.booking_rate [--pairs 200] [--latency-ms 200]
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from integrations.bootstrap import Surroundings, build_app, build_worker
from integrations.demo.run import demo_settings
from integrations.demo.tenant import Ready, running_tenant
from integrations.runtime import ease_garbage_collection
from integrations.store.upgrade import upgrade
from integrations.workflows import book
from integrations.workflows.enrol import enrol
from integrations.workflows.plan import plan_enrolled

CALLS_AT_ONCE = 4
BOOKING_CALLS = ("create_event", "list_instances", "find_meeting", "move_event", "cancel_event")


async def _book(ready: Ready, folder: Path, mailboxes: int, latency: float) -> None:
    settings = demo_settings(
        ready,
        folder,
        program_mailboxes=",".join(ready.mailboxes[:mailboxes]),
        mails_per_minute="0",
        workers=str(6 * mailboxes),
    )
    upgrade(settings.store_url.get_secret_value())
    app = await build_app(settings, Surroundings(seed=1)).open()
    ease_garbage_collection()
    try:
        await enrol(app, Path(ready["roster"]).read_bytes())  # noqa: ASYNC240 - nobody waits
        await plan_enrolled(app)
        before = app.graph.calls_by_kind()
        await book.launch(app)
        begun, cpu_begun = time.perf_counter(), time.process_time()
        await build_worker(app).run(until_quiet=True, progress=_quietly)
        taken, cpu = time.perf_counter() - begun, time.process_time() - cpu_begun
        made = {k: n - before.get(k, 0) for k, n in app.graph.calls_by_kind().items()}
        states = await app.store.run(lambda tx: tx.pairs.count_by_state())
    finally:
        await app.close()
    needed = sum(made.get(kind, 0) for kind in BOOKING_CALLS)
    least = needed * latency / (CALLS_AT_ONCE * mailboxes)
    print(
        f"{mailboxes} mailbox(es): {dict(states)}; {needed} booking calls "
        f"({sum(made.values())} in all) in {taken:.1f} s; least {least:.1f} s; "
        f"ratio {taken / least:.2f}; {cpu:.1f} s of CPU"
    )
    print("   ", {kind: n for kind, n in made.items() if n})


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
    for mailboxes in (1, 4):
        with tempfile.TemporaryDirectory() as folder:
            options = [
                *("--now", now.isoformat(), "--clock", "running"),
                *("--start-date", monday.isoformat(), "--latency-ms", str(asked.latency_ms)),
            ]
            with running_tenant(Path(folder), asked.pairs, 1, *options) as ready:
                asyncio.run(_book(ready, Path(folder), mailboxes, asked.latency_ms / 1000))


if __name__ == "__main__":
    main()
