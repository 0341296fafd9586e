"""How long a changed rule is tried on every pair of a large program, and what pages take meanwhile.

    python -m benchmarks.rule_trial [PAIRS]

A firm is made whose people have calendars; its pairs are enrolled and planned by Tandem, and their
series put into the calendars where the plan has them. Then "every third week" is tried on all of
them by the worker, in a process of its own, against the tenant as another process over HTTPS. In
the worker's process a coordinator opens one page after the other, a second apart, as where one
instance does both; then they open what was found. Printed are the seconds of both stages,
processor time, memory, the calls of Graph, and what each page took. Fails if a pair was
left out. Asserts nothing about time. Linux only: memory is read from ``/proc``.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
from collections import defaultdict
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import cycle
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import orjson
from kiota_serialization_json.json_serialization_writer import JsonSerializationWriter
from msgraph.generated.models.event import Event

from benchmarks.pages import sign_in
from integrations.bootstrap import build_app, build_worker, warm_up
from integrations.demo.run import demo_settings
from integrations.demo.tenant import Ready, running_tenant
from integrations.graph.events import move_to_graph, series_to_graph
from integrations.page_records import TryState
from integrations.ports import Transaction
from integrations.records import Booking, Pair, PairState, Session, SessionState
from integrations.store.upgrade import upgrade
from integrations.web import sessions
from integrations.web.app import asgi_app
from integrations.workflows.app import App
from integrations.workflows.booking.booking_case import Case, load_case, series_key
from integrations.workflows.booking.booking_series import series_draft
from integrations.workflows.enrolment.enrol import enrol
from integrations.workflows.planning.plan import plan_enrolled
from integrations.workflows.rulebook import rule_trials
from integrations.workflows.rulebook.rule_whatif import is_living
from integrations.workflows.rulebook.rules import ProgramRule
from scheduling.timespan import TimeSpan
from simulator.calendars import Item
from simulator.event_views import View
from simulator.serve_state import ClockWish, FirmWish, open_folder
from simulator.tenant import Tenant

ORIGIN = "https://tandem.firm.example"
_AT_ONCE = 200
_APART_SECONDS = 1.0
_LOOKS_AT_WHAT_WAS_FOUND = 40


async def _planned(folder: Path, ready: Ready) -> None:
    app = await build_app(_settings(folder, ready)).open()
    try:
        await enrol(app, Path(ready["roster"]).read_bytes())  # noqa: ASYNC240 - nobody waits
        await plan_enrolled(app)
    finally:
        await app.close()


def _settings(folder: Path, ready: Ready) -> Any:
    return demo_settings(ready, folder, public_url=ORIGIN)


async def _booked(folder: Path, ready: Ready, tenant: Tenant) -> int:
    """Put every planned series into the calendars, and have the store know of it; how many."""
    app = await build_app(_settings(folder, ready)).open()
    try:
        planned = await app.store.run(lambda tx: tx.pairs.in_state(PairState.PLANNED))
        for first in range(0, len(planned), _AT_ONCE):
            some = planned[first : first + _AT_ONCE]
            kept = [_put_in(app, tenant, await load_case(app, pair.id)) for pair in some]
            await app.store.run(lambda tx, kept=kept: _keep(tx, kept))  # type: ignore[misc]
            tenant.storage.commit()
        return len(planned)
    finally:
        await app.close()


_Kept = tuple[Pair, Booking, list[Session]]


def _put_in(app: App, tenant: Tenant, case: Case) -> _Kept:
    """The series as a booking leaves it behind: dates off the slot moved, those without one out."""
    assert case.mailbox is not None
    now, tag = app.clock.now(), series_key(case.pair)
    owner = tenant.directory.user(case.mailbox.address)
    draft = series_draft(case, app.options, case.pair.id, tag)
    series = tenant.writes.create(owner, _written(series_to_graph(draft)))
    shown = tenant.views.shown(series, View(immutable=True))
    booking = Booking(
        pair_id=case.pair.id,
        generation=case.pair.generation,
        mailbox_id=case.mailbox.id,
        event_id=shown["id"],
        ical_uid=shown["iCalUId"],
        etag=shown["@odata.etag"],
        zone=case.zone,
        join_url=shown["onlineMeeting"]["joinUrl"],
        meeting_id=case.pair.id,
        instances_verified_at=now,
        booked_at=now,
    )
    dates = [_stands(tenant, case, series, session) for session in case.sessions]
    pair = replace(case.pair, state=PairState.BOOKED, booked_at=now)
    return pair, booking, dates


def _stands(tenant: Tenant, case: Case, series: Item, session: Session) -> Session:
    day = session.series_start.astimezone(ZoneInfo(case.zone)).date()
    date = Item(series.event, day, series.owner)
    if session.state is SessionState.SKIPPED:
        tenant.writes.cancel(date, "")
        return session
    if session.start != session.series_start:
        to = move_to_graph(TimeSpan(session.start, session.end), case.zone)
        tenant.writes.change(date, _written(to), None)
    return replace(session, state=SessionState.SCHEDULED)


def _written(event: Event) -> Any:
    writer = JsonSerializationWriter()
    writer.write_object_value(None, event)
    return orjson.loads(writer.get_serialized_content())


def _keep(tx: Transaction, kept: list[_Kept]) -> None:
    tx.pairs.put_many([pair for pair, _, _ in kept])
    for _, booking, dates in kept:
        tx.bookings.put(booking)
        tx.sessions.put_many(dates)


# --- the trial ----------------------------------------------------------------------------


async def _tried(folder: Path, ready: Ready) -> None:
    app = await build_app(_settings(folder, ready)).open()
    warm_up()
    try:
        program = await app.store.run(_largest_program)
        key = await app.store.run(lambda tx: sign_in(tx, app, program, app.clock.now()))
        body = await app.store.run(lambda tx: tx.rules.current(program).body)
        cadence = {**body["cadence"], "interval_weeks": 3, "occurrences": 6, "minimum_held": 5}
        rule = ProgramRule.from_body({**body, "cadence": cadence})

        async def opened() -> App:
            return app

        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(asgi_app(opened)),
            base_url=ORIGIN,
            cookies={sessions.COOKIE: key},
        ) as browser:
            await _watched(app, browser, program, rule)
    finally:
        await app.close()


async def _watched(app: App, browser: httpx.AsyncClient, program: str, rule: ProgramRule) -> None:
    took: dict[str, list[float]] = defaultdict(list)
    await rule_trials.begin(app, program, rule, by="coordinator")
    looking = asyncio.create_task(_look_around(browser, program, took))
    before = _memory("VmRSS")
    # What setting up took at most is forgotten, so that the peak is the trial's own.
    Path("/proc/self/clear_refs").write_text("5")  # noqa: ASYNC240 - no file of a disk
    began, spent, calls = perf_counter(), process_time(), app.graph.calls_by_kind()
    await build_worker(app).run(until_quiet=True, progress=_quietly, kinds=(rule_trials.KIND,))
    seconds, cpu = perf_counter() - began, process_time() - spent
    looking.cancel()
    with suppress(asyncio.CancelledError):
        await looking
    found = await app.store.run(lambda tx: rule_trials.found_of(tx, program))
    made = {k: n - calls.get(k, 0) for k, n in app.graph.calls_by_kind().items()}
    totals, done = found.totals, found.trial.state
    peak = _memory("VmHWM")
    print(
        f"{totals.pairs} pairs in {seconds:.0f} s, {seconds / totals.pairs:.4f} s a pair "
        f"({cpu:.0f} s of CPU), {peak:.0f} MB at most, {before:.0f} before; {done.value}"
    )
    print(
        f"{totals.unknown} could not be told; placed {totals.placed_before} → "
        f"{totals.placed_after}; {totals.changed} dates change, {totals.mails} mails"
    )
    print({kind: number for kind, number in sorted(made.items()) if number}, flush=True)
    at = f"/programs/{program}/rule/what-if"
    for _ in range(_LOOKS_AT_WHAT_WAS_FOUND):
        await asyncio.sleep(_APART_SECONDS)
        await _ask(browser, "what was found", at, took)
    print(f"{'page':16} {'asked':>6} {'median ms':>10} {'p95 ms':>8} {'slowest':>8}")
    for name, each in took.items():
        each.sort()
        slow = each[max(0, round(0.95 * len(each)) - 1)]
        print(f"{name:16} {len(each):6} {median(each):10.0f} {slow:8.0f} {each[-1]:8.0f}")
    left = await app.store.run(lambda tx: _left_out(tx, program))
    if done is not TryState.DONE or left or found.outdated:
        raise SystemExit(f"left out: {left} pairs; outdated: {len(found.outdated)}; {done.value}")


def _memory(name: str) -> float:
    """MB of this process, as Linux tells it by this name."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:")) / 1024


