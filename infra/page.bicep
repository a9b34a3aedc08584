// The analysts' page. Container Apps keeps a visitor on one replica only in single-revision mode, so
// the page has no blue and green: its new revision takes over once it is ready.
targetScope = 'resourceGroup'

@description('Which environment this is.')
@allowed([
  'dev'
  'prod'
])
param environmentName string

@description('Part of the names that must be unique in all of Azure, as given to foundation.bicep.')
param suffix string

@description('Where the app lives.')
param location string = resourceGroup().location

@description('Login server of the registry.')
param registryServer string

@description('Digest of the frontend image.')
@minLength(71)
@maxLength(71)
param frontendDigest string

@description('What the new revision is called after the app name and two hyphens.')
@minLength(1)
@maxLength(40)
param revisionSuffix string

@description('Fewest replicas.')
@minValue(1)
param minReplicas int

@description('Most replicas.')
param maxReplicas int

@description('Whether the public address is asked from outside every five minutes.')
param availabilityTests bool

resource vault 'Microsoft.KeyVault/vaults@2023-07-01' existing = {
  name: 'kv-radar-${environmentName}-${suffix}'
}

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' existing = {
  name: 'id-radar-apps-${environmentName}'
}

resource environment 'Microsoft.App/managedEnvironments@2025-01-01' existing = {
  name: 'cae-radar-${environmentName}'
}

resource people 'Microsoft.Insights/actionGroups@2023-01-01' existing = {
  name: 'ag-radar-${environmentName}'
}

resource insights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: 'appi-radar-${environmentName}'
}

module frontend 'modules/frontend.bicep' = {
  name: 'frontend'
  params: {
    location: location
    environmentId: environment.id
    defaultDomain: environment.properties.defaultDomain
    identityId: identity.id
    registryServer: registryServer
    digest: frontendDigest
    vaultUri: vault.properties.vaultUri
    revisionSuffix: revisionSuffix
    minReplicas: minReplicas
    maxReplicas: maxReplicas
  }
}

module replica 'modules/replica-alert.bicep' = {
  name: 'frontend-replica-alert'
  params: {
    appName: frontend.outputs.name
    actionGroupId: people.id
  }
}

module ready 'modules/availability.bicep' = if (availabilityTests) {
  name: 'frontend-availability'
  params: {
    location: location
    appName: frontend.outputs.name
    url: 'https://${frontend.outputs.host}/_stcore/health'
    insightsId: insights.id
    actionGroupId: people.id
  }
}

output host string = frontend.outputs.host
