#Requires -Version 7.2
#Requires -Modules Microsoft.Graph.Authentication, Microsoft.Graph.Applications, Microsoft.Graph.Identity.SignIns

<#
.SYNOPSIS
Makes Tandem's app registration, or takes it away with -Revoke.

.DESCRIPTION
One registration holds everything: the roles of Microsoft Graph that only Entra ID can grant
(grants.json, "entra"), signing in, and the trust in the function app's identity. The script gives it
no secret and no certificate. What Exchange can grant for some mailboxes only is not granted here, because a
consent for the whole tenant would undo that limit: see grant-exchange.ps1.

Run it again at any time: it makes what is missing and changes nothing else. With -WhatIf it says
what it would do. It needs an administrator who may consent for the tenant, such as a Privileged
Role Administrator.

.PARAMETER PublicUrl
Address of Tandem's pages: PUBLIC_URL in the answer of azd env get-values.

.PARAMETER IdentityPrincipalId
Object id of the function app's identity: IDENTITY_PRINCIPAL_ID in the same answer. Without Azure
there is none: leave it out, and give the registration a certificate.

.PARAMETER AdministratorGroupId
Object id of the group whose members are Tandem's administrators. They see health, permissions and
ids; no goals, answers or verdicts.

.PARAMETER Teams
Lets Teams have a token for whoever opens Tandem in a tab, without asking each person.

.PARAMETER Name
Name of the registration. People see it when they sign in.

.PARAMETER Revoke
Deletes the registration and with it every grant in Entra ID.

.PARAMETER Device
Signs in with a code that is entered in a browser elsewhere: for machines without one, as Azure
Cloud Shell.

