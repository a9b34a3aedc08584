// Logs, traces and who is told.
@description('Which environment this is.')
param environmentName string

@description('Where the workspace lives.')
param location string

@description('Vault that gets the connection string.')
param vaultName string

@description('Who is told when an alert fires.')
param alertEmail string

@description('Days that logs are kept.')
param retentionDays int

@description('Gigabytes a day after which ingestion stops until midnight UTC.')
param dailyCapGb int

resource workspace 'Microsoft.OperationalInsights/workspaces@2023-09-01' = {
  name: 'log-radar-${environmentName}'
  location: location
  properties: {
    sku: {
      name: 'PerGB2018'
    }
    retentionInDays: retentionDays
    workspaceCapping: {
      dailyQuotaGb: dailyCapGb
    }
  }
}

resource insights 'Microsoft.Insights/components@2020-02-02' = {
  name: 'appi-radar-${environmentName}'
  location: location
  kind: 'web'
  properties: {
    Application_Type: 'web'
    IngestionMode: 'LogAnalytics'
    WorkspaceResourceId: workspace.id
  }
}

resource vault 'Microsoft.KeyVault/vaults@2023-07-01' existing = {
  name: vaultName
}

// With this string anyone can write telemetry, so the apps read it from the vault like a password.
resource connection 'Microsoft.KeyVault/vaults/secrets@2023-07-01' = {
  parent: vault
  name: 'insights-connection-string'
  properties: {
    value: insights.properties.ConnectionString
  }
}

resource people 'Microsoft.Insights/actionGroups@2023-01-01' = {
  name: 'ag-radar-${environmentName}'
  location: 'global'
  properties: {
    groupShortName: 'radar-${environmentName}'
    enabled: true
    emailReceivers: [
      {
        name: 'operators'
        emailAddress: alertEmail
        useCommonAlertSchema: true
      }
    ]
  }
}

output workspaceId string = workspace.id
output actionGroupId string = people.id
