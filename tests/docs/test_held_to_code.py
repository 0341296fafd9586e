"""Pages written by hand that list what stands in the code: nothing missing, nothing invented."""

from __future__ import annotations

import re
import tomllib
from dataclasses import fields
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

import pytest

import integrations.errors as errors
from integrations.blockers import BLOCKERS
from integrations.errors import IntegrationError
from integrations.workflows.enrolment.roster import COLUMNS, MOST_CHARACTERS, REQUIRED
from scheduling.changes.limits import Limits
from scheduling.rule import CadenceRule
from simulator.behaviour import TeamsPolicy
from simulator.control import control_routes
from simulator.faults import Chance, Fault
from simulator.tenant import Tenant
from tests.docs.markdown import tables
from tests.docs.pages import ROOT
from tests.docs.test_documents import simulator_options

DEPENDENCIES = ROOT / "docs/explanation/dependencies.md"
SIMULATOR = ROOT / "docs/reference/simulator.md"
TROUBLE = ROOT / "docs/how-to/troubleshoot.md"
REQUIREMENTS = ROOT / "docs/reference/requirements.md"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
SECTIONS = {
    "At run time": PROJECT["project"]["dependencies"],
    "For serving without Azure": PROJECT["project"]["optional-dependencies"]["serve"],
    "For telemetry": PROJECT["project"]["optional-dependencies"]["telemetry"],
    "For the simulated tenant": PROJECT["project"]["optional-dependencies"]["simulator"],
    "For development and tests": PROJECT["dependency-groups"]["dev"],
    "For tests in Azure's own worker": PROJECT["dependency-groups"]["worker"],
}
# What the packages call it, and what the page does.
LICENCES = {
    "BSD-2-Clause": "BSD 2-Clause License",
    "Apache-2.0": "Apache 2.0",
    "MIT": "MIT License",
}


def _first_column(path: Path, below: str) -> list[str]:
    return [row[0].lstrip("| ").strip("`") for row in tables(path, below)]


def _names(requirements: list[str]) -> set[str]:
    return {re.split(r"[^A-Za-z0-9_.\-]", text, maxsplit=1)[0] for text in requirements}


@pytest.mark.parametrize("section", SECTIONS)
def test_the_page_of_dependencies_has_a_row_for_each_and_no_other(section: str) -> None:
    rows = _first_column(DEPENDENCIES, section)
    assert rows == sorted(rows)
    assert set(rows) == _names(SECTIONS[section])


@pytest.mark.parametrize("section", SECTIONS)
def test_licences_are_those_the_packages_declare(section: str) -> None:
    wrong = []
    for cells in tables(DEPENDENCIES, section):
        name, shown = cells[0].lstrip("| ").strip("`"), cells[3]
        try:
            declared = str(metadata(name).json.get("license_expression", ""))
        except PackageNotFoundError:
            continue
        if declared and _words(declared) != _words(shown):
            wrong.append(f"{name}: {shown}, declared {declared}")
    assert wrong == []


def _words(licence: str) -> set[str]:
    """The identifiers in a licence expression."""
    return {
        word for word in re.split(r"[\s,()]+", licence) if re.search(r"[A-Z]{2}|[A-Z].*\d", word)
    } - {"AND", "OR"}


def test_the_roster_page_has_every_column_with_its_length() -> None:
    rows = tables(ROOT / "docs/reference/roster.md", "Columns")
    shown = {row[0].lstrip("| ").strip("`"): (row[1], row[2]) for row in rows}
    assert list(shown) == list(COLUMNS)
    assert shown == {
        name: ("yes" if name in REQUIRED else "no", f"{MOST_CHARACTERS[name]:,}")
        for name in COLUMNS
    }


def test_the_rule_page_has_every_member_with_its_default() -> None:
    rows = tables(ROOT / "docs/how-to/set-a-cadence-rule.md", "Members of `cadence`")
    shown = {row[0].lstrip("| ").strip("`"): row[1].strip("`") for row in rows}
    from integrations.workflows.rulebook.rules import ProgramRule

    defaults = ProgramRule().to_body()["cadence"]
    assert list(shown) == [field.name for field in fields(CadenceRule)]
    import json

    assert shown == {name: json.dumps(value) for name, value in defaults.items()}


def test_the_rule_page_has_every_limit_with_its_default() -> None:
    rows = tables(ROOT / "docs/how-to/set-a-cadence-rule.md", "Members of `limits`")
    shown = {row[0].lstrip("| ").strip("`"): row[1].strip("`") for row in rows}
    import json

    from integrations.workflows.rulebook.rules import ProgramRule

    defaults = ProgramRule().to_body()["limits"]
    assert list(shown) == [field.name for field in fields(Limits)]
    assert shown == {name: json.dumps(value) for name, value in defaults.items()}


def test_every_blocker_has_its_remedy_in_troubleshooting() -> None:
    assert _first_column(TROUBLE, "Blockers") == list(BLOCKERS)


def test_every_error_has_its_remedy_in_troubleshooting() -> None:
    roots = {
        "IntegrationError",
        "FaultsError",
        "NotPossibleError",
        "StoreError",
        "GraphError",
        "TokenError",
    }
    tree = {
        name
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, IntegrationError)
    }
    assert set(_first_column(TROUBLE, "Errors")) == tree - roots


def test_the_simulator_page_has_every_option(capsys: pytest.CaptureFixture[str]) -> None:
    rows = _first_column(SIMULATOR, "Options")
    assert {row.split()[0] for row in rows} == simulator_options(capsys)


def test_the_simulator_page_has_every_act_of_the_control_api() -> None:
    tenant = Tenant.open(":memory:")
    routes = control_routes(tenant, "token")
    acts = {f"{method} {route.path}" for route in routes for method in route.methods or ()}
    tenant.close()
    shown = _first_column(SIMULATOR, "Control API")
    assert set(shown) == {act for act in acts if not act.startswith("HEAD")}


@pytest.mark.parametrize(
    ("heading", "type_"),
    [
        ("Teams policy", TeamsPolicy),
        ("Faults", Fault),
        ("Faults by chance", Chance),
    ],
)
def test_the_simulator_page_has_every_switch(heading: str, type_: type) -> None:
    assert _first_column(SIMULATOR, heading) == [field.name for field in fields(type_)]


def test_the_page_of_requirements_has_each_once_and_in_order() -> None:
    rows = [
        f"S{part}.{n}" for part, last in enumerate((23, 20, 8, 16, 22)) for n in range(1, last + 1)
    ]
    found = re.findall(r"^\| (S\d\.\d+) \|", REQUIREMENTS.read_text("utf-8"), re.MULTILINE)
    assert found == rows


def test_each_requirement_has_a_test() -> None:
    silent = [
        line
        for line in REQUIREMENTS.read_text("utf-8").splitlines()
        if re.match(r"\| S\d", line) and "`tests/" not in line
    ]
    assert silent == []