.EXAMPLE
./register-app.ps1 -PublicUrl https://func-tandem-x.azurewebsites.net -IdentityPrincipalId 00000000-0000-0000-0000-000000000000 -WhatIf
#>
[CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'High', DefaultParameterSetName = 'Grant')]
param(
    [Parameter(Mandatory, ParameterSetName = 'Grant')]
    [ValidatePattern('^https://[^/?#]+$')]
    [string] $PublicUrl,

    [Parameter(ParameterSetName = 'Grant')]
    [guid] $IdentityPrincipalId,

    [Parameter(ParameterSetName = 'Grant')]
    [guid] $AdministratorGroupId,

    [Parameter(ParameterSetName = 'Grant')]
    [switch] $Teams,

    [ValidateNotNullOrEmpty()]
    [string] $Name = 'Tandem',

    [switch] $Device,

    [Parameter(Mandatory, ParameterSetName = 'Revoke')]
    [switch] $Revoke
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

$grants = Get-Content -Raw -Path (Join-Path $PSScriptRoot 'grants.json') | ConvertFrom-Json
$graphAppId = '00000003-0000-0000-c000-000000000000'
# Fixed, so that the role keeps its members when this runs again.
$administratorRoleId = '5a0c4f0e-6d0b-4f1d-9d0a-6f6a2f1b7c11'
$apiScopeId = '0c9b1d52-7e7e-4c55-9a4b-2d8e6f0b3a71'

Connect-MgGraph -NoWelcome -UseDeviceCode:$Device -Scopes @(
    'Application.ReadWrite.All'
    'AppRoleAssignment.ReadWrite.All'
    'DelegatedPermissionGrant.ReadWrite.All'
)
$tenantId = (Get-MgContext).TenantId
$quoted = $Name.Replace("'", "''")
$app = Get-MgApplication -Filter "displayName eq '$quoted'" -All
if (@($app).Count -gt 1) {
    throw "There are several registrations named $Name. Choose another -Name."
}

if ($Revoke) {
    if (-not $app) {
        Write-Output "There is no registration named $Name."
        return
    }
    if ($PSCmdlet.ShouldProcess($Name, 'Delete the app registration and all its grants')) {
        Remove-MgApplication -ApplicationId $app.Id
        Write-Output 'Deleted. For 30 days it can be restored from the deleted applications.'
    }
    return
}

$graph = Get-MgServicePrincipal -Filter "appId eq '$graphAppId'"
$roles = foreach ($value in $grants.entra) {
    $role = $graph.AppRoles | Where-Object { $_.Value -eq $value -and $_.AllowedMemberTypes -contains 'Application' }
    if (-not $role) {
        throw "Microsoft Graph has no application role $value."
    }
    $role
}
$scopes = foreach ($value in $grants.signIn) {
    $graph.Oauth2PermissionScopes | Where-Object { $_.Value -eq $value }
}

$wanted = @{
    DisplayName            = $Name
    SignInAudience         = 'AzureADMyOrg'
    Web                    = @{
        RedirectUris          = @("$PublicUrl/sign-in/back")
        ImplicitGrantSettings = @{ EnableIdTokenIssuance = $false; EnableAccessTokenIssuance = $false }
    }
    # Tokens for the JSON API: of version 2, and saying of an app's own that it is one.
    Api                    = @{
        RequestedAccessTokenVersion = 2
        Oauth2PermissionScopes      = @(
            @{
                Id                      = $apiScopeId
                Value                   = 'access_as_user'
                Type                    = 'User'
                AdminConsentDisplayName = 'Use Tandem as the person who is signed in'
                AdminConsentDescription = 'Lets an app do in Tandem what the person may do there.'
                UserConsentDisplayName  = 'Use Tandem as you'
                UserConsentDescription  = 'Lets an app do in Tandem what you may do there.'
                IsEnabled               = $true
            }
        )
    }
    OptionalClaims         = @{ AccessToken = @(@{ Name = 'idtyp' }) }
    AppRoles               = @(
        @{
            Id                 = $administratorRoleId
            Value              = 'Administrator'
            DisplayName        = 'Administrator'
            Description        = 'Sees health, permissions and ids of Tandem.'
            AllowedMemberTypes = @('User', 'Application')
            IsEnabled          = $true
        }
    )
    RequiredResourceAccess = @(
        @{
            ResourceAppId  = $graphAppId
            ResourceAccess = @(
                $roles | ForEach-Object { @{ Id = $_.Id; Type = 'Role' } }
                $scopes | ForEach-Object { @{ Id = $_.Id; Type = 'Scope' } }
            )
        }
    )
}
if (-not $app) {
    if ($PSCmdlet.ShouldProcess($Name, 'Make the app registration')) {
        $app = New-MgApplication @wanted
    }
}
elseif ($PSCmdlet.ShouldProcess($Name, 'Bring the app registration to what Tandem needs')) {
    Update-MgApplication -ApplicationId $app.Id @wanted | Out-Null
}
if (-not $app) {
    Write-Output "Then these would be granted: $($grants.entra -join ', '); sign-in with $($grants.signIn -join ' ')."
    return
}

$uris = @("api://$($app.AppId)")
if ($Teams) {
    $uris += "api://$(([uri]$PublicUrl).Authority)/$($app.AppId)"
}
if (($uris | Where-Object { $app.IdentifierUris -notcontains $_ }) -and $PSCmdlet.ShouldProcess($Name, "Name the JSON API $uris")) {
    Update-MgApplication -ApplicationId $app.Id -IdentifierUris $uris | Out-Null
}
if ($Teams -and $PSCmdlet.ShouldProcess($Name, 'Let Teams have tokens for its tabs')) {
    # Teams for desktops and phones, and in a browser. Only a scope that is there can be named.
    $wanted.Api.PreAuthorizedApplications = @(
        '1fec8e78-bce4-4aaf-ab1b-5451cc387264'
        '5e3ce6c0-2b1f-4285-8d4b-75ee78787346'
    ) | ForEach-Object { @{ AppId = $_; DelegatedPermissionIds = @($apiScopeId) } }
    Update-MgApplication -ApplicationId $app.Id -Api $wanted.Api | Out-Null
}

$principal = Get-MgServicePrincipal -Filter "appId eq '$($app.AppId)'"
if (-not $principal -and $PSCmdlet.ShouldProcess($Name, 'Make the enterprise application')) {
    $principal = New-MgServicePrincipal -AppId $app.AppId
}
if (-not $principal) {
    return
}

if ($PSBoundParameters.ContainsKey('IdentityPrincipalId')) {
    $subject = $IdentityPrincipalId.ToString()
    $trusted = Get-MgApplicationFederatedIdentityCredential -ApplicationId $app.Id -All | Where-Object { $_.Subject -eq $subject }
    if (-not $trusted -and $PSCmdlet.ShouldProcess($Name, "Trust the identity $subject")) {
        $credential = @{
            Name      = "identity-$subject"
            Issuer    = "https://login.microsoftonline.com/$tenantId/v2.0"
            Subject   = $subject
            Audiences = @('api://AzureADTokenExchange')
        }
        New-MgApplicationFederatedIdentityCredential -ApplicationId $app.Id -BodyParameter $credential | Out-Null
    }
}

$assigned = Get-MgServicePrincipalAppRoleAssignment -ServicePrincipalId $principal.Id -All
foreach ($role in $roles) {
    if (@($assigned | ForEach-Object AppRoleId) -notcontains $role.Id -and $PSCmdlet.ShouldProcess($Name, "Grant $($role.Value) for the tenant")) {
        New-MgServicePrincipalAppRoleAssignment -ServicePrincipalId $principal.Id -PrincipalId $principal.Id -ResourceId $graph.Id -AppRoleId $role.Id | Out-Null
    }
}
foreach ($extra in $assigned | Where-Object { $_.ResourceId -eq $graph.Id -and $_.AppRoleId -notin $roles.Id }) {
    $value = ($graph.AppRoles | Where-Object { $_.Id -eq $extra.AppRoleId }).Value
    Write-Warning "$Name also has $value for the whole tenant, which Tandem does not need. Take it away: Remove-MgServicePrincipalAppRoleAssignment -ServicePrincipalId $($principal.Id) -AppRoleAssignmentId $($extra.Id)"
}

$consent = Get-MgOauth2PermissionGrant -Filter "clientId eq '$($principal.Id)' and resourceId eq '$($graph.Id)' and consentType eq 'AllPrincipals'"
if (-not $consent -and $PSCmdlet.ShouldProcess($Name, "Let everybody sign in with $($grants.signIn -join ' ')")) {
    $grant = @{
        ClientId    = $principal.Id
        ConsentType = 'AllPrincipals'
        ResourceId  = $graph.Id
        Scope       = $grants.signIn -join ' '
    }
    New-MgOauth2PermissionGrant -BodyParameter $grant | Out-Null
}

if ($PSBoundParameters.ContainsKey('AdministratorGroupId')) {
    $group = $AdministratorGroupId.ToString()
    $members = Get-MgServicePrincipalAppRoleAssignedTo -ServicePrincipalId $principal.Id -All
    if (@($members | ForEach-Object PrincipalId) -notcontains $group -and $PSCmdlet.ShouldProcess($group, 'Make the group administrators of Tandem')) {
        New-MgServicePrincipalAppRoleAssignedTo -ServicePrincipalId $principal.Id -PrincipalId $group -ResourceId $principal.Id -AppRoleId $administratorRoleId | Out-Null
    }
}

[pscustomobject]@{
    ClientId                 = $app.AppId
    ServicePrincipalObjectId = $principal.Id
}
