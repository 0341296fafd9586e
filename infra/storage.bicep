metadata description = 'The function app\'s storage: its package, the host\'s own notes, and the queue of wake-ups. No shared keys.'

@description('Name of the account: lower case letters and digits.')
@minLength(3)
@maxLength(24)
param name string

@description('Azure region.')
param location string

@description('Tags of every resource.')
param tags object

@description('true = reached by private endpoints only.')
param privateNetworking bool

var packageContainer = 'packages'
var workQueue = 'tandem-work'

resource account 'Microsoft.Storage/storageAccounts@2024-01-01' = {
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: {
    name: 'Standard_LRS'
  }
  properties: {
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    publicNetworkAccess: privateNetworking ? 'Disabled' : 'Enabled'
    networkAcls: {
      // Flex Consumption has no addresses of its own that could be let in singly.
      defaultAction: privateNetworking ? 'Deny' : 'Allow'
      bypass: 'None'
    }
  }
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2024-01-01' = {
  parent: account
  name: 'default'
}

resource packages 'Microsoft.Storage/storageAccounts/blobServices/containers@2024-01-01' = {
  parent: blobs
  name: packageContainer
  properties: {
    publicAccess: 'None'
  }
}

resource queues 'Microsoft.Storage/storageAccounts/queueServices@2024-01-01' = {
  parent: account
  name: 'default'
}

// Made here, so that nothing has to make them while the first messages come.
resource wakeUps 'Microsoft.Storage/storageAccounts/queueServices/queues@2024-01-01' = [
  for queue in [workQueue, '${workQueue}-poison']: {
    parent: queues
    name: queue
  }
]

output id string = account.id
output name string = account.name
output packageContainer string = packageContainer
