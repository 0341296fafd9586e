"""Commands of Azure's and Microsoft 365's own tools are given as their references know them."""

from __future__ import annotations

import re

import pytest

from integrations.workflows.operating.decommission import revoking_commands
from tests.infra.reference import calls, faulty, faulty_cmdlets
from tests.project.sources import ROOT

SHELL = sorted(
    path.relative_to(ROOT).as_posix()
    for pattern in ("infra/**/*.sh", ".github/workflows/*.yml")
    for path in ROOT.glob(pattern)
)
POWERSHELL = sorted(path.name for path in (ROOT / "infra/permissions").glob("*.ps1"))
PAGES = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").rglob("*.md"))


@pytest.mark.parametrize("file", SHELL)
def test_a_script_calls_azure_by_forms_and_options_that_exist(file: str) -> None:
    assert faulty((ROOT / file).read_text("utf-8")) == []


@pytest.mark.parametrize("script", POWERSHELL)
def test_a_script_calls_cmdlets_by_parameters_that_exist(script: str) -> None:
    assert faulty_cmdlets((ROOT / "infra/permissions" / script).read_text("utf-8")) == []


@pytest.mark.parametrize("page", PAGES)
def test_a_page_shows_commands_that_exist(page: str) -> None:
    text = (ROOT / page).read_text("utf-8")
    blocks = re.findall(r"```(\w+)\n(.*?)^ *```$", text, re.MULTILINE | re.DOTALL)
    in_line = re.findall(r"`(azd? [^`]+)`", re.sub(r"\s*\n\s*", " ", text))
    assert [f for lang, body in blocks if lang == "sh" for f in faulty(body)] == []
    assert [f for command in in_line for f in faulty(command)] == []
    assert [f for lang, body in blocks if lang == "powershell" for f in faulty_cmdlets(body)] == []


def test_what_decommission_prints_calls_nothing_but_our_scripts() -> None:
    assert faulty_cmdlets("\n".join(revoking_commands("app", ["one@firm.example"]))) == []


@pytest.mark.parametrize(
    "slip",
    [
        "az ad group shw --group x",
        "az keyvault secret set --vault x",
        'id=$(az ad sp create --idd "$client" --query id)',
        "until found=$(az keyvault secret list --vault-name x --querry y); do",
        "azd env sett A b",
        "run: azd provision --preview --noprompt",
    ],
)
def test_a_slip_of_the_pen_is_seen(slip: str) -> None:
    assert len(faulty(slip)) == 1


def test_a_slip_in_powershell_is_seen() -> None:
    assert faulty_cmdlets("Grant-CsTeamsMeetingPolicy -Identity $a -Policy $b") != []
    assert faulty_cmdlets("if ($x) { New-ServicePrincpal -AppId $id }") != []


def test_the_calls_of_a_script_are_seen() -> None:
    seen = [form for _, form, _ in calls((ROOT / "infra/operate.sh").read_text("utf-8"))]
    assert sorted(seen) == [
        "account get-access-token",
        "ad app credential delete",
        "ad app credential list",
        "ad app credential reset",
        "env get-values",
        "functionapp config appsettings list",
        "keyvault secret show",
    ]
