"""Who coordinates a program, and stopping all writing, from a terminal."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from integrations.cli import opening
from integrations.ports import Transaction
from integrations.writing import is_stopped
from tests.support.terminal import Office, Terminal

EARLY = datetime(2026, 3, 29, tzinfo=UTC)


@pytest.fixture
def office(
    store: Path, terminal: Terminal, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Office:
    found = Office.open(terminal, monkeypatch, tmp_path, pairs=2)
    for command in (("import", str(found.roster)), ("plan",)):
        assert terminal(*command)[0] == 0
    return found


def _program() -> str:
    (program,) = opening.with_store(lambda tx: tx.programs.all())
    return program.name


def test_coordinators_and_sponsors_are_added_by_their_address_and_removed(
    office: Office, terminal: Terminal
) -> None:
    name = _program()
    people = opening.with_store(lambda tx: tx.participants.all())
    first, second = people[0], people[1]
    assert terminal("program", "staff", name, "--add", first.mail)[0] == 0
    assert terminal("program", "staff", name, "--add", first.mail)[0] == 0
    data = office.data("program", "staff", name, "--add", second.mail, "--as", "sponsor")
    assert {(m["role"], m["mail"]) for m in data} == {
        ("coordinator", first.mail),
        ("sponsor", second.mail),
    }
    code, _, told = terminal("program", "staff", name, "--remove", first.mail)
    assert code == 3
    assert "Add another coordinator first" in told
    code, _, told = terminal("program", "staff", name, "--add", "nobody@firm.example")
    assert code == 3
    assert "an account of the firm" in told
    assert terminal("program", "staff", name, "--add", second.mail)[0] == 0
    assert terminal("program", "staff", name, "--remove", first.mail)[0] == 0
    left = office.data("program", "staff", name)
    assert {m["mail"] for m in left} == {second.mail}
    codes = [e.code for e in opening.with_store(lambda tx: tx.journal.read())]
    assert codes.count("staff_added") == 3
    assert codes.count("staff_removed") == 1


def test_writing_is_stopped_shown_by_the_dry_run_and_let_go_on(
    office: Office, terminal: Terminal
) -> None:
    assert terminal("writing", "stop")[0] == 0
    assert opening.with_store(is_stopped)
    code, out, _ = terminal("writing", "stop")
    assert code == 0
    assert "It was stopped already" in out
    _, _, told = terminal("book", "--dry-run")
    assert "all writing is stopped" in told
    assert office.data("book", "--dry-run")["writing_stopped"] is True
    assert terminal("writing", "go-on")[0] == 0
    assert not opening.with_store(is_stopped)
    _, _, told = terminal("book", "--dry-run")
    assert "all writing is stopped" not in told


def test_what_was_put_aside_is_taken_up_by_one_command(office: Office, terminal: Terminal) -> None:
    def aside(tx: Transaction) -> None:
        for kind, subject in (("reconcile_pair", "p1"), ("judge_session", "s1")):
            tx.work.poison(tx.work.schedule(kind, subject, EARLY).id, "LookupError")

    opening.with_store(aside)
    taken = office.data("take-up")
    assert {(work["kind"], work["subject"]) for work in taken} == {
        ("reconcile_pair", "p1"),
        ("judge_session", "s1"),
    }
    assert terminal("take-up")[0] == 0
    assert office.data("take-up") == []
