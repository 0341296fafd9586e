metadata description = 'The program store: PostgreSQL that knows people and identities of the directory, and no passwords.'

@description('Name of the server.')
param name string

@description('Azure region.')
param location string

@description('Tags of every resource.')
param tags object

@description('Size of the server.')
param sku string

@description('Tier that the size belongs to.')
param tier string

@description('Disk in GB; it grows by itself.')
param disk int

@description('Days that backups are kept.')
param backupDays int

@description('Object id of whoever makes and migrates the tables.')
param administratorId string

@description('Name of whoever makes and migrates the tables, as the directory has it; the role\'s name.')
param administratorName string

@description('Group, User or ServicePrincipal.')
param administratorType string

@description('true = reached by a private endpoint only.')
param privateNetworking bool

resource server 'Microsoft.DBforPostgreSQL/flexibleServers@2025-08-01' = {
  name: name
  location: location
  tags: tags
  sku: {
    name: sku
    tier: tier
  }
  properties: {
    version: '17'
    storage: {
      storageSizeGB: disk
      autoGrow: 'Enabled'
    }
    backup: {
      backupRetentionDays: backupDays
      geoRedundantBackup: 'Disabled'
    }
    authConfig: {
      activeDirectoryAuth: 'Enabled'
      passwordAuth: 'Disabled'
      tenantId: tenant().tenantId
    }
    highAvailability: {
      mode: 'Disabled'
    }
    network: {
      publicNetworkAccess: privateNetworking ? 'Disabled' : 'Enabled'
    }
  }
}

// The server takes one change at a time, so each waits for the one before.
resource database 'Microsoft.DBforPostgreSQL/flexibleServers/databases@2025-08-01' = {
  parent: server
  name: 'tandem'
  properties: {
    charset: 'UTF8'
    collation: 'en_US.utf8'
  }
}

resource transport 'Microsoft.DBforPostgreSQL/flexibleServers/configurations@2025-08-01' = {
  parent: server
  name: 'require_secure_transport'
  properties: {
    value: 'on'
    source: 'user-override'
  }
  dependsOn: [database]
}

resource tls 'Microsoft.DBforPostgreSQL/flexibleServers/configurations@2025-08-01' = {
  parent: server
  name: 'ssl_min_protocol_version'
  properties: {
    value: 'TLSv1.2'
    source: 'user-override'
  }
  dependsOn: [transport]
}

resource administrator 'Microsoft.DBforPostgreSQL/flexibleServers/administrators@2025-08-01' = {
  parent: server
  name: administratorId
  properties: {
    principalName: administratorName
    principalType: administratorType
    tenantId: tenant().tenantId
  }
  dependsOn: [tls]
}

// These addresses stand for all of Azure, where Flex Consumption has none of its own. Who comes
// from there still needs a token of this directory and a role in the store.
resource fromAzure 'Microsoft.DBforPostgreSQL/flexibleServers/firewallRules@2025-08-01' = if (!privateNetworking) {
  parent: server
  name: 'from-azure'
  properties: {
    startIpAddress: '0.0.0.0'
    endIpAddress: '0.0.0.0'
  }
  dependsOn: [administrator]
}

output id string = server.id
output host string = server.properties.fullyQualifiedDomainName
output database string = database.name