async def _look_around(
    browser: httpx.AsyncClient, program: str, took: dict[str, list[float]]
) -> None:
    """Open one page after the other until told to stop."""
    pages = {
        "how far it is": f"/programs/{program}/rule/what-if",
        "overview": f"/programs/{program}",
        "list of pairs": f"/programs/{program}/pairs",
        "needs you": "/needs",
        "the rule": f"/programs/{program}/rule",
    }
    for name, path in cycle(pages.items()):
        await asyncio.sleep(_APART_SECONDS)
        await _ask(browser, name, path, took)


async def _ask(
    browser: httpx.AsyncClient, name: str, path: str, took: dict[str, list[float]]
) -> None:
    began = perf_counter()
    answer = await browser.get(path)
    assert answer.status_code == 200, (path, answer.status_code)
    took[name].append(1000 * (perf_counter() - began))


def _largest_program(tx: Transaction) -> str:
    return max(
        (program.id for program in tx.programs.all()),
        key=lambda one: len(tx.pairs.in_state(PairState.BOOKED, program_id=one)),
    )


def _left_out(tx: Transaction, program: str) -> int:
    known = tx.tried_pairs.ids(program)
    living = tx.pairs.in_state(*PairState, program_id=program)
    return sum(pair.id not in known for pair in living if is_living(pair))


