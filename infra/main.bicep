targetScope = 'subscription'

metadata description = 'Tandem in one resource group: function app, store, queue, keys, telemetry, alerts.'

@description('Name of this installation, such as "tandem" or "tandem-test"; part of every resource\'s name.')
@minLength(3)
@maxLength(20)
param environmentName string

@description('Azure region of everything, such as westeurope; it has to offer Flex Consumption.')
@metadata({ azd: { type: 'location' } })
param location string

@description('Client id of the app registration that register-app.ps1 makes. Empty before there is one: nothing is read or written then.')
param clientId string = ''

@description('Addresses of the program mailboxes, separated by commas.')
param programMailboxes string = ''

@description('IANA zone of programs that do not name their own.')
param zone string = 'UTC'

@description('on = Tandem looks and plans, and writes nothing to Microsoft Graph. The first deployment begins so.')
@allowed(['on', 'off'])
param readOnly string = 'on'

@description('off = no subscriptions to changes; sweeps alone find them. For firms that let nothing in.')
@allowed(['on', 'off'])
param webhooks string = 'on'

@description('Host name under which people reach Tandem, if it is not the function app\'s own.')
param publicHost string = ''

@description('Further settings of docs/reference/settings.md, by variable. Secrets only as references to Key Vault.')
param furtherSettings object = {}

@description('Object id of the operator, a person or better a group: signs in to the store as its administrator and sets the signing keys.')
param operatorId string

@description('Name of the operator in the directory: a group\'s display name, a person\'s user principal name.')
param operatorName string

@description('What the operator is in the directory.')
@allowed(['Group', 'User', 'ServicePrincipal'])
param operatorType string = 'Group'

@description('Address of a mailbox that is no business of Tandem\'s: tandem doctor proves that it is out of reach. Empty: somebody of a pair stands for it.')
param outsideMailbox string = ''

@description('Mail address that alerts are sent to. Empty: they are shown in the portal only.')
param alertAddress string = ''

@description('true = store, storage and keys are reached by private endpoints only; the function app\'s pages stay public.')
param privateNetworking bool = false

@description('Addresses of the virtual network, a /24 that is used nowhere else; only with private networking.')
param networkPrefix string = '10.72.0.0/24'

@description('Memory of one instance in MB. 2,048 holds a planning run of 10,000 pairs (0.5 GB) beside twelve pieces of work; docs/explanation/cost.md has the figures.')
@allowed([512, 2048, 4096])
param instanceMemory int = 2048

@description('Most instances at once. Each opens up to five connections to the store.')
@minValue(1)
@maxValue(100)
param maximumInstances int = 40

@description('Name of a database server that was put back from a backup, to go on with. Empty: the one that is made here.')
param storeName string = ''

@description('Size of the database server. Burstable ones suit up to some thousand pairs.')
param storeSku string = 'Standard_B2s'

@description('Tier that the size of the database server belongs to.')
@allowed(['Burstable', 'GeneralPurpose', 'MemoryOptimized'])
param storeTier string = 'Burstable'

@description('Disk of the database server in GB; it grows by itself.')
@minValue(32)
param storeDisk int = 32

@description('Days that backups of the store are kept; any moment of them can be restored.')
@minValue(7)
@maxValue(35)
param backupDays int = 14

@description('Days that logs and measurements are kept.')
@minValue(30)
@maxValue(730)
param logDays int = 30

var token = take(uniqueString(subscription().id, environmentName, location), 8)
var suffix = '${environmentName}-${token}'
var tags = { 'azd-env-name': environmentName }
var appName = 'func-${suffix}'
var host = empty(publicHost) ? '${appName}.azurewebsites.net' : publicHost

resource group 'Microsoft.Resources/resourceGroups@2024-03-01' = {
  name: 'rg-${environmentName}'
  location: location
  tags: tags
}

module identity 'identity.bicep' = {
  name: 'identity'
  scope: group
  params: {
    name: 'id-${suffix}'
    location: location
    tags: tags
  }
}

