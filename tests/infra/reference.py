"""What Microsoft's references know of the commands that pages and scripts give.

Each form and parameter was looked up by hand: ``az`` by having Azure CLI 2.91 read it, cmdlets in
MicrosoftDocs/office-docs-powershell and microsoftgraph-docs-powershell, in November 2026. Whoever
uses another looks it up, and writes it down here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

AZ = {
    "account get-access-token": {"--resource-type", "--query", "--output"},
    "account set": {"--subscription"},
    "account show": {"--query", "--output"},
    "ad app create": {"--display-name", "--query", "--output"},
    "ad app credential delete": {"--id", "--key-id", "--cert"},
    "ad app credential list": {"--id", "--cert", "--query", "--output"},
    "ad app credential reset": {"--id", "--display-name", "--append", "--cert", "--output"},
    "ad app federated-credential create": {"--id", "--parameters"},
    "ad group create": {"--display-name", "--mail-nickname", "--output"},
    "ad group member add": {"--group", "--member-id"},
    "ad group show": {"--group", "--query", "--output"},
    "ad signed-in-user show": {"--query", "--output"},
    "ad sp create": {"--id", "--query", "--output"},
    "functionapp config appsettings list": {"--name", "--resource-group", "--query", "--output"},
    "functionapp list-flexconsumption-locations": {"--output"},
    "functionapp restart": {"--name", "--resource-group"},
    "functionapp start": {"--name", "--resource-group"},
    "functionapp stop": {"--name", "--resource-group"},
    "functionapp show": {"--name", "--resource-group", "--query", "--output"},
    "keyvault secret list": {"--vault-name", "--query", "--output"},
    "keyvault secret set": {"--vault-name", "--name", "--file", "--encoding", "--output"},
    "keyvault secret show": {"--vault-name", "--name", "--query", "--output"},
    "login": set[str](),
    "postgres flexible-server firewall-rule create": {
        *("--resource-group", "--server-name", "--name"),
        *("--start-ip-address", "--end-ip-address"),
    },
    "postgres flexible-server restore": {
        *("--resource-group", "--name", "--source-server", "--restore-time"),
    },
    "provider register": {"--namespace", "--wait"},
    "rest": {"--method", "--url", "--output"},
    "role assignment create": {
        *("--assignee-object-id", "--assignee-principal-type", "--role", "--scope"),
    },
}
AZD = {
    "auth login": {"--client-id", "--tenant-id", "--federated-credential-provider"},
    "deploy": {"--no-prompt"},
    "down": set[str](),
    "env get-values": set[str](),
    "env new": set[str](),
    "env set": set[str](),
    "provision": {"--preview", "--no-prompt"},
}
AZURE_ROLES = {
    "Key Vault Secrets Officer": "b86a8fe4-44ce-4948-aee5-eccb2c155cd7",
    "Key Vault Secrets User": "4633458b-17de-408a-b874-0445c86b69e6",
    "Monitoring Metrics Publisher": "3913510d-42f4-4e42-8a64-420c390055eb",
    "Storage Blob Data Owner": "b7e6dc6d-f1e8-4753-8033-0f276bb0955b",
    "Storage Queue Data Contributor": "974c5e8b-45b9-4653-ba55-5f855dd0fb88",
    "Storage Table Data Contributor": "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3",
}
"""Built-in roles by the ids that every tenant has them under."""
COMMON = {"Confirm", "ErrorAction", "WhatIf"}
CMDLETS = {
    "Add-DistributionGroupMember": {"Identity", "Member"},
    "Add-MailboxFolderPermission": {"Identity", "User", "AccessRights"},
    "Connect-ExchangeOnline": {"ShowBanner", "Device"},
    "Connect-MgGraph": {"NoWelcome", "Scopes", "UseDeviceCode"},
    "Connect-MicrosoftTeams": {"UseDeviceAuthentication"},
    "Get-CalendarProcessing": {"Identity"},
    "Get-CsApplicationAccessPolicy": set[str](),
    "Get-CsTeamsMeetingPolicy": set[str](),
    "Get-DistributionGroup": {"Identity"},
    "Get-MailboxFolderPermission": {"Identity", "User"},
    "Get-MailboxFolderStatistics": {"Identity", "FolderScope"},
    "Get-ManagementRoleAssignment": set[str](),
    "Get-ManagementScope": set[str](),
    "Get-MgApplication": {"Filter", "All"},
    "Get-MgApplicationFederatedIdentityCredential": {"ApplicationId", "All"},
    "Get-MgContext": set[str](),
    "Get-MgOauth2PermissionGrant": {"Filter"},
    "Get-MgServicePrincipal": {"Filter"},
    "Get-MgServicePrincipalAppRoleAssignedTo": {"ServicePrincipalId", "All"},
    "Get-MgServicePrincipalAppRoleAssignment": {"ServicePrincipalId", "All"},
    "Get-ServicePrincipal": set[str](),
    "Grant-CsApplicationAccessPolicy": {"Identity", "PolicyName"},
    "Grant-CsTeamsMeetingPolicy": {"Identity", "PolicyName"},
    "Install-Module": set[str](),
    "New-CsApplicationAccessPolicy": {"Identity", "AppIds", "Description"},
    "New-CsTeamsMeetingPolicy": {"Identity"},
    "New-DistributionGroup": {"Type", "Name", "PrimarySmtpAddress", "Members"},
    "New-ManagementRoleAssignment": {"Name", "App", "Role", "CustomResourceScope"},
    "New-ManagementScope": {"Name", "RecipientRestrictionFilter"},
    "New-MgApplication": set[str](),
    "New-MgApplicationFederatedIdentityCredential": {"ApplicationId", "BodyParameter"},
    "New-MgOauth2PermissionGrant": {"BodyParameter"},
    "New-MgServicePrincipal": {"AppId"},
    "New-MgServicePrincipalAppRoleAssignedTo": {
        *("ServicePrincipalId", "PrincipalId", "ResourceId", "AppRoleId"),
    },
    "New-MgServicePrincipalAppRoleAssignment": {
        *("ServicePrincipalId", "PrincipalId", "ResourceId", "AppRoleId"),
    },
    "New-ServicePrincipal": {"AppId", "ObjectId", "DisplayName"},
    "Remove-CsApplicationAccessPolicy": {"Identity"},
    "Remove-CsTeamsMeetingPolicy": {"Identity"},
    "Remove-MailboxFolderPermission": {"Identity", "User"},
    "Remove-ManagementRoleAssignment": {"Identity"},
    "Remove-ManagementScope": {"Identity"},
    "Remove-MgApplication": {"ApplicationId"},
    "Remove-MgServicePrincipalAppRoleAssignment": {"ServicePrincipalId", "AppRoleAssignmentId"},
    "Remove-ServicePrincipal": {"Identity"},
    "Set-CalendarProcessing": {"Identity", "AutomateProcessing"},
    "Set-CsApplicationAccessPolicy": {"Identity", "AppIds"},
    "Set-CsTeamsMeetingPolicy": {"Identity"},
    "Set-Mailbox": {"Identity", "DisplayName"},
    "Set-MailboxAutoReplyConfiguration": {
        *("Identity", "AutoReplyState", "InternalMessage", "ExternalAudience"),
    },
    "Set-MailboxFolderPermission": {"Identity", "User", "AccessRights"},
    "Test-ServicePrincipalAuthorization": {"Identity", "Resource"},
    "Update-MgApplication": {"ApplicationId", "Api", "IdentifierUris"},
}


def faulty(text: str) -> list[str]:
    """Calls of ``az`` and ``azd`` in shell text that no reference above knows as they stand."""
    return [
        f"{tool} {form} {' '.join(sorted(options))}"
        for tool, form, options in calls(text)
        for known in [{"az": AZ, "azd": AZD}[tool]]
        if form not in known or options - known[form]
    ]


def calls(text: str) -> Iterator[tuple[str, str, set[str]]]:
    """Each call of ``az`` and ``azd``: tool, the longest form that is known (else all its words),
    and the options given."""
    plain = re.sub(r"^\s*#.*$", "", text, flags=re.MULTILINE)
    plain = re.sub(r"\\\n\s*", " ", plain)
    plain = re.sub(r"--query \"[^\"]*\"", "--query Q", plain)
    plain = re.sub(r"'[^'\n]*'", "Q", plain)
    while inner := re.search(r"\$\(([^()]*)\)", plain):
        yield from _in_line(inner[1])
        plain = plain[: inner.start()] + "Q" + plain[inner.end() :]
    for line in plain.splitlines():
        yield from _in_line(line)


def _in_line(line: str) -> Iterator[tuple[str, str, set[str]]]:
    for part in re.split(r"[|;&]+|>", line):
        found = re.match(r"\s*(?:- )?(?:run: )?(?:\w+ )?(azd?) (?=[a-z])(.*)", part)
        if found is None:
            continue
        tool, rest = found.groups()
        said = re.match(r"(?:[a-z][a-z-]*(?: |$))*", rest)
        words = said[0].split() if said else []
        known = {"az": AZ, "azd": AZD}[tool]
        forms = (" ".join(words[:n]) for n in range(len(words), 0, -1))
        form = next((f for f in forms if f in known), " ".join(words))
        yield tool, form, set(re.findall(r"(?<!\S)(--[a-z-]+)", rest))


def faulty_cmdlets(text: str) -> list[str]:
    """Calls of cmdlets in PowerShell text that no reference above knows as they stand."""
    code = re.sub(r"<#.*?#>", "", text, flags=re.DOTALL)
    code = re.sub(r"^\s*#.*$", "", code, flags=re.MULTILINE)
    code = re.sub(r"'[^']*'|\"[^\"$]*\"", "Q", code)
    # What PowerShell itself has, and what scripts of ours are called.
    own = r"(?:Set-StrictMode|Get-Content|Write-\w+|Where-Object|ForEach-Object|Join-Path|Out-Null)"
    found = re.findall(rf"(?<![\w./-])(?!{own})([A-Z][a-z]+-[A-Z]\w+)([^|;{{}}\n]*)", code)
    return [
        f"{cmdlet} {' '.join(sorted(given))}"
        for cmdlet, rest in found
        for given in [set(re.findall(r" -([A-Z]\w+)", rest))]
        if cmdlet not in CMDLETS or given - COMMON - CMDLETS[cmdlet]
    ]