async def _quietly() -> None:
    """Nobody watches the progress."""


def main(pairs: int) -> None:
    """Make firm and store, try the rule, and print what it took."""
    now = datetime.now(UTC).replace(microsecond=0)
    monday = (now + timedelta(days=14 - now.weekday())).date()
    with tempfile.TemporaryDirectory() as place:
        folder, began = Path(place), perf_counter()
        firm, clock = FirmWish(pairs=pairs, seed=1, start_date=monday), ClockWish(now, "running")
        open_folder(folder / "tenant", firm, clock).close()
        upgrade(f"sqlite:///{folder / 'tandem.sqlite'}")
        with running_tenant(folder) as ready:
            asyncio.run(_planned(folder, ready))
        planned = perf_counter()
        held = open_folder(folder / "tenant", FirmWish(), ClockWish())
        try:
            booked = asyncio.run(_booked(folder, ready, held.tenant))
        finally:
            held.close()
        print(
            f"made: {booked} of {pairs} pairs booked; firm and plan {planned - began:.0f} s, "
            f"series {perf_counter() - planned:.0f} s",
            flush=True,
        )
        with running_tenant(folder):
            command = [sys.executable, "-m", "benchmarks.rule_trial", "--one", str(folder)]
            subprocess.run(command, check=True)  # noqa: S603 - our own module


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        where = Path(sys.argv[2])
        told = Ready(orjson.loads((where / "ready.json").read_bytes()))
        asyncio.run(_tried(where, told))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
