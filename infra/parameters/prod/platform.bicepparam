using '../../platform.bicep'

param environmentName = 'prod'
param suffix = readEnvironmentVariable('NAME_SUFFIX')
param registryServer = readEnvironmentVariable('REGISTRY_SERVER')
param mlflowDigest = readEnvironmentVariable('MLFLOW_DIGEST')
param inferenceDigest = readEnvironmentVariable('INFERENCE_DIGEST')
param trainerDigest = readEnvironmentVariable('TRAINER_DIGEST')
param alertEmail = readEnvironmentVariable('ALERT_EMAIL')
param logRetentionDays = 90
param logDailyCapGb = 5
param databaseSku = 'Standard_D2ds_v5'
param databaseTier = 'GeneralPurpose'
param databaseHighAvailability = true
param backupRetentionDays = 35
param zoneRedundant = true
