using '../../platform.bicep'

param environmentName = 'dev'
param suffix = readEnvironmentVariable('NAME_SUFFIX')
param registryServer = readEnvironmentVariable('REGISTRY_SERVER')
param mlflowDigest = readEnvironmentVariable('MLFLOW_DIGEST')
param inferenceDigest = readEnvironmentVariable('INFERENCE_DIGEST')
param trainerDigest = readEnvironmentVariable('TRAINER_DIGEST')
param alertEmail = readEnvironmentVariable('ALERT_EMAIL')
param logRetentionDays = 30
param logDailyCapGb = 1
param databaseSku = 'Standard_B1ms'
param databaseTier = 'Burstable'
param databaseHighAvailability = false
param backupRetentionDays = 7
param zoneRedundant = false
