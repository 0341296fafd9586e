"""How long reports and exports over a large program take, and their memory.

    python -m benchmarks.reports [PAIRS]

Each pair has nine dates, seven of them judged, every tenth twice. Each form is written by a process
of its own, so that its memory is its alone, and set up as a command's is. The store is SQLite.
Wanted of the reports: 10,000 pairs under 5 seconds and 500 MB; lines that miss it say so. Shown
beside them are the exports with a row for each session (``all-…``), and the ledger of time credit:
``credit`` brings it up to date for the first time, ``credit-again`` finds nothing new.
"""

from __future__ import annotations

import asyncio
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from time import perf_counter, process_time

from integrations.attendance_records import KeptVerdict
from integrations.ports import Transaction
from integrations.records import (
    Mailbox,
    OutboxMail,
    Pair,
    PairState,
    Participant,
    Program,
    Rule,
    Session,
    SessionState,
)
from integrations.runtime import Immortal, ease_garbage_collection, inline
from integrations.store.store import SqlStore
from integrations.store.upgrade import upgrade
from integrations.workflows.reporting.adherence import Adherence
from integrations.workflows.reporting.credit import export_credit
from integrations.workflows.reporting.history import histories
from integrations.workflows.reporting.mailed import WEEKLY, report_of
from integrations.workflows.reporting.sponsor import sponsor_tables
from integrations.workflows.reporting.writers import Format, to_csv, written
from integrations.workflows.rulebook.rules import ProgramRule

NOW = datetime(2027, 4, 20, 12, tzinfo=UTC)
FIRST = datetime(2027, 1, 12, 15, tzinfo=UTC)
VERDICTS = ("held", "held", "held", "held", "short", "held", "unknown", "not_held", "held")
SECONDS, MEGABYTES = 5.0, 500.0
REPORTS = ("mail", "report", "sponsor", "csv", "xlsx")
EXPORTS = ("all-csv", "all-xlsx", "all-json", "credit", "credit-again")


def main(pairs: int) -> None:
    """Make the store, write every form, and print what each takes."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'store.sqlite'}?synchronous=off"
        upgrade(url)
        asyncio.run(fill(url, pairs))
        print(f"{'form':12} {'seconds':>8} {'of CPU':>8} {'MB':>6} {'bytes':>12}")
        for form in (*REPORTS, *EXPORTS):
            command = [sys.executable, "-m", "benchmarks.reports", "--one", form, url]
            line = subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603
            seconds, cpu, peak, size = map(float, line.split())
            missed = form in REPORTS and (seconds >= SECONDS or peak >= MEGABYTES)
            figures = f"{seconds:8.2f} {cpu:8.2f} {peak:6.0f} {size:12,.0f}"
            print(f"{form:12} {figures}{'  missed' if missed else ''}", flush=True)


async def fill(url: str, pairs: int) -> None:
    """Fill the store with a program of that many pairs, five months on."""
    store = SqlStore(url, offload=inline, life=Immortal())

    def record(tx: Transaction) -> None:
        tx.programs.add(Program(id="prog", name="Perspectives", zone="America/New_York"))
        body = {**ProgramRule().to_body(), "credit": [{"purpose": "development", "code": "DEV"}]}
        rule = Rule(id="rule", program_id="prog", version=1, body=body, created_at=FIRST)
        tx.rules.add(rule)
        tx.mailboxes.add(Mailbox(id="box", address="program@firm.example"))
        tx.participants.put_many(list(_people(pairs)))
        tx.pairs.put_many([_pair(number) for number in range(pairs)])
        tx.sessions.put_many([s for number in range(pairs) for s in _sessions(number)])
        tx.verdicts.put_many([v for number in range(pairs) for v in _verdicts(number)])

    await store.run(record)
    await store.close()


def _people(pairs: int) -> Iterator[Participant]:
    for number in range(pairs):
        for role in ("mentor", "mentee"):
            key = f"{role}-{number}"
            yield Participant(
                id=key,
                directory_id=key,
                mail=f"{key}@firm.example",
                name=f"{role.title()} Number {number}",
                office="New York",
                zone="America/New_York",
                timekeeper=f"TK{number}{role[3]}",
            )


def _pair(number: int) -> Pair:
    return Pair(
        id=f"p{number}",
        program_id="prog",
        mentor_id=f"mentor-{number}",
        mentee_id=f"mentee-{number}",
        start_date=date(2027, 1, 11),
        roster_id=f"NY-{number:05}",
        state=PairState.BOOKED,
        mailbox_id="box",
        office=("New York", "London", "Munich", "Sydney")[number % 4],
        practice_group=f"Group {number % 11}",
        rule_id="rule",
        windows_from=date(2027, 1, 11),
    )


def _sessions(number: int) -> Iterator[Session]:
    for window in range(9):
        start = FIRST + timedelta(weeks=2 * window)
        yield Session(
            id=f"p{number}.{window}",
            pair_id=f"p{number}",
            window=window,
            state=SessionState.SCHEDULED,
            series_start=start,
            start=start,
            end=start + timedelta(hours=1),
        )


def _verdicts(number: int) -> Iterator[KeptVerdict]:
    for window in range(7):
        last = VERDICTS[(number + window) % len(VERDICTS)]
        words = ["unknown", last] if (number + window) % 10 == 0 else [last]
        for version, word in enumerate(words, start=1):
            yield KeptVerdict(
                session_id=f"p{number}.{window}",
                version=version,
                pair_id=f"p{number}",
                verdict=word,
                minutes=52 if word == "held" else 20 if word == "short" else 0,
                kind="teams",
                digest=f"{word}{version}",
                at=FIRST + timedelta(weeks=2 * window, hours=2),
                reasons=({"code": "together", "minutes": 52},),
            )


def one(form: str, url: str) -> None:
    """Write one form and print seconds, those of CPU, peak memory in MB, and bytes."""
    ease_garbage_collection()
    began, worked = perf_counter(), process_time()
    content = asyncio.run(_content(form, url))
    seconds, cpu = perf_counter() - began, process_time() - worked
    print(seconds, cpu, _peak_megabytes(), len(content))


def _peak_megabytes() -> float:
    """The most this process held; ``getrusage`` tells its parent's where that was more."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    (line,) = (each for each in status.read_text().splitlines() if each.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


async def _content(form: str, url: str) -> bytes:
    store = SqlStore(url, offload=inline, life=Immortal())
    try:
        return await store.run(lambda tx: _made(form, tx))
    finally:
        await store.close()


def _made(form: str, tx: Transaction) -> bytes:
    if form == "mail":
        due = OutboxMail(person_id="", purpose=WEEKLY, session_id="2027-04-19", due_at=NOW)
        letter = report_of(tx, tx.programs.require("prog"), due, NOW, "UTC")
        assert letter is not None
        return letter.body.encode()
    if form.startswith("credit"):
        return to_csv(export_credit(tx, "prog", NOW, "UTC").lines)
    found = histories(tx, NOW, None, "UTC")
    if form == "sponsor":
        return written(sponsor_tables(found), Format.JSON)
    name = form.removeprefix("all-")
    tables = Adherence.of(found, NOW, with_sessions=name != form).tables
    if name == "csv":
        return b"".join(to_csv(table) for table in tables)
    return written(tables, Format.JSON if name == "report" else Format(name))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        one(*sys.argv[2:4])
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
