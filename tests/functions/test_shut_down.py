"""SIGTERM in the middle of work, inside the worker that Azure runs: nothing is lost or doubled."""

from __future__ import annotations

import json
import shutil
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.functions.microsofts_worker import ROOT, python_of_worker
from tests.simulator.served import ServedTenant
from tests.support.installation import Installation, environment
from tests.web.hooks import change

PAIRS = 3
PATIENCE = 60.0
"""Seconds after which a worker that does not get there is taken for broken."""


class ServedWorker:
    """The worker's process, as its host sees it."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._told()

    def _told(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the worker ended by itself"
        return dict(json.loads(line))

    def begin(self, name: str, **request: str) -> None:
        """Have a function run: a timer, or with ``path`` and ``body`` a request."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"name": name, **request}) + "\n")
        self._process.stdin.flush()

    def ended(self) -> dict[str, Any]:
        """The next function that ends, well."""
        told = self._told()
        assert told["status"] == "success", told
        return told

    def shut_down(self) -> list[str]:
        """Send SIGTERM; the functions that had ended until then."""
        self._process.send_signal(signal.SIGTERM)
        out, complaint = self._process.communicate(timeout=PATIENCE)
        assert self._process.returncode == -signal.SIGTERM, complaint[-2000:]
        return [json.loads(line)["name"] for line in out.splitlines()]


@contextmanager
def _worker(environ: dict[str, str]) -> Iterator[ServedWorker]:
    python = python_of_worker()
    if python is None:
        pytest.skip("Microsoft's worker needs Python 3.13: make worker")
    with subprocess.Popen(  # noqa: S603 - our own interpreter and module
        [python, "-W", "ignore", "-m", "tests.functions.served_worker"],
        cwd=ROOT,
        env=environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield ServedWorker(process)
        finally:
            process.kill()


def _rows(file: Path, query: str) -> list[Any]:
    with closing(sqlite3.connect(file)) as store:
        return store.execute(query).fetchall()


def _booked(installation: Installation) -> int:
    query = "SELECT count(*) FROM pairs WHERE state = 'booked'"
    return int(_rows(installation.store, query)[0][0])


def _set_running(installation: Installation) -> None:
    """What a coordinator does, without a wave."""
    with closing(sqlite3.connect(installation.store)) as store:
        store.execute("UPDATE programs SET state = 'running'")
        store.commit()


NOTICE = {"path": "/webhooks/graph", "body": json.dumps({"value": [change("stranger")]})}
"""Of a subscription that nobody here made: what is kept of it is that it was ignored."""
KEPT = "SELECT count(*) FROM journal WHERE code = 'hints_ignored'"


def test_work_and_a_request_that_are_shut_down_in_the_middle_lose_and_double_nothing(
    store_template: Path, tmp_path: Path
) -> None:
    """The timer has made Graph writes that it could not note yet, the request was not answered."""
    with ServedTenant(
        tmp_path / "tenant", "--pairs", str(PAIRS), "--clock", "running", "--latency-ms", "30"
    ) as tenant:
        shutil.copy(store_template, tmp_path / "tandem.sqlite")
        environ = {**environment(tenant, tmp_path), "TANDEM_WORKERS": "1"}
        installation = Installation(tenant, tmp_path, environ)
        installation.data("import", str(installation.roster))
        _set_running(installation)
        with _worker(environ) as worker:
            worker.begin("plan_and_launch")
            worker.ended()
            _shut_down_in_the_middle(installation, worker)
        # Not half: the sender was not answered, and comes again.
        assert _rows(installation.store, KEPT) == [(0,)]
        installation.let_claims_run_out()
        with _worker(environ) as worker:
            worker.begin("take_hints", **NOTICE)
            assert worker.ended()["http"][0] == "202"
            assert _rows(installation.store, KEPT) == [(1,)]
            worker.begin("look_for_work")
            _wait_until(lambda: _booked(installation) == PAIRS)
            # The round goes on looking for work: this too is the middle of it.
            assert worker.shut_down() == []
        installation.assert_booked_once(PAIRS)


def _wait_until(it_is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE
    while not it_is_so():
        assert time.monotonic() < until, "it never came so far"


def _shut_down_in_the_middle(installation: Installation, worker: ServedWorker) -> None:
    worker.begin("look_for_work")
    _wait_until(lambda: installation.written() >= 1)
    with closing(sqlite3.connect(installation.store, isolation_level=None)) as another:
        another.execute("BEGIN IMMEDIATE")
        worker.begin("take_hints", **NOTICE)
        # Answered without the store, and after the other has begun to wait for it.
        worker.begin("take_hints", path="/webhooks/graph?validationToken=token", body="")
        assert worker.ended()["http"] == ["200", "token"]
        assert worker.shut_down() == [], "neither had ended"
        another.execute("ROLLBACK")
    assert _booked(installation) < PAIRS
