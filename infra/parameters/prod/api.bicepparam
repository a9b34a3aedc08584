using '../../api.bicep'

param environmentName = 'prod'
param suffix = readEnvironmentVariable('NAME_SUFFIX')
param registryServer = readEnvironmentVariable('REGISTRY_SERVER')
param inferenceDigest = readEnvironmentVariable('INFERENCE_DIGEST')
param revisionSuffix = readEnvironmentVariable('REVISION_SUFFIX')
param stableRevision = readEnvironmentVariable('STABLE_REVISION')
param stableLabel = readEnvironmentVariable('STABLE_LABEL')
param minReplicas = 2
param maxReplicas = 10
param tracePercent = 10
param availabilityTests = true
