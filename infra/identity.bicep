metadata description = 'The identity of the function app. The app registration trusts it by a federated credential, which register-app.ps1 makes.'

@description('Name of the identity; also the name of its role in the store.')
param name string

@description('Azure region.')
param location string

@description('Tags of every resource.')
param tags object

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: name
  location: location
  tags: tags
}

output id string = identity.id
output name string = identity.name
output clientId string = identity.properties.clientId
output principalId string = identity.properties.principalId
