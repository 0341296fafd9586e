metadata description = 'The function app on Flex Consumption, and every setting it needs.'

@description('Name of the function app.')
param name string

@description('Azure region.')
param location string

@description('Tags of every resource.')
param tags object

@description('Resource id of the app\'s identity.')
param identityId string

@description('Client id of the app\'s identity.')
param identityClientId string

@description('Name of the storage account.')
param storageName string

@description('Blob container of the app\'s package.')
param packageContainer string

@description('Name of Application Insights.')
param insightsName string

@description('Resource id of the subnet that the app\'s calls leave by; empty without private networking.')
param subnetId string

@description('Memory of one instance in MB.')
param instanceMemory int

@description('Most instances at once.')
param maximumInstances int

@description('Settings of this installation, by variable of docs/reference/settings.md.')
param settings object

resource storage 'Microsoft.Storage/storageAccounts@2024-01-01' existing = {
  name: storageName
}

resource insights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: insightsName
}

resource plan 'Microsoft.Web/serverfarms@2024-11-01' = {
  name: 'plan-${name}'
  location: location
  tags: tags
  kind: 'functionapp'
  sku: {
    name: 'FC1'
    tier: 'FlexConsumption'
  }
  properties: {
    reserved: true
  }
}

resource app 'Microsoft.Web/sites@2024-11-01' = {
  name: name
  location: location
  tags: union(tags, { 'azd-service-name': 'tandem' })
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${identityId}': {}
    }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    clientAffinityEnabled: false
    publicNetworkAccess: 'Enabled'
    keyVaultReferenceIdentity: identityId
    virtualNetworkSubnetId: empty(subnetId) ? null : subnetId
    siteConfig: {
      minTlsVersion: '1.2'
      scmMinTlsVersion: '1.2'
      ftpsState: 'Disabled'
      http20Enabled: true
    }
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: '${storage.properties.primaryEndpoints.blob}${packageContainer}'
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identityId
          }
        }
      }
      runtime: {
        name: 'python'
        version: '3.12'
      }
      scaleAndConcurrency: {
        instanceMemoryMB: instanceMemory
        maximumInstanceCount: maximumInstances
        // Microsoft Graph waits ten seconds for the answer to its handshake, and a cold
        // instance can miss that.
        alwaysReady: [
          {
            name: 'http'
            instanceCount: 1
          }
        ]
      }
    }
  }
}

resource noPasswords 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-11-01' = [
  for way in ['ftp', 'scm']: {
    parent: app
    name: way
    properties: {
      allow: false
    }
  }
]

resource appSettings 'Microsoft.Web/sites/config@2024-11-01' = {
  parent: app
  name: 'appsettings'
  properties: union(
    {
      AzureWebJobsStorage__credential: 'managedidentity'
      AzureWebJobsStorage__clientId: identityClientId
      AzureWebJobsStorage__blobServiceUri: storage.properties.primaryEndpoints.blob
      AzureWebJobsStorage__queueServiceUri: storage.properties.primaryEndpoints.queue
      AzureWebJobsStorage__tableServiceUri: storage.properties.primaryEndpoints.table
      APPLICATIONINSIGHTS_CONNECTION_STRING: insights.properties.ConnectionString
      APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identityClientId};Authorization=AAD'
      TANDEM_TELEMETRY_CONNECTION: insights.properties.ConnectionString
      TANDEM_CREDENTIAL: 'federated'
      TANDEM_MANAGED_IDENTITY: identityClientId
      TANDEM_QUEUE_ACCOUNT_URL: storage.properties.primaryEndpoints.queue
      // The host reads these in bindings and does not know Tandem's defaults.
      TANDEM_WORK_QUEUE: 'tandem-work'
      TANDEM_PLAN_SCHEDULE: '0 0 * * * *'
      TANDEM_WORK_SCHEDULE: '0 * * * * *'
      TANDEM_SWEEP_SCHEDULE: '0 0 * * * *'
      TANDEM_WATCH_SCHEDULE: '0 0 * * * *'
      TANDEM_PEOPLE_SCHEDULE: '0 0 * * * *'
      TANDEM_MAIL_SCHEDULE: '0 */5 * * * *'
      TANDEM_RENEW_SCHEDULE: '0 15 * * * *'
      TANDEM_ATTENDANCE_SCHEDULE: '0 */5 * * * *'
      TANDEM_OUTBOUND_SCHEDULE: '0 */5 * * * *'
    },
    settings
  )
}

output name string = app.name
