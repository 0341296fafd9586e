"""The command line: each command reads its arguments, calls one workflow, shows the answer.

Exit codes: 0 done; 1 a fault in Tandem; 2 wrong usage; 3 input refused (settings, roster, rule,
files); 4 the program store cannot be used; 5 Microsoft 365 could not be reached or said no;
6 doctor found something that is not well.
"""

from __future__ import annotations

import asyncio
import json
import logging
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from integrations import console
from integrations.bootstrap import (
    build_app,
    build_store,
    build_worker,
    settings_from_environment,
)
from integrations.errors import (
    Fault,
    FaultsError,
    GraphError,
    IntegrationError,
    RosterError,
    StoreError,
)
from integrations.logs import log_to
from integrations.ports import Transaction
from integrations.records import PairState, WorkState
from integrations.settings import Settings
from integrations.store.store import SqlStore
from integrations.store.upgrade import upgrade as upgrade_store
from integrations.workflows import book as booking
from integrations.workflows import plan as planning
from integrations.workflows import report
from integrations.workflows.app import App
from integrations.workflows.doctor import examine
from integrations.workflows.enrol import enrol, program_id, set_rule
from integrations.workflows.roster import template
from integrations.workflows.rules import ProgramRule
from integrations.workflows.work import Worker

T = TypeVar("T")

app = typer.Typer(
    name="tandem",
    help="Finds, books and keeps the hours of a reverse-mentoring program.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
db = typer.Typer(help="The program store.", no_args_is_help=True)
program = typer.Typer(help="Programs and their rules.", no_args_is_help=True)
app.add_typer(db, name="db")
app.add_typer(program, name="program")

Json = Annotated[bool, typer.Option("--json", help="Print data instead of tables.")]
ProgramName = Annotated[
    str | None, typer.Option("--program", help="Only this program, by name. Default: all.")
]


def main() -> None:
    """Run the command line; every expected failure is one line and a remedy."""
    try:
        app()
    except IntegrationError as error:
        console.show_error(str(error), error.remedy)
        sys.exit(_exit_code(error))


def _exit_code(error: IntegrationError) -> int:
    if isinstance(error, FaultsError):
        return 3
    if isinstance(error, StoreError):
        return 4
    return 5 if isinstance(error, GraphError) else 1


def _settings() -> Settings:
    settings = settings_from_environment(defaults={"TANDEM_LOG_LEVEL": "warning"})
    log_to(level=logging.getLevelNamesMapping()[settings.log_level.upper()])
    return settings


def _with_app(do: Callable[[App], Awaitable[T]]) -> T:
    """Run ``do`` with the application opened, in one event loop, and close it after."""

    async def run() -> T:
        tandem = build_app(_settings())
        try:
            return await do(await tandem.open())
        finally:
            await tandem.close()

    return asyncio.run(run())


def _with_store(do: Callable[[Transaction], T]) -> T:
    """Read the program store; no tenant is needed for it."""

    async def run() -> T:
        store: SqlStore = build_store(_settings())
        try:
            await store.check()
            return await store.run(do)
        finally:
            await store.close()

    return asyncio.run(run())


def _program_id(name: str | None) -> str | None:
    return program_id(name) if name else None


def _bar() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console.err,
        transient=True,
    )


# --- the store ----------------------------------------------------------------------------


@db.command("upgrade")
def db_upgrade() -> None:
    """Create the program store, or bring it up to this version. Run it at each deployment."""
    url = _settings().store_url.get_secret_value()
    if url.startswith("sqlite:///"):
        folder = Path(url.removeprefix("sqlite:///").split("?")[0]).parent
        with suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
    upgrade_store(url)
    console.out.print("The program store is up to date.")


# --- programs -----------------------------------------------------------------------------


@program.command("rule")
def program_rule(
    name: Annotated[str | None, typer.Argument(help="Name of the program.")] = None,
    from_file: Annotated[
        Path | None, typer.Option("--from", help="JSON file with the new rule.")
    ] = None,
    show_template: Annotated[
        bool, typer.Option("--template", help="Print a rule with every member.")
    ] = False,
) -> None:
    """Show a program's cadence rule, or set it from a JSON file."""
    if show_template or name is None:
        console.show_json(ProgramRule().to_body())
        return
    key = program_id(name)

    def current(tx: Transaction) -> Any:
        return tx.rules.current(key).body if tx.programs.get(key) else None

    if from_file is None:
        body = _with_store(current)
        if body is None:
            _refuse(Fault("program", "the name of a program (see `tandem status`)", name))
        console.show_json(body)
        return
    rule = ProgramRule.from_body(_json_file(from_file))

    async def keep(tandem: App) -> int:
        def record(tx: Transaction) -> int:
            if tx.programs.get(key) is None:
                _refuse(Fault("program", "the name of a program (see `tandem status`)", name))
            return set_rule(tandem, tx, key, rule).version

        return await tandem.store.run(record)

    version = _with_app(keep)
    console.out.print(f"Version {version} of the rule is in force for pairs not yet planned.")


