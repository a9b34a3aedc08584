// A new revision of the API, at 0 % of the traffic, under the label that the serving one does not have.
// release.py tests it on that label's own address and then moves the traffic, or leaves it be.
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

@description('Digest of the inference image.')
@minLength(71)
@maxLength(71)
param inferenceDigest string

@description('What the new revision is called after the app name and two hyphens.')
@minLength(1)
@maxLength(40)
param revisionSuffix string

@description('Full name of the revision that has the traffic now; empty on the first deployment.')
param stableRevision string

@description('Label of that revision.')
@allowed([
  'blue'
  'green'
])
param stableLabel string

@description('Fewest replicas of each revision.')
@minValue(1)
param minReplicas int

@description('Most replicas of each revision.')
param maxReplicas int

@description('Whose text is kept with a prediction.')
@allowed([
  'none'
  'audit'
  'all'
])
param storeText string = 'none'

@description('Which library sends telemetry.')
@allowed([
  'opentelemetry'
  'opencensus'
])
param telemetryBackend string = 'opentelemetry'

@description('Seconds between reports of figures; no more than the window of the rule that asks for them.')
@minValue(1)
@maxValue(300)
param metricsSeconds int = 60

@description('Share of the requests that are traced, in percent, as far as clients do not say.')
@minValue(0)
@maxValue(100)
param tracePercent int

@description('What the model with the alias challenger does: nothing, compute copies of predictions, or answer.')
@allowed([
  'off'
  'shadow'
  'canary'
])
param challengerMode string = 'off'

@description('Share of the requests that it does that for, in percent.')
@minValue(0)
@maxValue(100)
param challengerPercent int = 10

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

module inference 'modules/inference.bicep' = {
  name: 'inference'
  params: {
    location: location
    environmentId: environment.id
    defaultDomain: environment.properties.defaultDomain
    identityId: identity.id
    registryServer: registryServer
    digest: inferenceDigest
    vaultUri: vault.properties.vaultUri
    revisionSuffix: revisionSuffix
    stableRevision: stableRevision
    stableLabel: stableLabel
    minReplicas: minReplicas
    maxReplicas: maxReplicas
    storeText: storeText
    telemetryBackend: telemetryBackend
    metricsSeconds: metricsSeconds
    tracePercent: tracePercent
    challengerMode: challengerMode
    challengerPercent: challengerPercent
  }
}

module replica 'modules/replica-alert.bicep' = {
  name: 'inference-replica-alert'
  params: {
    appName: inference.outputs.name
    actionGroupId: people.id
  }
}

module ready 'modules/availability.bicep' = if (availabilityTests) {
  name: 'inference-availability'
  params: {
    location: location
    appName: inference.outputs.name
    url: 'https://${inference.outputs.host}/readyz'
    insightsId: insights.id
    actionGroupId: people.id
  }
}

output host string = inference.outputs.host
