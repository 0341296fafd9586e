"""The scripts grant what the table of Graph operations needs, as far as that, and revoke it."""

from __future__ import annotations

import json
import re
from functools import cache

import pytest
import tree_sitter_powershell
from tree_sitter import Language, Node, Parser

from integrations.graph.operations import OPERATIONS, Operation, Whose
from integrations.graph.permissions import permissions_page
from integrations.web.access import ADMINISTRATOR
from integrations.web.signing_in import BACK_PATH
from integrations.workflows.booking.mailboxes import OPEN_LOBBIES
from tests.project.sources import ROOT

FOLDER = ROOT / "infra/permissions"
SCRIPTS = sorted(path.name for path in FOLDER.glob("*.ps1"))
GRANTS = json.loads((FOLDER / "grants.json").read_text())
by_script = pytest.mark.parametrize("script", SCRIPTS)
# Cmdlets that change something in the tenant; Connect- only signs in.
CHANGING = re.compile(r"^(New|Set|Add|Update|Remove|Grant)-(?!StrictMode$)")
# What takes back what another made.
OPPOSITES = {
    "New-MgApplication": "Remove-MgApplication",
    "New-ManagementRoleAssignment": "Remove-ManagementRoleAssignment",
    "New-ManagementScope": "Remove-ManagementScope",
    "New-ServicePrincipal": "Remove-ServicePrincipal",
    "New-CsApplicationAccessPolicy": "Remove-CsApplicationAccessPolicy",
    "New-CsTeamsMeetingPolicy": "Remove-CsTeamsMeetingPolicy",
    "Add-MailboxFolderPermission": "Remove-MailboxFolderPermission",
}
# What goes with the registration when that is deleted.
WITH_THE_REGISTRATION = {
    "New-MgServicePrincipal",
    "New-MgApplicationFederatedIdentityCredential",
    "New-MgServicePrincipalAppRoleAssignment",
    "New-MgServicePrincipalAppRoleAssignedTo",
    "New-MgOauth2PermissionGrant",
}


@cache
def _tree(script: str) -> Node:
    language = Language(tree_sitter_powershell.language())
    return Parser(language).parse((FOLDER / script).read_bytes()).root_node


def _all(node: Node, type_: str) -> list[Node]:
    found = [node] if node.type == type_ else []
    return found + [deeper for child in node.children for deeper in _all(child, type_)]


def _text(node: Node | None) -> str:
    return "" if node is None else (node.text or b"").decode()


def _cmdlets(node: Node) -> list[str]:
    return [_text(found) for found in _all(node, "command_name")]


# --- what is granted --------------------------------------------------------------------------


def _needed(operation: Operation) -> tuple[str, str] | None:
    """Who grants what an operation needs, and as what; None if it needs nothing of its own."""
    permission = operation.permission
    if operation.whose is Whose.FEED:
        # Comes with the Teams app, from the manifest: for whoever has it, and for nobody else.
        return None
    if not re.fullmatch(r"\w+\.[\w.]+", permission):
        return None
    if operation.whose is Whose.DIRECTORY or permission.startswith("OnlineMeeting"):
        return "entra", permission
    # Exchange has no role for ReadBasic; its next one up is limited to single mailboxes instead.
    role = permission.replace("ReadBasic", "Read")
    reach = "participants" if operation.whose is Whose.PARTICIPANT else "program mailboxes"
    return reach, f"Application {role}"


def _wanted(*, own_mailbox: bool) -> set[tuple[str, str]]:
    rows = [o for o in OPERATIONS if own_mailbox or not o.by_setting]
    return {needed for needed in map(_needed, rows) if needed is not None}


def _granted(*lists: str) -> set[tuple[str, str]]:
    return {("entra", role) for role in GRANTS["entra"]} | {
        (grant["reaches"], grant["role"]) for name in lists for grant in GRANTS[name]
    }


def test_what_is_granted_is_what_the_operations_need() -> None:
    assert _granted("exchange") == _wanted(own_mailbox=False)


def test_reading_each_persons_own_mailbox_needs_one_grant_more() -> None:
    assert _granted("exchange", "exchangeWithOwnMailbox") == _wanted(own_mailbox=True)


def test_what_is_granted_stands_on_the_permission_page() -> None:
    page = permissions_page()
    assert (ROOT / "docs/reference/permissions.md").read_text("utf-8") == page
    rows = page.partition("## Permissions and how far")[2].splitlines()
    for operation in OPERATIONS:
        needed = _needed(operation)
        if needed is not None:
            [row] = [line for line in rows if f"`{operation.name}`" in line]
            permission, reach = (cell.strip() for cell in row.split("|")[1:3])
            assert permission == operation.permission
            words = {"entra": "tenant" if operation.whose is Whose.DIRECTORY else "Teams"}
            assert words.get(needed[0], needed[0]) in reach


def test_nothing_that_exchange_can_limit_is_granted_for_the_whole_tenant() -> None:
    """Rights are the union of both: a consent for the tenant would undo every scope."""
    wide = {role for role in GRANTS["entra"] if re.match(r"Calendars|Mail|MailboxSettings", role)}
    assert wide == set()


# --- the scripts ------------------------------------------------------------------------------


def test_there_is_a_script_for_each_place_that_grants() -> None:
    assert SCRIPTS == [
        "grant-exchange.ps1",
        "grant-teams.ps1",
        "prepare-mailbox.ps1",
        "register-app.ps1",
    ]


