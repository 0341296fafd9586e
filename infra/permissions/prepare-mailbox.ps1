#Requires -Version 7.2
#Requires -Modules ExchangeOnlineManagement

<#
.SYNOPSIS
Makes a licensed user's mailbox a program mailbox people understand; undoes it with -Revoke.

.DESCRIPTION
Gives the mailbox the name that invitations come from and an automatic reply for those who write to
it, has Exchange take in answers to invitations though nobody opens the mailbox, and lets the
coordinators move and cancel dates in its calendar: what they change there Tandem takes over.

Run it again at any time. With -WhatIf it says what it would do. It needs an Exchange
administrator. Where users come from an Active Directory of the firm's own, its display name is
changed there, and -KeepName leaves it alone here.

.PARAMETER ProgramMailbox
Address of the program mailbox.

.PARAMETER DisplayName
Whom invitations come from.

.PARAMETER Reply
Text of the automatic reply; each writer inside the firm gets it once.

.PARAMETER CoordinatorGroup
Address of the mail-enabled security group of the coordinators.

.PARAMETER KeepName
Leaves the display name as it is.

.PARAMETER Revoke
Ends the automatic reply and takes the coordinators' access away. Name and calendar stay.

.PARAMETER Device
Signs in with a code that is entered in a browser elsewhere: for machines without one, as Azure
Cloud Shell.

.EXAMPLE
./prepare-mailbox.ps1 -ProgramMailbox mentoring@firm.example -CoordinatorGroup tandem-coordinators@firm.example -WhatIf
#>
[CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'High')]
param(
    [Parameter(Mandatory)]
    [string] $ProgramMailbox,

    [Parameter(Mandatory)]
    [string] $CoordinatorGroup,

    [ValidateNotNullOrEmpty()]
    [string] $DisplayName = 'Reverse Mentoring',

    [ValidateNotNullOrEmpty()]
    [string] $Reply = 'Nobody reads this mailbox. Please write to the coordinator of the program: the name stands in your invitation.',

    [switch] $KeepName,

    [switch] $Device,

    [switch] $Revoke
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

Connect-ExchangeOnline -ShowBanner:$false -Device:$Device

# The folder is called what the mailbox's language calls it.
$folder = Get-MailboxFolderStatistics -Identity $ProgramMailbox -FolderScope Calendar | Where-Object FolderType -EQ 'Calendar'
$calendar = "${ProgramMailbox}:\$($folder.Name)"
$permission = Get-MailboxFolderPermission -Identity $calendar -User $CoordinatorGroup -ErrorAction SilentlyContinue

if ($Revoke) {
    if ($permission -and $PSCmdlet.ShouldProcess($calendar, "Take away the access of $CoordinatorGroup")) {
        Remove-MailboxFolderPermission -Identity $calendar -User $CoordinatorGroup -Confirm:$false
    }
    if ($PSCmdlet.ShouldProcess($ProgramMailbox, 'End the automatic reply')) {
        Set-MailboxAutoReplyConfiguration -Identity $ProgramMailbox -AutoReplyState Disabled
    }
    return
}

if (-not $KeepName -and $PSCmdlet.ShouldProcess($ProgramMailbox, "Call it '$DisplayName'")) {
    Set-Mailbox -Identity $ProgramMailbox -DisplayName $DisplayName
}
if ($PSCmdlet.ShouldProcess($ProgramMailbox, 'Reply to those who write to it')) {
    Set-MailboxAutoReplyConfiguration -Identity $ProgramMailbox -AutoReplyState Enabled -InternalMessage $Reply -ExternalAudience None
}
# What every user's mailbox does already, and where it cannot be set; one that was a room's does not.
$processing = (Get-CalendarProcessing -Identity $ProgramMailbox).AutomateProcessing
if ($processing -ne 'AutoUpdate' -and $PSCmdlet.ShouldProcess($ProgramMailbox, 'Take in answers to invitations')) {
    Set-CalendarProcessing -Identity $ProgramMailbox -AutomateProcessing AutoUpdate
}
if (-not $permission) {
    if ($PSCmdlet.ShouldProcess($calendar, "Let $CoordinatorGroup move and cancel dates")) {
        Add-MailboxFolderPermission -Identity $calendar -User $CoordinatorGroup -AccessRights Editor | Out-Null
    }
}
elseif ($PSCmdlet.ShouldProcess($calendar, "Let $CoordinatorGroup move and cancel dates")) {
    Set-MailboxFolderPermission -Identity $calendar -User $CoordinatorGroup -AccessRights Editor | Out-Null
}
