using '../../api.bicep'

param environmentName = 'dev'
param suffix = readEnvironmentVariable('NAME_SUFFIX')
param registryServer = readEnvironmentVariable('REGISTRY_SERVER')
param inferenceDigest = readEnvironmentVariable('INFERENCE_DIGEST')
param revisionSuffix = readEnvironmentVariable('REVISION_SUFFIX')
param stableRevision = readEnvironmentVariable('STABLE_REVISION')
param stableLabel = readEnvironmentVariable('STABLE_LABEL')
param minReplicas = 1
param maxReplicas = 3
param tracePercent = 100
param availabilityTests = false