def _json_file(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        _refuse(Fault(str(path), f"a readable JSON file ({type(error).__name__})"))
    if not isinstance(data, dict):
        _refuse(Fault(str(path), "a JSON object"))
    return data


def _refuse(*faults: Fault) -> NoReturn:
    raise FaultsError(faults)


# --- enrol, plan, book --------------------------------------------------------------------


@app.command("import")
def import_roster(
    roster: Annotated[Path | None, typer.Argument(help="CSV file.")] = None,
    show_template: Annotated[
        bool, typer.Option("--template", help="Write an empty roster to standard output.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Enrol the pairs of a roster: whole or, with any fault, not at all."""
    if show_template:
        console.out.file.write(template())
        return
    if roster is None:
        raise typer.BadParameter("name a CSV file, or ask for --template")
    try:
        content = roster.read_bytes()
    except OSError as error:
        raise RosterError([Fault(str(roster), f"a readable file ({error.strerror})")]) from None
    done = _with_app(lambda tandem: enrol(tandem, content))
    if as_json:
        console.show_json(asdict(done))
        return
    console.out.print(
        f"{done.added} pairs enrolled, {done.updated} updated, {done.unchanged} unchanged; "
        f"{done.people} people, {done.blocked} of them need somebody first (see `tandem status`)."
    )


@app.command()
def plan(
    program_name: ProgramName = None,
    as_json: Json = False,
) -> None:
    """Find the hour of every enrolled pair; nobody is told and nothing is booked."""

    async def run(tandem: App) -> tuple[planning.PlanReport, list[report.PairLine]]:
        with _bar() as bar:
            bar.add_task("Reading calendars and planning", total=None)
            outcome = await planning.plan_enrolled(tandem, _program_id(program_name))
        return outcome, await tandem.store.run(_lines(program_name))

    outcome, lines = _with_app(run)
    if as_json:
        console.show_json({**asdict(outcome), "pairs": [line.to_json() for line in lines]})
        return
    console.show_pairs(lines)
    console.out.print(
        f"{outcome.placed} pairs placed, {outcome.without_slot} without a common hour, "
        f"{outcome.unreadable} unreadable."
    )


def _lines(program_name: str | None) -> Callable[[Transaction], list[report.PairLine]]:
    key = _program_id(program_name)
    return lambda tx: report.pair_lines(tx, key)


@app.command()
def book(
    program_name: ProgramName = None,
    dry_run: Annotated[bool, typer.Option(help="List every write and mail; send none.")] = False,
    again: Annotated[bool, typer.Option(help="Take up given-up and refused pairs too.")] = False,
    as_json: Json = False,
) -> None:
    """Book every planned pair: series, moved dates, Teams meeting. Stop and go on at any time."""
    if dry_run:
        _show_dry_run(program_name, as_json=as_json)
        return
    _with_app(lambda tandem: run_booking(tandem, _program_id(program_name), again=again))
    lines = _with_store(_lines(program_name))
    if as_json:
        console.show_json([line.to_json() for line in lines])
    else:
        console.show_pairs(lines)


def _show_dry_run(program_name: str | None, *, as_json: bool) -> None:
    settings, key = _settings(), _program_id(program_name)

    def intended(tx: Transaction) -> list[report.IntendedWrite]:
        pairs = tx.pairs.in_state(PairState.PLANNED, program_id=key)
        sessions = tx.sessions.of_pairs([pair.id for pair in pairs])
        return [w for p in pairs for w in report.intended_writes(p.id, sessions[p.id])]

    writes = _with_store(intended)
    mails = sum(write.mails for write in writes)
    pace = settings.mail_pace
    minutes = mails * pace.per_mail.total_seconds() / 60 if pace else 0.0
    if as_json:
        data = {"writes": [asdict(w) for w in writes], "mails": mails, "minutes": minutes}
        console.show_json(data)
        return
    lines = {line.id: line for line in _with_store(_lines(program_name))}
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


@app.command()
def work() -> None:
    """Do due work until stopped: the loop for running without Azure Functions."""

    async def run(tandem: App) -> None:
        async def quietly() -> None:
            """Nobody watches."""

        worker = build_worker(tandem)
        await _until_signalled(worker, worker.run(until_quiet=False, progress=quietly))

    _with_app(run)


@app.command()
def status(program_name: ProgramName = None, as_json: Json = False) -> None:
    """Show every pair, what is in the way, and the work still to do."""

    def read(tx: Transaction) -> tuple[list[report.PairLine], dict[str, int], dict[str, int]]:
        work_counts = {f"{kind}, {state}": n for (kind, state), n in tx.work.count().items()}
        return _lines(program_name)(tx), work_counts, report.mails_by_kind(tx)

    lines, work_counts, mails = _with_store(read)
    if as_json:
        console.show_json(
            {"pairs": [line.to_json() for line in lines], "work": work_counts, "mails": mails}
        )
        return
    console.show_pairs(lines)
    console.show_counts("Work", work_counts)
    console.show_counts("Mails caused so far", mails)


@app.command()
def doctor(as_json: Json = False) -> None:
    """Try token, operations, mailbox and join link by harmless calls, each with its remedy."""
    checks = _with_app(lambda tandem: examine(tandem, build_worker(tandem)))
    if as_json:
        console.show_json([asdict(check) for check in checks])
    else:
        console.show_checks([(c.name, c.is_well, c.words, c.remedy) for c in checks])
    if not all(check.is_well for check in checks):
        raise typer.Exit(6)


# --- the simulated tenant -----------------------------------------------------------------


@app.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    add_help_option=False,
)
def simulator(context: typer.Context) -> None:
    """Serve a simulated Microsoft 365 tenant on this machine (`--help` lists its options)."""
    from integrations.demo.tenant import run_simulator

    raise typer.Exit(run_simulator(context.args))


@app.command()
def demo(
    pairs: Annotated[int, typer.Option(min=1, max=10_000, help="Pairs of the invented firm.")] = 24,
    seed: Annotated[int, typer.Option(help="The same seed makes the same firm.")] = 1,
    folder: Annotated[Path, typer.Option(help="Where tenant and store live.")] = Path(
        ".tandem/demo"
    ),
) -> None:
    """Import, plan and book an invented firm in a simulated tenant, and read it all back."""
    from integrations.demo.run import run_demo

    run_demo(pairs, seed, folder)
