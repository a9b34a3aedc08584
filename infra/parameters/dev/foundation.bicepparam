using '../../foundation.bicep'

param environmentName = 'dev'
param suffix = readEnvironmentVariable('NAME_SUFFIX')
param registryName = readEnvironmentVariable('REGISTRY_NAME')
param registryResourceGroup = readEnvironmentVariable('REGISTRY_RESOURCE_GROUP')
param githubRepository = readEnvironmentVariable('GITHUB_REPOSITORY')
