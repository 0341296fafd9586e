"""The workflows for a fork: pinned, with the least permissions, and without faults zizmor knows."""

from __future__ import annotations

import os
import re
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.project.sources import ROOT

FOLDER = ROOT / ".github"
WORKFLOWS = sorted((FOLDER / "workflows").glob("*.yml"))
by_workflow = pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)


def _read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))
    return found


def test_zizmor_finds_nothing() -> None:
    zizmor = Path(sysconfig.get_path("scripts")) / "zizmor"
    looked = subprocess.run(  # noqa: S603 - our own arguments
        [zizmor, "--offline", "--no-progress", "--persona=auditor", FOLDER],
        env={**os.environ, "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert looked.returncode == 0, looked.stdout
    assert "No findings" in looked.stdout
    assert looked.stderr.count("completed") == len(WORKFLOWS) + 1, "dependabot's as well"


@by_workflow
def test_actions_are_pinned_by_commit_with_their_version_beside_it(path: Path) -> None:
    used = re.findall(r"uses: (.+)", path.read_text("utf-8"))
    assert used
    assert [u for u in used if not re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v[\d.]+", u)] == []


@by_workflow
def test_a_job_may_read_the_code_and_only_deploying_may_sign_in_to_azure(path: Path) -> None:
    workflow = _read(path)
    assert workflow["permissions"] == {}
    for job in workflow["jobs"].values():
        wanted = {"contents": "read"} | ({"id-token": "write"} if path.stem == "deploy" else {})
        assert job["permissions"] == wanted
        assert job["timeout-minutes"] <= 90


def test_no_workflow_knows_a_secret() -> None:
    assert [p.name for p in WORKFLOWS if "secrets." in p.read_text("utf-8")] == []


def test_deploying_is_begun_by_a_person_and_shows_first_what_would_change() -> None:
    deploy = _read(FOLDER / "workflows/deploy.yml")
    # YAML reads the key "on" as true.
    [(begun, how)] = deploy[True].items()  # type: ignore[index]
    assert begun == "workflow_dispatch"
    assert how["inputs"]["only-preview"]["default"] is True
    steps = {s["name"]: s for s in deploy["jobs"]["deploy"]["steps"] if "name" in s}
    assert "--preview" in steps["Preview"]["run"]
    assert steps["Preview"]["if"] == "inputs.only-preview"
    for step in ("Provision", "Deploy"):
        assert steps[step]["if"] == "${{ !inputs.only-preview }}"


def test_deploying_hands_on_every_variable_of_the_parameter_file() -> None:
    text = (ROOT / "infra/main.parameters.json").read_text()
    defaults = dict(re.findall(r'"\$\{([A-Z_]+)=?([^}"]*)\}"', text))
    handed = _read(FOLDER / "workflows/deploy.yml")["jobs"]["deploy"]["env"]
    signing_in = {"AZURE_CLIENT_ID", "AZURE_TENANT_ID", "AZURE_SUBSCRIPTION_ID"}
    assert handed.keys() - signing_in == defaults.keys()
    for name, default in defaults.items():
        # A variable that is not set is empty, which azd takes for a value.
        alternative = re.fullmatch(r"\$\{\{ vars\.(\w+)(?: \|\| '(\w+)')? \}\}", handed[name])
        assert alternative is not None
        assert (alternative[1], alternative[2] or "") == (name, default)


def test_the_check_of_a_fork_is_the_projects_own_on_every_python_it_supports() -> None:
    job = _read(FOLDER / "workflows/test.yml")["jobs"]["test"]
    assert "bash .ci/run" in [step.get("run") for step in job["steps"]]
    project = (ROOT / "pyproject.toml").read_text()
    found = re.search(r'requires-python = ">=3\.(\d+),<3\.(\d+)"', project)
    assert found is not None
    assert job["strategy"]["matrix"]["python"] == [
        f"3.{n}" for n in range(int(found[1]), int(found[2]))
    ]


def test_dependabot_looks_at_every_list_of_packages() -> None:
    updates = _read(FOLDER / "dependabot.yml")["updates"]
    looked = {
        (u["package-ecosystem"], folder)
        for u in updates
        for folder in u.get("directories", [u.get("directory")])
    }
    npm = {f"/{p.parent.relative_to(ROOT).as_posix()}" for p in ROOT.glob("tests/**/package.json")
           if "node_modules" not in p.parts}  # fmt: skip
    assert looked == {("uv", "/"), ("github-actions", "/")} | {("npm", folder) for folder in npm}
    assert all(u["cooldown"]["default-days"] >= 7 for u in updates)


def test_a_package_that_could_not_be_looked_up_fails_the_audit() -> None:
    """Without it a run that reaches no database at all finds nothing, and is green."""
    command = (FOLDER / "workflows/audit.yml").read_text("utf-8")
    assert re.search(r"pip-audit --strict .*--requirement requirements\.txt", command)
