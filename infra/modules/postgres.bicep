// The database server: inside the network only, two databases, one role each (database_roles.py).
@description('Which environment this is.')
param environmentName string

@description('Part of the server name that makes it unique in all of Azure.')
param suffix string

@description('Where the server lives.')
param location string

@description('Vault that gets the connection URLs.')
param vaultName string

@description('Compute size.')
param skuName string

@description('Tier of that size.')
param skuTier string

@description('Whether a standby in another zone takes over.')
param highAvailability bool

@description('Days that the server can be restored to any second of.')
param backupRetentionDays int

@description('Password of the administrator, who only makes the two roles.')
@secure()
param administratorPassword string

@description('Password of the role "feedback". Letters and digits only: it becomes part of a URL.')
@secure()
param feedbackPassword string

@description('Password of the role "mlflow". Letters and digits only: it becomes part of a URL.')
@secure()
param mlflowPassword string

var administrator = 'radaradmin'

resource network 'Microsoft.Network/virtualNetworks@2023-11-01' existing = {
  name: 'vnet-radar-${environmentName}'
}

resource zone 'Microsoft.Network/privateDnsZones@2020-06-01' existing = {
  name: 'radar-${environmentName}.private.postgres.database.azure.com'
}

resource server 'Microsoft.DBforPostgreSQL/flexibleServers@2024-08-01' = {
  name: 'psql-radar-${environmentName}-${suffix}'
  location: location
  sku: {
    name: skuName
    tier: skuTier
  }
  properties: {
    version: '15'
    administratorLogin: administrator
    administratorLoginPassword: administratorPassword
    authConfig: {
      activeDirectoryAuth: 'Disabled'
      passwordAuth: 'Enabled'
    }
    network: {
      delegatedSubnetResourceId: '${network.id}/subnets/database'
      privateDnsZoneArmResourceId: zone.id
      publicNetworkAccess: 'Disabled'
    }
    storage: {
      storageSizeGB: 32
      autoGrow: 'Enabled'
    }
    backup: {
      backupRetentionDays: backupRetentionDays
      geoRedundantBackup: 'Disabled'
    }
    highAvailability: {
      mode: highAvailability ? 'ZoneRedundant' : 'Disabled'
    }
  }
}

resource feedback 'Microsoft.DBforPostgreSQL/flexibleServers/databases@2024-08-01' = {
  parent: server
  name: 'feedback'
  properties: {
    charset: 'UTF8'
  }
}

resource mlflow 'Microsoft.DBforPostgreSQL/flexibleServers/databases@2024-08-01' = {
  parent: server
  name: 'mlflow'
  properties: {
    charset: 'UTF8'
  }
  dependsOn: [
    feedback // the server makes one database at a time
  ]
}

resource vault 'Microsoft.KeyVault/vaults@2023-07-01' existing = {
  name: vaultName
}

var address = '${server.properties.fullyQualifiedDomainName}:5432'

resource feedbackUrl 'Microsoft.KeyVault/vaults/secrets@2023-07-01' = {
  parent: vault
  name: 'feedback-database-url'
  properties: {
    value: 'postgresql+psycopg2://feedback:${feedbackPassword}@${address}/${feedback.name}?sslmode=require'
  }
}

resource mlflowUrl 'Microsoft.KeyVault/vaults/secrets@2023-07-01' = {
  parent: vault
  name: 'mlflow-database-url'
  properties: {
    value: 'postgresql+psycopg2://mlflow:${mlflowPassword}@${address}/${mlflow.name}?sslmode=require'
  }
}

output host string = server.properties.fullyQualifiedDomainName
output administrator string = administrator
