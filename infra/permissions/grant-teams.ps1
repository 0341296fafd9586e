#Requires -Version 7.2
#Requires -Modules MicrosoftTeams

<#
.SYNOPSIS
Lets Tandem read the program mailboxes' own Teams meetings, and sets how those meetings are; or
takes both away with -Revoke.

.DESCRIPTION
Two policies, both given to the program mailboxes only:

- an application access policy, without which Teams refuses the roles OnlineMeetings.Read.All and
  OnlineMeetingArtifact.Read.All for everybody. Never grant it with -Global: it would open the
  attendance of every organizer;
- a meeting policy: whoever is invited passes the lobby (the program mailbox never comes to open
  it), nothing is recorded or transcribed, attendance reports are made. Leave out the reports with
  -WithoutAttendance where no program takes evidence from Teams.

Policies take effect after up to 30 minutes, meeting policies after up to a day. Run it again at
any time. With -WhatIf it says what it would do. It needs a Teams administrator.

.PARAMETER ClientId
Client id of the app registration, from register-app.ps1.

.PARAMETER ProgramMailbox
Addresses of the program mailboxes.

.PARAMETER WithoutAttendance
Teams makes no attendance reports of the program's meetings.

.PARAMETER Revoke
Takes both policies away from the mailboxes and deletes them.

.PARAMETER Device
Signs in with a code that is entered in a browser elsewhere: for machines without one, as Azure
Cloud Shell.

.EXAMPLE
./grant-teams.ps1 -ClientId $app.ClientId -ProgramMailbox mentoring@firm.example -WhatIf
#>
[CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'High')]
param(
    [Parameter(Mandatory)]
    [guid] $ClientId,

    [Parameter(Mandatory)]
    [string[]] $ProgramMailbox,

    [switch] $WithoutAttendance,

    [switch] $Device,

    [switch] $Revoke
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

$accessPolicy = 'Tandem'
$meetingPolicy = 'TandemProgramMailbox'
$meetings = @{
    AutoAdmittedUsers           = 'InvitedUsers'
    AllowPSTNUsersToBypassLobby = $false
    AllowCloudRecording         = $false
    AllowTranscription          = $false
    AllowEngagementReport       = $(if ($WithoutAttendance) { 'Disabled' } else { 'Enabled' })
}

# Unlike the other ways to sign in this one heeds -WhatIf, and would not.
Connect-MicrosoftTeams -UseDeviceAuthentication:$Device -WhatIf:$false | Out-Null
$access = Get-CsApplicationAccessPolicy | Where-Object Identity -EQ "Tag:$accessPolicy"
$meeting = Get-CsTeamsMeetingPolicy | Where-Object Identity -EQ "Tag:$meetingPolicy"

if ($Revoke) {
    foreach ($mailbox in $ProgramMailbox) {
        if ($PSCmdlet.ShouldProcess($mailbox, 'Take both policies away')) {
            Grant-CsApplicationAccessPolicy -Identity $mailbox -PolicyName $null
            Grant-CsTeamsMeetingPolicy -Identity $mailbox -PolicyName $null
        }
    }
    if ($access -and $PSCmdlet.ShouldProcess($accessPolicy, 'Delete the application access policy')) {
        Remove-CsApplicationAccessPolicy -Identity $accessPolicy
    }
    if ($meeting -and $PSCmdlet.ShouldProcess($meetingPolicy, 'Delete the meeting policy')) {
        Remove-CsTeamsMeetingPolicy -Identity $meetingPolicy
    }
    return
}

if (-not $access) {
    if ($PSCmdlet.ShouldProcess($accessPolicy, "Make an application access policy for $ClientId")) {
        New-CsApplicationAccessPolicy -Identity $accessPolicy -AppIds $ClientId.ToString() -Description 'Tandem reads the meetings of its program mailboxes.' | Out-Null
    }
}
elseif ($access.AppIds -notcontains $ClientId.ToString() -and $PSCmdlet.ShouldProcess($accessPolicy, "Set the application access policy to $ClientId")) {
    Set-CsApplicationAccessPolicy -Identity $accessPolicy -AppIds $ClientId.ToString()
}

if (-not $meeting) {
    if ($PSCmdlet.ShouldProcess($meetingPolicy, 'Make the meeting policy')) {
        New-CsTeamsMeetingPolicy -Identity $meetingPolicy @meetings | Out-Null
    }
}
elseif ($PSCmdlet.ShouldProcess($meetingPolicy, 'Bring the meeting policy to what the program needs')) {
    Set-CsTeamsMeetingPolicy -Identity $meetingPolicy @meetings
}

foreach ($mailbox in $ProgramMailbox) {
    if ($PSCmdlet.ShouldProcess($mailbox, 'Give both policies')) {
        Grant-CsApplicationAccessPolicy -Identity $mailbox -PolicyName $accessPolicy
        Grant-CsTeamsMeetingPolicy -Identity $mailbox -PolicyName $meetingPolicy
    }
}
