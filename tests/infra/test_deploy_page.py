"""A newcomer can follow the page: what it names is there, and what is needed it names."""

from __future__ import annotations

import json
import re

import pytest

from integrations.settings import PREFIX, Settings
from integrations.workflows.operating.decommission import revoking_commands
from tests.docs.pages import commands
from tests.infra.bicep import parsed
from tests.project.sources import ROOT

PAGE = ROOT / "docs/how-to/deploy.md"
TEXT = PAGE.read_text("utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)^ *```$", TEXT, re.MULTILINE | re.DOTALL)
LINES = [line.strip() for _, body in BLOCKS for line in body.splitlines() if line.strip(" }")]
VARIABLES = set(
    re.findall(r"\$\{([A-Z_]+)", (ROOT / "infra/main.parameters.json").read_text("utf-8"))
)
OUTPUTS = set(parsed("main")["outputs"])
SCRIPTS = ROOT / "infra/permissions"
PRINTED = revoking_commands("app-id", ["one@firm.example", "two@firm.example"])
"""What `tandem decommission` has IT run."""
CALLS = [line for line in (*LINES, *PRINTED) if ".ps1" in line]
ELSEWHERE = [
    line.strip()
    for page in sorted((ROOT / "docs").rglob("*.md"))
    if page != PAGE
    for line in page.read_text("utf-8").splitlines()
    if "./" in line and ".ps1 " in line
]
"""Calls that other pages show."""


def _parameters(script: str) -> dict[str, str]:
    """A script's parameters, each with the attributes above it."""
    text = (SCRIPTS / script).read_text("utf-8")
    block = text.partition("\nparam(")[2].partition("\n)\n")[0]
    found = re.findall(
        r"((?:^ {4}\[\w+\(.*\)\]\n)*)^ {4}\[[\w\[\]]+\] \$(\w+)", block, re.MULTILINE
    )
    return {name: attributes for attributes, name in found}


@pytest.mark.parametrize("call", [*CALLS, *ELSEWHERE])
def test_a_script_is_called_with_parameters_it_has_and_all_it_needs(call: str) -> None:
    script, _, rest = call.partition("./")[2].partition(" ")
    known = _parameters(script)
    given = set(re.findall(r" -([A-Z]\w+)", f" {rest}"))
    assert given - {"WhatIf"} <= known.keys()
    ours = "Revoke" if "Revoke" in given else "Grant"
    needed = {
        name
        for name, attributes in known.items()
        if "Mandatory" in attributes
        and ("ParameterSetName" not in attributes or f"'{ours}'" in attributes)
    }
    assert needed <= given


def test_every_script_is_called_and_taken_back() -> None:
    scripts = {path.name for path in SCRIPTS.glob("*.ps1")}
    revoked = {name for name in scripts if any(name in c and "-Revoke" in c for c in CALLS)}
    granted = {name for name in scripts if any(name in c and "-Revoke" not in c for c in CALLS)}
    assert revoked == granted == scripts


def test_the_modules_that_are_installed_are_those_the_scripts_ask_for() -> None:
    asked = {
        module
        for path in SCRIPTS.glob("*.ps1")
        for line in re.findall(r"#Requires -Modules (.+)", path.read_text("utf-8"))
        for module in line.split(", ")
    }
    installed = {
        module
        for line in LINES
        if line.startswith("Install-Module ")
        for module in line.removeprefix("Install-Module ").split(", ")
    }
    assert installed == asked


def test_every_variable_of_the_installation_is_explained_and_none_invented() -> None:
    table = TEXT.partition("| variable | meaning |")[2].partition("\n\n")[0]
    first_cells = " ".join(re.findall(r"^\| (.+?) \|", table, re.MULTILINE))
    explained = set(re.findall(r"`([A-Z_]+)`", first_cells))
    assert explained == VARIABLES - {"AZURE_ENV_NAME"}
    assert set(re.findall(r"azd env set ([A-Z_]+)", TEXT)) <= VARIABLES


def test_required_variables_are_set_before_anything_is_provisioned() -> None:
    given = json.loads((ROOT / "infra/main.parameters.json").read_text("utf-8"))["parameters"]
    required = {v["value"].strip("${}") for v in given.values() if "=" not in v["value"]}
    before = TEXT.partition("azd provision")[0]
    # The first of them is what `azd env new` asks for.
    assert "azd env new tandem" in before
    assert required - {"AZURE_ENV_NAME"} <= set(re.findall(r"azd env set ([A-Z_]+)", before))


def test_every_name_in_capitals_is_a_setting_a_variable_or_an_output() -> None:
    named = set(re.findall(r"`([A-Z]+(?:_[A-Z]+)+)`", TEXT))
    settings = {PREFIX + name.upper() for name in Settings.model_fields}
    of_pipeline = {"AZURE_CLIENT_ID", "AZURE_TENANT_ID", "AZURE_SUBSCRIPTION_ID"}
    assert named - settings - VARIABLES - OUTPUTS - of_pipeline == set()
    workflow = (ROOT / ".github/workflows/deploy.yml").read_text("utf-8")
    assert [name for name in sorted(of_pipeline & named) if f"vars.{name}" not in workflow] == []


def test_every_file_that_is_named_exists() -> None:
    named = re.findall(r"`((?:infra|tests|\.github)/[^` ]*)`", TEXT)
    assert len(named) >= 8
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_every_command_exists() -> None:
    known = dict(commands())
    for line in LINES:
        if line.startswith("infra/operate.sh "):
            call = line.partition(" ")[2]
            name = next((n for n in known if f"{call} ".startswith(f"{n} ")), None)
            assert name is not None, line
            options = {o for p in known[name].params for o in p.opts}
            assert set(re.findall(r" (--[a-z-]+)", call)) <= options


def test_every_step_says_what_to_expect_and_what_to_do_if_it_is_not_so() -> None:
    steps = re.split(r"^## (?=\d+\. )", TEXT, flags=re.MULTILINE)[1:]
    steps[-1] = steps[-1].partition("\n## ")[0]
    wanting = [
        step.splitlines()[0]
        for step in steps
        if not 0 < step.find("**Expect**") < step.find("**If not**")
    ]
    assert wanting == []


def test_a_new_signing_key_is_read_before_the_app_starts_again() -> None:
    """A reference to the vault is kept for a day, whatever is restarted."""
    [block] = [body for _, body in BLOCKS if "keyvault secret set" in body]
    order = ["keyvault secret set", "configreferences/appsettings/refresh", "functionapp restart"]
    assert sorted(order, key=block.index) == order


def test_nothing_secret_stands_in_a_command_line() -> None:
    assert [line for line in LINES if re.search(r"--(value|password)\b(?! )|--value ", line)] == []


def test_the_steps_are_numbered_without_a_gap() -> None:
    numbers = [int(n) for n in re.findall(r"^## (\d+)\. ", TEXT, re.MULTILINE)]
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) >= 10
