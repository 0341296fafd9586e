"""How long the list of pairs and the overview of a large program take to be shown.

    python -m benchmarks.pages [PAIRS [postgres]]

The program is that of ``benchmarks.reports``; pages are asked for as a browser asks, by a signed-in
coordinator, of the ASGI application in process. Each is asked for 40 times, one after the other,
with other searches and other pages of the list. Then a changed rule has been tried on half of the
pairs (``trying``), and on all (``tried``). Wanted of overview and list: 95 of 100 under 100 ms at
10,000 pairs; lines that miss it say so. The store is SQLite, or PostgreSQL from its wheel.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median
from time import perf_counter, process_time

import httpx

from benchmarks.reports import NOW, fill
from integrations.bootstrap import Surroundings, build_app
from integrations.page_records import StaffMember, StaffRole, TriedPair, TriedRule, TryState
from integrations.ports import DirectoryUser, Identity, Transaction
from integrations.runtime import ease_garbage_collection, inline
from integrations.settings import Settings
from integrations.store.upgrade import upgrade
from integrations.web import sessions
from integrations.web.app import asgi_app
from integrations.workflows.app import App
from integrations.workflows.rulebook import rule_trials
from integrations.workflows.showing.standings import count_weeks, refresh
from tests.support.postgres import running_postgres

ORIGIN = "https://tandem.firm.example"
ASKED, WANTED_MS = 40, 100.0
_ACCOUNT = "coordinator"


class Later:
    """A clock that goes on by itself between two questions, so that no limit is met."""

    def __init__(self) -> None:
        self._now = NOW

    def now(self) -> datetime:
        """The pretended instant."""
        return self._now

    async def sleep(self, length: timedelta) -> None:
        """Let ``length`` pass at once."""
        self._now += length


def questions(pairs: int) -> dict[str, list[str]]:
    """What is asked for, by the name of the line."""
    listed = "/programs/prog/pairs"
    return {
        "overview": ["/programs/prog"] * ASKED,
        "list": [f"{listed}?from={number * pairs // ASKED}" for number in range(ASKED)],
        "sorted": [f"{listed}?sort={SORTS[number % len(SORTS)]}" for number in range(ASKED)],
        "filtered": [f"{listed}?{FILTERS[number % len(FILTERS)]}" for number in range(ASKED)],
        "searched": [f"{listed}?q=Number+{number * pairs // ASKED}" for number in range(ASKED)],
    }


SORTS = ("risk", "held", "gap", "next", "-held")
FILTERS = ("risk=at_risk", "office=London", "group=Group+3", "state=booked&office=Munich")


async def _measure(url: str, pairs: int) -> None:
    await fill(url, pairs)
    clock = Later()
    settings = Settings.from_environ(
        {
            "TANDEM_STORE_URL": url,
            "TANDEM_TENANT_ID": "firm.example",
            "TANDEM_CLIENT_ID": "11111111-2222-4333-8444-555555555555",
            "TANDEM_CREDENTIAL": "secret",
            "TANDEM_CLIENT_SECRET": "none",
            "TANDEM_PROGRAM_MAILBOXES": "program@firm.example",
        }
    )
    app = await build_app(settings, Surroundings(clock=clock, offload=inline)).open()
    key = await app.store.run(lambda tx: sign_in(tx, app, "prog", clock.now()))

    async def opened() -> App:
        return app

    browser = httpx.AsyncClient(
        transport=httpx.ASGITransport(asgi_app(opened)),
        base_url=ORIGIN,
        cookies={sessions.COOKIE: key},
    )
    print(f"{'page':10} {'median ms':>10} {'p95 ms':>8} {'p95 of CPU':>11} {'kB':>6}")
    for name, paths in questions(pairs).items():
        await _ask(browser, clock, name, paths)
    for name, share in (("trying", pairs // 2), ("tried", pairs)):
        await app.store.run(lambda tx, share=share: _try(tx, share, pairs, clock.now()))  # type: ignore[misc]
        await _ask(browser, clock, name, ["/programs/prog/rule/what-if"] * ASKED)
    await browser.aclose()
    await app.close()


async def _ask(browser: httpx.AsyncClient, clock: Later, name: str, paths: list[str]) -> None:
    await browser.get(paths[0])
    took, worked, size = [], [], 0
    for path in paths:
        await clock.sleep(timedelta(seconds=1))
        began, spent = perf_counter(), process_time()
        answer = await browser.get(path)
        took.append(1000 * (perf_counter() - began))
        worked.append(1000 * (process_time() - spent))
        assert answer.status_code == 200, (path, answer.status_code)
        size = len(answer.content)
    slow, work = (sorted(each)[round(0.95 * ASKED) - 1] for each in (took, worked))
    missed = "  missed" if slow >= WANTED_MS and not name.startswith("tr") else ""
    print(
        f"{name:10} {median(took):10.1f} {slow:8.1f} {work:11.1f} {size / 1e3:6.0f}{missed}",
        flush=True,
    )


def _try(tx: Transaction, looked_at: int, pairs: int, now: datetime) -> None:
    """As the worker keeps it: every third week, tried on so many of the pairs."""
    rule = tx.rules.current("prog")
    body = {**rule.body, "cadence": {**rule.body["cadence"], "interval_weeks": 3}}
    work = tx.work.take_up(rule_trials.KIND, "prog", now)
    tx.tried_rules.forget("prog")
    tx.tried_rules.add(
        TriedRule(
            program_id="prog",
            id="trial",
            rule=body,
            version=rule.version,
            pairs=pairs,
            state=TryState.DONE if looked_at == pairs else TryState.RUNNING,
            begun_at=now,
            begun_by=_ACCOUNT,
            work_id=work.id,
        )
    )
    seq = tx.journal.last_seq()
    tx.tried_pairs.put_many(
        [
            TriedPair(
                program_id="prog",
                pair_id=f"p{number}",
                dates_before=2,
                moved_before=0,
                dates_after=1,
                moved_after=1,
                changed=2,
                mails=4,
                why="the rhythm of the program has changed",
                looked_at=now,
                journal_seq=seq,
            )
            for number in range(looked_at)
        ]
    )


def sign_in(tx: Transaction, app: App, program_id: str, now: datetime) -> str:
    """Count what pages show, and let a coordinator of the program in; their session's key."""
    refresh(tx, [pair.id for pair in tx.pairs.all()], now, "UTC")
    count_weeks(tx, now)
    member = StaffMember(
        program_id=program_id,
        directory_id=_ACCOUNT,
        role=StaffRole.COORDINATOR,
        mail="coordinator@firm.example",
        name="Cora Coordinator",
        added_at=now,
        added_by="benchmark",
    )
    tx.staff.put(member)
    user = DirectoryUser(id=_ACCOUNT, mail=member.mail, name=member.name, enabled=True, guest=False)
    identity = Identity(directory_id=_ACCOUNT, roles=())
    return sessions.begin(tx, identity, user, app.secrets, now)


def main(pairs: int, *, on_postgres: bool) -> None:
    """Make the store, ask for every page, and print what each takes."""
    ease_garbage_collection()
    with _store(on_postgres) as url:
        upgrade(url)
        asyncio.run(_measure(url, pairs))


@contextmanager
def _store(on_postgres: bool) -> Iterator[str]:
    """The address of an empty store."""
    if on_postgres:
        with running_postgres() as server, server.database() as name:
            yield server.url(name)
        return
    with tempfile.TemporaryDirectory() as folder:
        yield f"sqlite:///{Path(folder) / 'store.sqlite'}?synchronous=off"


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    main(count, on_postgres="postgres" in sys.argv[2:])
