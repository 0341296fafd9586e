"""Our functions in the worker that Azure runs them in, on the Python it is published for."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from tests.functions.microsofts_worker import ROOT, python_of_worker
from tests.support.functions import indexed


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    """Every function invoked once by the worker, in a process of its own."""
    python = python_of_worker()
    if python is None:
        pytest.skip("Microsoft's worker needs Python 3.13: make worker")
    run = subprocess.run(  # noqa: S603 - our own interpreter and module
        [python, "-W", "ignore", "-m", "tests.functions.microsofts_worker"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-2000:]
    return dict(json.loads(run.stdout))


def test_the_worker_finds_the_functions_that_the_other_tests_call(told: dict[str, Any]) -> None:
    assert told["functions"] == sorted(indexed())
    assert told["python"] >= [3, 13]


def test_every_function_ends_well_in_the_worker(told: dict[str, Any]) -> None:
    assert set(told["ended"]) == set(indexed())
    failed = {n: one["why"] for n, one in told["ended"].items() if one["status"] != "success"}
    assert failed == {}


def test_the_worker_brings_answers_of_the_web_back(told: dict[str, Any]) -> None:
    assert told["ended"]["take_hints"]["http"] == ["200", "a token"]
    status, page = told["ended"]["show_pages"]["http"]
    assert status == "404"
    assert page.startswith("<!doctype html>")


def test_first_invocations_at_once_open_one_application(told: dict[str, Any]) -> None:
    assert told["opened"] == 1


def test_messages_through_the_worker_book_every_pair(told: dict[str, Any]) -> None:
    assert told["booked"] == 2
    assert told["complaints"] == []