module monitoring 'monitoring.bicep' = {
  name: 'monitoring'
  scope: group
  params: {
    suffix: suffix
    location: location
    tags: tags
    logDays: logDays
  }
}

module storage 'storage.bicep' = {
  name: 'storage'
  scope: group
  params: {
    name: 'st${replace(take(environmentName, 12), '-', '')}${token}'
    location: location
    tags: tags
    privateNetworking: privateNetworking
  }
}

module vault 'vault.bicep' = {
  name: 'vault'
  scope: group
  params: {
    name: 'kv-${take(environmentName, 11)}-${token}'
    location: location
    tags: tags
    privateNetworking: privateNetworking
    workspaceId: monitoring.outputs.workspaceId
  }
}

module store 'store.bicep' = {
  name: 'store'
  scope: group
  params: {
    name: empty(storeName) ? 'psql-${suffix}' : storeName
    location: location
    tags: tags
    sku: storeSku
    tier: storeTier
    disk: storeDisk
    backupDays: backupDays
    administratorId: operatorId
    administratorName: operatorName
    administratorType: operatorType
    privateNetworking: privateNetworking
  }
}

module network 'network.bicep' = if (privateNetworking) {
  name: 'network'
  scope: group
  params: {
    suffix: suffix
    location: location
    tags: tags
    prefix: networkPrefix
    storageId: storage.outputs.id
    vaultId: vault.outputs.id
    storeId: store.outputs.id
  }
}

module rbac 'rbac.bicep' = {
  name: 'rbac'
  scope: group
  params: {
    identityPrincipalId: identity.outputs.principalId
    operatorId: operatorId
    operatorType: operatorType
    storageName: storage.outputs.name
    vaultName: vault.outputs.name
    insightsName: monitoring.outputs.insightsName
  }
}

module app 'app.bicep' = {
  name: 'app'
  scope: group
  params: {
    name: appName
    location: location
    tags: tags
    identityId: identity.outputs.id
    identityClientId: identity.outputs.clientId
    storageName: storage.outputs.name
    packageContainer: storage.outputs.packageContainer
    insightsName: monitoring.outputs.insightsName
    subnetId: privateNetworking ? network.?outputs.?appSubnetId ?? '' : ''
    instanceMemory: instanceMemory
    maximumInstances: maximumInstances
    settings: union(
      {
        TANDEM_TENANT_ID: tenant().tenantId
        TANDEM_CLIENT_ID: clientId
        TANDEM_PROGRAM_MAILBOXES: programMailboxes
        TANDEM_OUTSIDE_MAILBOX: outsideMailbox
        TANDEM_ZONE: zone
        TANDEM_READ_ONLY: readOnly
        TANDEM_WEBHOOKS: webhooks
        TANDEM_WEBHOOK_URL: 'https://${host}/webhooks/graph'
        TANDEM_PUBLIC_URL: 'https://${host}'
        TANDEM_SIGNING_KEYS: '@Microsoft.KeyVault(SecretUri=${vault.outputs.uri}secrets/signing-keys)'
        TANDEM_STORE_URL: 'postgresql://${identity.outputs.name}@${store.outputs.host}/${store.outputs.database}?sslmode=verify-full'
        TANDEM_STORE_SIGN_IN: 'managed_identity'
      },
      furtherSettings
    )
  }
  // Without its roles the app cannot fetch its package, and its first deployment fails.
  dependsOn: [rbac]
}

module alerts 'alerts.bicep' = {
  name: 'alerts'
  scope: group
  params: {
    suffix: suffix
    location: location
    tags: tags
    workspaceId: monitoring.outputs.workspaceId
    alertAddress: alertAddress
  }
}

output AZURE_RESOURCE_GROUP string = group.name
output APP_NAME string = app.outputs.name
output PUBLIC_URL string = 'https://${host}'
output IDENTITY_NAME string = identity.outputs.name
output IDENTITY_PRINCIPAL_ID string = identity.outputs.principalId
output STORE_HOST string = store.outputs.host
output STORE_DATABASE string = store.outputs.database
output VAULT_NAME string = vault.outputs.name
