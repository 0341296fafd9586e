"""What the commands do that speak to the store and the tenant.

Apart from :mod:`integrations.cli`, because these imports take a second and planning files needs
none of them.
"""

from __future__ import annotations

import asyncio
import json
import logging
import signal
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, NoReturn, TypeVar
from zoneinfo import available_timezones

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from integrations import console
from integrations.bootstrap import (
    build_app,
    build_store,
    build_worker,
    settings_from_environment,
)
from integrations.errors import Fault, FaultsError, RosterError
from integrations.logs import log_to
from integrations.ports import Transaction
from integrations.records import PairState, Program, WorkState
from integrations.runtime import ease_garbage_collection
from integrations.settings import Settings
from integrations.store.store import SqlStore
from integrations.store.upgrade import upgrade as upgrade_store
from integrations.workflows import book as booking
from integrations.workflows import plan as planning
from integrations.workflows import report
from integrations.workflows.app import App
from integrations.workflows.doctor import examine
from integrations.workflows.enrol import enrol, program_id, set_rule
from integrations.workflows.rules import ProgramRule
from integrations.workflows.standing_work import ensure_standing
from integrations.workflows.work import Worker

T = TypeVar("T")
_Status = tuple[list[report.PairLine], list[report.BlockerLine], dict[str, int], dict[str, int]]


def _settings() -> Settings:
    settings = settings_from_environment(defaults={"TANDEM_LOG_LEVEL": "warning"})
    log_to(level=logging.getLevelNamesMapping()[settings.log_level.upper()])
    return settings


def with_app(do: Callable[[App], Awaitable[T]]) -> T:
    """Run ``do`` with the application opened, in one event loop, and close it after."""

    async def run() -> T:
        tandem = build_app(_settings())
        ease_garbage_collection()
        try:
            return await do(await tandem.open())
        finally:
            await tandem.close()

    return asyncio.run(run())


def with_store(do: Callable[[Transaction], T]) -> T:
    """One transaction in the program store; no tenant is needed for it."""

    async def run() -> T:
        store: SqlStore = build_store(_settings())
        ease_garbage_collection()
        try:
            await store.check()
            return await store.run(do)
        finally:
            await store.close()

    return asyncio.run(run())


def known_program(tx: Transaction, name: str | None) -> str | None:
    """The id of the program with this name; None, which is all of them, if none is named."""
    if name is None:
        return None
    key = program_id(name)
    if tx.programs.get(key) is None:
        _refuse_program(name)
    return key


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
    url = _settings().store_url.get_secret_value()
    if url.startswith("sqlite:///"):
        folder = Path(url.removeprefix("sqlite:///").split("?")[0]).parent
        with suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
    upgrade_store(url)
    console.out.print("The program store is up to date.")


def show_rule(name: str) -> None:
    """Print the rule in force for a program."""
    key = program_id(name)

    def current(tx: Transaction) -> Any:
        return tx.rules.current(key).body if tx.programs.get(key) else None

    body = with_store(current)
    if body is None:
        _refuse_program(name)
    console.show_json(body)


def set_rule_from(name: str, file: Path) -> None:
    """Put a program under the rule of a JSON file."""
    key = program_id(name)
    rule = ProgramRule.from_body(json_file(file))

    async def keep(tandem: App) -> int:
        def record(tx: Transaction) -> int:
            if tx.programs.get(key) is None:
                _refuse_program(name)
            return set_rule(tandem, tx, key, rule).version

        return await tandem.store.run(record)

    version = with_app(keep)
    console.out.print(f"Version {version} of the rule is in force for pairs not yet planned.")


def set_program(
    name: str,
    *,
    zone: str | None,
    mixed: bool | None,
    contact: Mapping[str, str | None],
    links: Mapping[str, str | None],
) -> None:
    """Change what is known of a program; what is None stays as it is."""
    key = program_id(name)
    if zone is not None and zone not in available_timezones():
        _refuse(Fault("--zone", "an IANA zone such as Europe/London", zone))

    def record(tx: Transaction) -> Program:
        known = tx.programs.get(key)
        if known is None:
            _refuse_program(name)
        changed = replace(
            known,
            zone=zone or known.zone,
            mixed=known.mixed if mixed is None else mixed,
            contact={**known.contact, **_given(contact)},
            links={**known.links, **_given(links)},
        )
        tx.programs.put(changed)
        return changed

    console.show_json(asdict(with_store(record)))