@by_script
def test_a_script_is_whole(script: str) -> None:
    assert not _tree(script).has_error


@by_script
def test_every_change_is_asked_for_first(script: str) -> None:
    """So that -WhatIf changes nothing: each changing cmdlet stands under a ShouldProcess."""
    text = (FOLDER / script).read_text("utf-8")
    # High: PowerShell asks only where the impact is as high as its preference, which is High.
    assert re.search(r"\[CmdletBinding\(SupportsShouldProcess, ConfirmImpact = 'High'", text)
    names = _all(_tree(script), "command_name")
    unasked = [_text(n) for n in names if CHANGING.match(_text(n)) and not _is_asked_for(n)]
    assert unasked == []


def _is_asked_for(node: Node) -> bool:
    above = node.parent
    while above is not None:
        if above.type in ("if_statement", "elseif_clause"):
            condition = above.child_by_field_name("condition")
            if "$PSCmdlet.ShouldProcess(" in _text(condition):
                return True
        above = above.parent
    return False


def test_a_look_signs_in_all_the_same() -> None:
    """Of the three ways to sign in, that of Teams knows -WhatIf and would do nothing."""
    text = (FOLDER / "grant-teams.ps1").read_text("utf-8")
    assert re.search(r"^Connect-MicrosoftTeams .*-WhatIf:\$false", text, re.MULTILINE)


def test_the_registrations_script_hands_on_its_two_ids_and_nothing_else() -> None:
    """``$app = ./register-app.ps1 …``: whatever a cmdlet says besides would stand in it too."""
    tree = _tree("register-app.ps1")
    said = [
        _text(call)
        for call in _all(tree, "pipeline")
        if re.match(r"(New|Update|Remove)-Mg", _text(call)) and "| Out-Null" not in _text(call)
    ]
    assert [call for call in said if not call.startswith("Remove-MgApplication ")] == [
        "New-MgApplication @wanted",
        "New-MgServicePrincipal -AppId $app.AppId",
    ], "these two are kept in a variable"


@by_script
def test_what_a_script_makes_it_takes_back(script: str) -> None:
    used = set(_cmdlets(_tree(script)))
    made = {name for name in used if name.startswith(("New-", "Add-")) and CHANGING.match(name)}
    for name in made - WITH_THE_REGISTRATION:
        assert OPPOSITES[name] in used, name
    assert re.search(r"\[switch\] \$Revoke", (FOLDER / script).read_text("utf-8"))


@by_script
def test_every_parameter_is_explained_and_every_variable_set(script: str) -> None:
    text = (FOLDER / script).read_text("utf-8")
    names = {
        _text(part).removeprefix("$")
        for parameter in _all(_tree(script), "script_parameter")
        for part in parameter.children
        if part.type == "variable"
    }
    assert names == set(re.findall(r"^\.PARAMETER (\w+)$", text, re.MULTILINE))
    code = re.sub(r"<#.*?#>", "", text, flags=re.DOTALL)
    code = re.sub(r"^\s*#.*$", "", code, flags=re.MULTILINE)
    set_here = set(re.findall(r"\$(\w+) \+?= ", code)) | set(re.findall(r"\(\$(\w+) in ", code))
    own = {"PSCmdlet", "PSScriptRoot", "PSBoundParameters", "ErrorActionPreference"}
    given = {"_", "true", "false", "null", "WhatIfPreference"}
    used = set(re.findall(r"\$\{?(\w+)", code))
    assert used - names - set_here - own - given == set()
    assert names - set(re.findall(r"\$\{?(\w+)", code.partition("Set-StrictMode")[2])) == set()


@by_script
def test_a_script_holds_no_secret_and_makes_none(script: str) -> None:
    text = (FOLDER / script).read_text("utf-8")
    assert (
        re.findall(r"(?i)password|client_?secret|ConvertTo-SecureString|KeyCredential", text) == []
    )


def test_the_registration_is_what_signing_in_and_the_identity_need() -> None:
    text = (FOLDER / "register-app.ps1").read_text("utf-8")
    assert f'"$PublicUrl{BACK_PATH}"' in text
    assert f"Value              = '{ADMINISTRATOR}'" in text
    assert "'AzureADMyOrg'" in text
    assert '"https://login.microsoftonline.com/$tenantId/v2.0"' in text
    assert "'api://AzureADTokenExchange'" in text
    assert GRANTS["signIn"] == ["openid", "profile"]


def test_the_meeting_policy_opens_the_lobby_and_keeps_no_recording() -> None:
    text = (FOLDER / "grant-teams.ps1").read_text("utf-8")
    policy = dict(re.findall(r"^ {4}(\w+) += (.+)$", text.partition("$meetings = @{")[2]
                             .partition("}\n")[0] + "\n", re.MULTILINE))  # fmt: skip
    admitted = policy["AutoAdmittedUsers"].strip("'").removesuffix("Users").lower()
    assert admitted in OPEN_LOBBIES
    assert policy["AllowCloudRecording"] == policy["AllowTranscription"] == "$false"
    assert "'Enabled'" in text.partition("AllowEngagementReport")[2].splitlines()[0]
    assert "-Global" not in re.sub(r"<#.*?#>", "", text, flags=re.DOTALL)


def test_coordinators_get_the_calendar_and_not_the_mailbox() -> None:
    used = _cmdlets(_tree("prepare-mailbox.ps1"))
    assert "Add-MailboxFolderPermission" in used
    assert not {"Add-MailboxPermission", "Add-RecipientPermission"} & set(used)
