"""What the commands from the roster to booked series show, and those about the installation."""

from __future__ import annotations

import asyncio
import signal
from collections import Counter
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from integrations.bootstrap import build_worker
from integrations.cli import console, opening
from integrations.errors import Fault, RosterError
from integrations.ports import Transaction
from integrations.records import WorkState
from integrations.store.admission import admit as admit_to_store
from integrations.store.upgrade import upgrade as upgrade_store
from integrations.workflows.app import App
from integrations.workflows.booking import launching
from integrations.workflows.booking.book import KIND as BOOK_PAIR
from integrations.workflows.enrolment.enrol import enrol
from integrations.workflows.enrolment.programs import program_key
from integrations.workflows.operating.taking_up import take_up
from integrations.workflows.planning import plan as planning
from integrations.workflows.showing import report
from integrations.workflows.standing_work import ensure_standing
from integrations.workflows.work import Worker
from integrations.writing import is_stopped

TERMINAL = "terminal"


def _bar() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console.err,
        transient=True,
    )


def upgrade() -> None:
    """Create the program store, or bring it up to this version."""
    url = opening.read_settings().store_url.get_secret_value()
    if url.startswith("sqlite:///"):
        folder = Path(url.removeprefix("sqlite:///").split("?")[0]).parent
        with suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
    upgrade_store(url)
    console.out.print("The program store is up to date.")


def admit(role: str) -> None:
    """Let a role read and write the program store."""
    url = opening.read_settings().store_url.get_secret_value()
    made = "was made and " if admit_to_store(url, role) else ""
    console.out.print(f"The role {made}may read and write the program store.")


def import_roster(roster: Path, *, as_json: bool) -> None:
    """Enrol the pairs of a roster file."""
    try:
        content = roster.read_bytes()
    except OSError as error:
        raise RosterError([Fault(str(roster), f"a readable file ({error.strerror})")]) from None
    done = opening.with_app(lambda tandem: enrol(tandem, content))
    if as_json:
        console.show_json(asdict(done))
        return
    console.out.print(
        f"{done.added} pairs enrolled, {done.updated} updated, {done.unchanged} unchanged; "
        f"{done.people} people, {done.blocked} of them need somebody first (see `tandem status`)."
    )


def plan(program_name: str | None, *, as_json: bool) -> None:
    """Plan every enrolled pair and show what came out."""

    async def run(tandem: App) -> tuple[planning.PlanReport, list[report.PairLine]]:
        with _bar() as bar:
            bar.add_task("Reading calendars and planning", total=None)
            key = await tandem.store.run(lambda tx: program_key(tx, program_name))
            outcome = await planning.plan_enrolled(tandem, key)
        return outcome, await tandem.store.run(_lines(program_name))

    outcome, lines = opening.with_app(run)
    if as_json:
        console.show_json({**asdict(outcome), "pairs": [line.to_json() for line in lines]})
        return
    console.show_pairs(lines)
    console.out.print(
        f"{outcome.placed} pairs placed, {outcome.without_slot} without a common hour, "
        f"{outcome.unreadable} unreadable, {outcome.blocked} blocked."
    )


def _lines(program_name: str | None) -> Callable[[Transaction], list[report.PairLine]]:
    return lambda tx: report.pair_lines(tx, program_key(tx, program_name))


def book(program_name: str | None, *, again: bool, as_json: bool) -> None:
    """Book every planned pair and show what came out."""

    async def run(tandem: App) -> None:
        key = await tandem.store.run(lambda tx: program_key(tx, program_name))
        await run_booking(tandem, key, again=again)

    opening.with_app(run)
    lines = opening.with_store(_lines(program_name))
    if as_json:
        console.show_json([line.to_json() for line in lines])
    else:
        console.show_pairs(lines)


def show_dry_run(program_name: str | None, *, as_json: bool) -> None:
    """Show every write and mail that booking would cause; send none."""
    settings = opening.read_settings()

    writes = opening.with_store(
        lambda tx: report.all_intended_writes(tx, program_key(tx, program_name))
    )
    mails = sum(write.mails for write in writes)
    pace = settings.mail_pace
    minutes = mails * pace.per_mail.total_seconds() / 60 if pace else 0.0
    stopped = settings.read_only or opening.with_store(is_stopped)
    if as_json:
        data = {"writes": [asdict(w) for w in writes], "mails": mails, "minutes": minutes}
        console.show_json({**data, "writing_stopped": stopped})
        return
    if stopped:
        console.show_wait("all writing is stopped: nothing of this leaves until it goes on")
    lines = {line.id: line for line in opening.with_store(_lines(program_name))}
    console.show_intended(writes, lines)
    console.out.print(
        f"{len(writes)} writes, {mails} mails, about {minutes:.0f} minutes per program mailbox "
        "at its pace. Nothing was sent."
    )


async def run_booking(tandem: App, program: str | None = None, *, again: bool = False) -> None:
    """Book until nothing is left that could be done now; a signal ends it after what is begun."""
    total = await launching.launch(tandem, program, again=again)
    worker = build_worker(tandem)
    with _bar() as bar:
        task = bar.add_task("Booking", total=total)

        async def show() -> None:
            bar.update(task, completed=total - await tandem.store.run(_left))

        await _until_signalled(worker, worker.run(until_quiet=True, progress=show))


def _left(tx: Transaction) -> int:
    return tx.work.count().get((BOOK_PAIR, WorkState.OPEN), 0)


async def _until_signalled(worker: Worker, run: Coroutine[Any, Any, None]) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, worker.stop)
    try:
        await run
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


def work() -> None:
    """Do due work until a signal ends it, standing work included: sweeps, watches, mails."""

    async def run(tandem: App) -> None:
        async def quietly() -> None:
            """Nobody watches."""

        await tandem.store.run(lambda tx: ensure_standing(tx, tandem, tandem.clock.now()))
        worker = build_worker(tandem)
        await _until_signalled(worker, worker.run(until_quiet=False, progress=quietly))

    opening.with_app(run)


def status(program_name: str | None, *, as_json: bool) -> None:
    """Show every pair, what else is in the way, and the work still to do."""

    found = opening.with_store(lambda tx: report.standing(tx, program_key(tx, program_name)))
    if as_json:
        console.show_json(asdict(found))
        return
    console.show_pairs(found.pairs)
    if found.blockers:
        console.show_blockers(found.blockers)
    console.show_checked(found.checked_at, found.not_well)
    console.show_counts("Work", found.work)
    console.show_counts("Mails caused so far", found.mails)


def take_up_again(*, as_json: bool) -> None:
    """Open the rows that were put aside and show which they are; `tandem work` does them."""
    taken = opening.with_app(lambda tandem: take_up(tandem, by=TERMINAL))
    if as_json:
        console.show_json([asdict(work) for work in taken])
        return
    console.show_counts("Taken up again", Counter(work.kind for work in taken))