def _given(changes: Mapping[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in changes.items() if value is not None}


def json_file(path: Path) -> dict[str, Any]:
    """The JSON object in a file. Raises FaultsError."""
    try:
        data = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        _refuse(Fault(str(path), f"a readable JSON file ({type(error).__name__})"))
    if not isinstance(data, dict):
        _refuse(Fault(str(path), "a JSON object"))
    return data


def _refuse(*faults: Fault) -> NoReturn:
    raise FaultsError(faults)


def _refuse_program(name: str) -> NoReturn:
    raise FaultsError(
        [Fault("program", "the name of a program", name)],
        remedy="Use the name that stands in the column `program` of the roster.",
    )


def import_roster(roster: Path, *, as_json: bool) -> None:
    """Enrol the pairs of a roster file."""
    try:
        content = roster.read_bytes()
    except OSError as error:
        raise RosterError([Fault(str(roster), f"a readable file ({error.strerror})")]) from None
    done = with_app(lambda tandem: enrol(tandem, content))
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
            key = await tandem.store.run(lambda tx: known_program(tx, program_name))
            outcome = await planning.plan_enrolled(tandem, key)
        return outcome, await tandem.store.run(_lines(program_name))

    outcome, lines = with_app(run)
    if as_json:
        console.show_json({**asdict(outcome), "pairs": [line.to_json() for line in lines]})
        return
    console.show_pairs(lines)
    console.out.print(
        f"{outcome.placed} pairs placed, {outcome.without_slot} without a common hour, "
        f"{outcome.unreadable} unreadable, {outcome.blocked} blocked."
    )


def _lines(program_name: str | None) -> Callable[[Transaction], list[report.PairLine]]:
    return lambda tx: report.pair_lines(tx, known_program(tx, program_name))


def book(program_name: str | None, *, again: bool, as_json: bool) -> None:
    """Book every planned pair and show what came out."""

    async def run(tandem: App) -> None:
        key = await tandem.store.run(lambda tx: known_program(tx, program_name))
        await run_booking(tandem, key, again=again)

    with_app(run)
    lines = with_store(_lines(program_name))
    if as_json:
        console.show_json([line.to_json() for line in lines])
    else:
        console.show_pairs(lines)


def show_dry_run(program_name: str | None, *, as_json: bool) -> None:
    """Show every write and mail that booking would cause; send none."""
    settings = _settings()

    def intended(tx: Transaction) -> list[report.IntendedWrite]:
        key = known_program(tx, program_name)
        pairs = tx.pairs.in_state(PairState.PLANNED, program_id=key)
        sessions = tx.sessions.of_pairs([pair.id for pair in pairs])
        return [w for p in pairs for w in report.intended_writes(p.id, sessions[p.id])]

    writes = with_store(intended)
    mails = sum(write.mails for write in writes)
    pace = settings.mail_pace
    minutes = mails * pace.per_mail.total_seconds() / 60 if pace else 0.0
    if as_json:
        data = {"writes": [asdict(w) for w in writes], "mails": mails, "minutes": minutes}
        console.show_json(data)
        return
    lines = {line.id: line for line in with_store(_lines(program_name))}
    console.show_intended(writes, lines)
    console.out.print(
        f"{len(writes)} writes, {mails} mails, about {minutes:.0f} minutes per program mailbox "
        "at its pace. Nothing was sent."
    )


async def run_booking(tandem: App, program: str | None = None, *, again: bool = False) -> None:
    """Book until nothing is left that could be done now; a signal ends it after what is begun."""
    total = await booking.launch(tandem, program, again=again)
    worker = build_worker(tandem)
    with _bar() as bar:
        task = bar.add_task("Booking", total=total)

        async def show() -> None:
            bar.update(task, completed=total - await tandem.store.run(_left))

        await _until_signalled(worker, worker.run(until_quiet=True, progress=show))


def _left(tx: Transaction) -> int:
    return tx.work.count().get((booking.KIND, WorkState.OPEN), 0)


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

    with_app(run)


def status(program_name: str | None, *, as_json: bool) -> None:
    """Show every pair, what else is in the way, and the work still to do."""

    def read(tx: Transaction) -> _Status:
        work_counts = {f"{kind}, {state}": n for (kind, state), n in tx.work.count().items()}
        others = report.other_blockers(tx)
        return _lines(program_name)(tx), others, work_counts, report.mails_by_kind(tx)

    lines, others, work_counts, mails = with_store(read)
    if as_json:
        console.show_json(
            {
                "pairs": [line.to_json() for line in lines],
                "blockers": [asdict(blocker) for blocker in others],
                "work": work_counts,
                "mails": mails,
            }
        )
        return
    console.show_pairs(lines)
    if others:
        console.show_blockers(others)
    console.show_counts("Work", work_counts)
    console.show_counts("Mails caused so far", mails)


def doctor(*, as_json: bool) -> bool:
    """Show what doctor found; whether all of it is well."""
    checks = with_app(lambda tandem: examine(tandem, build_worker(tandem)))
    if as_json:
        console.show_json([asdict(check) for check in checks])
    else:
        console.show_checks([(c.name, c.is_well, c.words, c.remedy) for c in checks])
    return all(check.is_well for check in checks)
