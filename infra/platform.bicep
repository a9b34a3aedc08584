// Deployed by the pipeline before the API and the page: telemetry, database, the Container Apps
// environment, MLflow, and the jobs that migrate and train.
targetScope = 'resourceGroup'

@description('Which environment this is.')
@allowed([
  'dev'
  'prod'
])
param environmentName string

@description('Part of the names that must be unique in all of Azure, as given to foundation.bicep.')
param suffix string

@description('Where everything lives.')
param location string = resourceGroup().location

@description('Login server of the registry, such as name.azurecr.io.')
param registryServer string

@description('Digest of the MLflow image.')
@minLength(71)
@maxLength(71)
param mlflowDigest string

@description('Digest of the inference image, which also migrates.')
@minLength(71)
@maxLength(71)
param inferenceDigest string

@description('Digest of the GPU trainer image.')
@minLength(71)
@maxLength(71)
param trainerDigest string

@description('Who is told when an alert fires.')
param alertEmail string

@description('Days that logs are kept.')
param logRetentionDays int

@description('Gigabytes of logs a day after which ingestion stops, so that a fault cannot empty the purse.')
param logDailyCapGb int

@description('Compute size of the database server.')
param databaseSku string

@description('Tier of that size.')
@allowed([
  'Burstable'
  'GeneralPurpose'
])
param databaseTier string

@description('Whether a standby in another zone takes over.')
param databaseHighAvailability bool

@description('Days that the database can be restored to any second of.')
param backupRetentionDays int

@description('Whether the environment is spread over zones. Cannot be changed afterwards.')
param zoneRedundant bool

resource vault 'Microsoft.KeyVault/vaults@2023-07-01' existing = {
  name: 'kv-radar-${environmentName}-${suffix}'
}

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' existing = {
  name: 'id-radar-apps-${environmentName}'
}

module monitoring 'modules/monitoring.bicep' = {
  name: 'monitoring'
  params: {
    environmentName: environmentName
    location: location
    vaultName: vault.name
    alertEmail: alertEmail
    retentionDays: logRetentionDays
    dailyCapGb: logDailyCapGb
  }
}

module database 'modules/postgres.bicep' = {
  name: 'database'
  params: {
    environmentName: environmentName
    suffix: suffix
    location: location
    vaultName: vault.name
    skuName: databaseSku
    skuTier: databaseTier
    highAvailability: databaseHighAvailability
    backupRetentionDays: backupRetentionDays
    administratorPassword: vault.getSecret('postgres-admin-password')
    feedbackPassword: vault.getSecret('postgres-feedback-password')
    mlflowPassword: vault.getSecret('postgres-mlflow-password')
  }
}

module environment 'modules/environment.bicep' = {
  name: 'environment'
  params: {
    environmentName: environmentName
    location: location
    workspaceId: monitoring.outputs.workspaceId
    zoneRedundant: zoneRedundant
  }
}

module migrate 'modules/migrate.bicep' = {
  name: 'migrate'
  params: {
    location: location
    environmentId: environment.outputs.id
    identityId: identity.id
    registryServer: registryServer
    digest: inferenceDigest
    vaultUri: vault.properties.vaultUri
    databaseHost: database.outputs.host
    administrator: database.outputs.administrator
  }
}

module mlflow 'modules/mlflow.bicep' = {
  name: 'mlflow'
  params: {
    location: location
    environmentId: environment.outputs.id
    defaultDomain: environment.outputs.defaultDomain
    identityId: identity.id
    identityClientId: identity.properties.clientId
    registryServer: registryServer
    digest: mlflowDigest
    vaultUri: vault.properties.vaultUri
    artifactsAccount: 'stradar${environmentName}${suffix}'
  }
}

module trainer 'modules/trainer.bicep' = {
  name: 'trainer'
  params: {
    location: location
    environmentId: environment.outputs.id
    identityId: identity.id
    registryServer: registryServer
    digest: trainerDigest
    trackingUri: mlflow.outputs.uri
  }
}

module alerts 'modules/alerts.bicep' = {
  name: 'alerts'
  params: {
    location: location
    workspaceId: monitoring.outputs.workspaceId
    actionGroupId: monitoring.outputs.actionGroupId
  }
}

module mlflowReplica 'modules/replica-alert.bicep' = {
  name: 'mlflow-replica-alert'
  params: {
    appName: mlflow.outputs.name
    actionGroupId: monitoring.outputs.actionGroupId
  }
}

output defaultDomain string = environment.outputs.defaultDomain
