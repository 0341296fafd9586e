#Requires -Version 7.2
#Requires -Modules ExchangeOnlineManagement

<#
.SYNOPSIS
Lets Tandem into the program mailboxes and no others, or takes that away with -Revoke.

.DESCRIPTION
Grants the roles of grants.json ("exchange") by RBAC for Applications, each within a management
scope: the direct members of a mail-enabled security group. Members of groups within the group do
not count. Grants take effect after 30 minutes to two hours.

Run it again at any time: it makes what is missing and changes nothing else. With -WhatIf it says
what it would do. It needs an Exchange administrator with the role Organization Management.

.PARAMETER ClientId
Client id of the app registration, from register-app.ps1.

.PARAMETER ServicePrincipalObjectId
Object id of the enterprise application, from register-app.ps1. Not that of the registration.

.PARAMETER ProgramMailboxGroup
Address of the mail-enabled security group that holds the program mailboxes.

.PARAMETER ParticipantGroup
Address of the mail-enabled security group that holds the participants and the program mailboxes.

.PARAMETER FreeBusyReader
OwnMailbox where TANDEM_FREE_BUSY_READER is own_mailbox: then Tandem's permission also reaches
participants' calendars, of which Tandem reads free/busy only. tandem doctor says whether it is
needed; begin without.

.PARAMETER ProgramMailbox
A program mailbox, to see that it is within reach.

.PARAMETER UnrelatedMailbox
Any mailbox in neither group, to see that it is out of reach.

.PARAMETER Revoke
Takes every assignment and both scopes away. The groups stay.

.PARAMETER Device
Signs in with a code that is entered in a browser elsewhere: for machines without one, as Azure
Cloud Shell.

.EXAMPLE
./grant-exchange.ps1 -ClientId $app.ClientId -ServicePrincipalObjectId $app.ServicePrincipalObjectId -ProgramMailboxGroup tandem-mailboxes@firm.example -ParticipantGroup tandem-people@firm.example -ProgramMailbox mentoring@firm.example -UnrelatedMailbox partner@firm.example -WhatIf
#>
[CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'High', DefaultParameterSetName = 'Grant')]
param(
    [Parameter(Mandatory, ParameterSetName = 'Grant')]
    [guid] $ClientId,

    [Parameter(Mandatory)]
    [guid] $ServicePrincipalObjectId,

    [Parameter(Mandatory, ParameterSetName = 'Grant')]
    [string] $ProgramMailboxGroup,

    [Parameter(Mandatory, ParameterSetName = 'Grant')]
    [string] $ParticipantGroup,

    [Parameter(ParameterSetName = 'Grant')]
    [ValidateSet('ProgramMailbox', 'OwnMailbox')]
    [string] $FreeBusyReader = 'ProgramMailbox',

    [Parameter(ParameterSetName = 'Grant')]
    [string] $ProgramMailbox,

    [Parameter(ParameterSetName = 'Grant')]
    [string] $UnrelatedMailbox,

    [switch] $Device,

    [Parameter(Mandatory, ParameterSetName = 'Revoke')]
    [switch] $Revoke
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

$grants = Get-Content -Raw -Path (Join-Path $PSScriptRoot 'grants.json') | ConvertFrom-Json
$wanted = @($grants.exchange)
if ($FreeBusyReader -eq 'OwnMailbox') {
    $wanted += @($grants.exchangeWithOwnMailbox)
}
$groups = @{
    'program mailboxes' = $ProgramMailboxGroup
    'participants'      = $ParticipantGroup
}
$app = $ServicePrincipalObjectId.ToString()

Connect-ExchangeOnline -ShowBanner:$false -Device:$Device

if ($Revoke) {
    $ours = Get-ManagementRoleAssignment | Where-Object { $_.Name -like 'Tandem *' }
    foreach ($assignment in $ours) {
        if ($PSCmdlet.ShouldProcess($assignment.Name, 'Remove the role assignment')) {
            Remove-ManagementRoleAssignment -Identity $assignment.Name -Confirm:$false
        }
    }
    foreach ($reach in 'program mailboxes', 'participants') {
        if ((Get-ManagementScope | Where-Object Name -EQ "Tandem $reach") -and $PSCmdlet.ShouldProcess("Tandem $reach", 'Remove the management scope')) {
            Remove-ManagementScope -Identity "Tandem $reach" -Confirm:$false
        }
    }
    if ((Get-ServicePrincipal | Where-Object ObjectId -EQ $app) -and $PSCmdlet.ShouldProcess($app, 'Remove the service principal from Exchange')) {
        Remove-ServicePrincipal -Identity $app -Confirm:$false
    }
    return
}

if (-not (Get-ServicePrincipal | Where-Object ObjectId -EQ $app) -and $PSCmdlet.ShouldProcess($app, 'Make the app known to Exchange')) {
    New-ServicePrincipal -AppId $ClientId.ToString() -ObjectId $app -DisplayName 'Tandem' | Out-Null
}

foreach ($reach in $groups.Keys) {
    $name = "Tandem $reach"
    $group = Get-DistributionGroup -Identity $groups[$reach]
    $filter = "MemberOfGroup -eq '$($group.DistinguishedName.Replace("'", "''"))'"
    if (-not (Get-ManagementScope | Where-Object Name -EQ $name) -and $PSCmdlet.ShouldProcess($name, "Make a scope of the members of $($groups[$reach])")) {
        New-ManagementScope -Name $name -RecipientRestrictionFilter $filter | Out-Null
    }
}

$known = Get-ManagementRoleAssignment | Where-Object { $_.Name -like 'Tandem *' }
foreach ($grant in $wanted) {
    $short = $grant.role.Replace('Application ', '')
    $name = "Tandem $short, $($grant.reaches)"
    if (@($known | ForEach-Object Name) -notcontains $name -and $PSCmdlet.ShouldProcess($name, "Grant $($grant.role) within 'Tandem $($grant.reaches)'")) {
        New-ManagementRoleAssignment -Name $name -App $app -Role $grant.role -CustomResourceScope "Tandem $($grant.reaches)" | Out-Null
    }
}

if ($WhatIfPreference) {
    return
}
# Proof: everything within reach for the one, nothing for the other. It does not wait for the cache.
if ($ProgramMailbox) {
    Test-ServicePrincipalAuthorization -Identity $app -Resource $ProgramMailbox
}
if ($UnrelatedMailbox) {
    $found = Test-ServicePrincipalAuthorization -Identity $app -Resource $UnrelatedMailbox
    if ($found | Where-Object InScope) {
        throw "$UnrelatedMailbox is within reach of Tandem. Look at the members of both groups, and at what the app was granted in Entra ID."
    }
    Write-Output "$UnrelatedMailbox is out of reach."
}
