using '../../page.bicep'

param environmentName = 'dev'
param suffix = readEnvironmentVariable('NAME_SUFFIX')
param registryServer = readEnvironmentVariable('REGISTRY_SERVER')
param frontendDigest = readEnvironmentVariable('FRONTEND_DIGEST')
param revisionSuffix = readEnvironmentVariable('REVISION_SUFFIX')
param minReplicas = 1
param maxReplicas = 2
param availabilityTests = false
