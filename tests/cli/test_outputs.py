"""What the commands that let something out write, on a store of their own; no tenant is needed."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from integrations import cli
from integrations.attendance_records import KeptVerdict
from integrations.cli.answers.outputs import show_table
from integrations.ports import Transaction
from integrations.records import Rule, SessionState
from integrations.store.upgrade import upgrade
from integrations.workflows.enrolment.enrol import program_id
from integrations.workflows.reporting.tables import Column, Table
from integrations.workflows.rulebook.rules import ProgramRule
from tests.support.stores import NOW, enrol, open_store, person, session

PROGRAM = "Reverse mentoring"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The command line on a store with one judged meeting; a person is named like a formula."""
    url = f"sqlite:///{tmp_path / 'store.sqlite'}"
    upgrade(url)
    asyncio.run(_fill(url))
    monkeypatch.setenv("TANDEM_STORE_URL", url)
    monkeypatch.setenv("COLUMNS", "300")

    def call(*arguments: str) -> str:
        result = CliRunner().invoke(cli.app, list(arguments), catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result.output

    return call


async def _fill(url: str) -> None:
    def record(tx: Transaction) -> None:
        enrol(tx)
        program = tx.programs.require("prog")
        rule = ProgramRule.from_body(
            {
                "credit": [{"purpose": "development", "code": "DEV"}],
                "objectives": [{"words": "Most meet", "figure": "held_rate", "target": 80}],
            }
        )
        key = program_id(PROGRAM)
        tx.programs.add(replace(program, id=key, name=PROGRAM))
        tx.rules.add(Rule(id="r", program_id=key, version=1, body=rule.to_body(), created_at=NOW))
        tx.pairs.put(replace(tx.pairs.require("p1"), program_id=key))
        tx.participants.put(replace(person("mia"), name="=1+1 Mia", timekeeper="T1"))
        tx.sessions.add(session("s1", state=SessionState.SCHEDULED))
        tx.verdicts.add(
            KeptVerdict(
                session_id="s1",
                version=1,
                pair_id="p1",
                verdict="held",
                minutes=55,
                kind="teams",
                digest="d",
                at=NOW + timedelta(days=2),
            )
        )

    store = open_store(url)
    await store.run(record)
    await store.close()


def test_the_report_shows_pairs_totals_and_objectives(run: Any) -> None:
    shown = run("report", "--program", PROGRAM)
    assert "=1+1 Mia" in shown
    assert "Most meet" in shown
    data = json.loads(run("report", "--program", PROGRAM, "--json"))
    assert [row["held"] for row in data["pairs"]] == [1]
    assert data["objectives"][0] == {
        "objective": "Most meet",
        "figure": "held_rate",
        "now": 100,
        "target": 80,
        "reached": "yes",
    }


@pytest.mark.parametrize(
    ("badges", "is_drawn"), [("First meeting", True), ("a few words " * 9, False)]
)
def test_a_row_that_would_be_a_tower_of_words_is_a_paragraph(
    badges: str, is_drawn: bool, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    columns = tuple(Column(name, name) for name in ("program", "name", "badges"))
    row = ("Mentoring", "Mia", badges.strip())
    show_table(Table(name="recognition", title="Recognition", columns=columns, rows=(row,)))
    shown = capsys.readouterr().out
    assert ("program Mentoring · name Mia" in shown) is not is_drawn
    assert ("┃" in shown) is is_drawn


def test_a_sponsor_of_one_pair_sees_nothing_of_it(run: Any) -> None:
    (whole, *_) = json.loads(run("report", "--sponsor", "--json"))["sponsor"]
    assert (whole["pairs"], whole["held"]) == ("fewer than five", None)


def test_an_export_has_no_formula_in_it(run: Any, tmp_path: Path) -> None:
    file = tmp_path / "pairs.csv"
    run("export", "--what", "pairs", "--to", str(file))
    rows = list(csv.DictReader(io.StringIO(file.read_text("utf-8-sig"))))
    assert [row["mentor"] for row in rows] == ["'=1+1 Mia"]


@pytest.mark.parametrize("form", ["csv", "xlsx", "json"])
def test_credit_written_twice_is_one_file_byte_by_byte(run: Any, tmp_path: Path, form: str) -> None:
    first, again = tmp_path / f"first.{form}", tmp_path / f"again.{form}"
    said = json.loads(run("credit", PROGRAM, "--to", str(first), "--json"))
    assert (said["lines"], said["new"], said["without_timekeeper"]) == (1, 1, ["sam"])
    said = json.loads(run("credit", PROGRAM, "--to", str(again), "--json"))
    assert (said["lines"], said["new"]) == (1, 0)
    assert first.read_bytes() == again.read_bytes()


def test_credit_says_tenths_of_an_hour_under_the_timekeepers_number(
    run: Any, tmp_path: Path
) -> None:
    file = tmp_path / "credit.csv"
    run("credit", PROGRAM, "--to", str(file))
    (row,) = csv.DictReader(io.StringIO(file.read_text("utf-8")))
    assert (row["timekeeper"], row["code"], row["hours"]) == ("T1", "DEV", "0.9")


def test_a_persons_hours_are_found_by_their_address(run: Any) -> None:
    data = json.loads(run("hours", "MIA@example.com", "--json"))
    assert [(row["role"], row["held"], row["hours"]) for row in data["summary"]] == [
        ("mentor", 1, 0.9)
    ]


def test_a_persons_data_are_written_and_a_look_at_erasing_changes_nothing(
    run: Any, tmp_path: Path
) -> None:
    file = tmp_path / "sam.json"
    run("privacy", "export", "sam@example.com", "--to", str(file))
    assert json.loads(file.read_text("utf-8"))["person"]["mail"] == "sam@example.com"


@pytest.mark.parametrize("name", ["report.pdf", "report"])
def test_a_file_of_no_known_form_is_refused(
    run: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    from integrations.errors import FaultsError

    with pytest.raises(FaultsError, match=r"ends in \.csv, \.xlsx, \.json"):
        run("report", "--to", str(tmp_path / name))
