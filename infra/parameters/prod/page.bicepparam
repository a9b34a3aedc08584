using '../../page.bicep'

param environmentName = 'prod'
param suffix = readEnvironmentVariable('NAME_SUFFIX')
param registryServer = readEnvironmentVariable('REGISTRY_SERVER')
param frontendDigest = readEnvironmentVariable('FRONTEND_DIGEST')
param revisionSuffix = readEnvironmentVariable('REVISION_SUFFIX')
param minReplicas = 2
param maxReplicas = 4
param availabilityTests = true
