// What one environment stands on: network, Key Vault, storage, identities and every role.
// Deployed by a person who may grant roles. The pipeline deploys the rest with an identity that may
// not, so no app can exist before its roles do, and no deployment can widen them.
targetScope = 'resourceGroup'

@description('Which environment this is.')
@allowed([
  'dev'
  'prod'
])
param environmentName string

@description('Part of the names that must be unique in all of Azure: lower-case letters and digits.')
@minLength(3)
@maxLength(8)
param suffix string

@description('Where everything lives.')
param location string = resourceGroup().location

@description('Name of the registry that holds the images.')
param registryName string

@description('Resource group of that registry.')
param registryResourceGroup string

@description('GitHub repository whose workflow may deploy, as owner/name.')
param githubRepository string

var contributorRoleId = 'b24988ac-6180-42a0-ab88-20f7382dd24c'

module network 'modules/network.bicep' = {
  name: 'network'
  params: {
    environmentName: environmentName
    location: location
  }
}

resource apps 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: 'id-radar-apps-${environmentName}'
  location: location
}

resource deployer 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: 'id-radar-deployer-${environmentName}'
  location: location
}

resource trust 'Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials@2023-01-31' = {
  parent: deployer
  name: 'github-${environmentName}'
  properties: {
    issuer: 'https://token.actions.githubusercontent.com'
    subject: 'repo:${githubRepository}:environment:${environmentName}'
    audiences: [
      'api://AzureADTokenExchange'
    ]
  }
}

module vault 'modules/vault.bicep' = {
  name: 'vault'
  params: {
    name: 'kv-radar-${environmentName}-${suffix}'
    location: location
    readerPrincipalId: apps.properties.principalId
  }
}

module artifacts 'modules/artifacts.bicep' = {
  name: 'artifacts'
  params: {
    name: 'stradar${environmentName}${suffix}'
    location: location
    subnetId: network.outputs.appsSubnetId
    writerPrincipalId: apps.properties.principalId
  }
}

module appsPull 'modules/registry-role.bicep' = {
  name: 'apps-may-pull-${environmentName}'
  scope: resourceGroup(registryResourceGroup)
  params: {
    registryName: registryName
    principalId: apps.properties.principalId
    role: 'AcrPull'
  }
}

// Only to look up which digest a commit's tag names.
module deployerPull 'modules/registry-role.bicep' = {
  name: 'deployer-may-pull-${environmentName}'
  scope: resourceGroup(registryResourceGroup)
  params: {
    registryName: registryName
    principalId: deployer.properties.principalId
    role: 'AcrPull'
  }
}

resource deploys 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(resourceGroup().id, deployer.id, contributorRoleId)
  properties: {
    principalId: deployer.properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', contributorRoleId)
  }
}

output deployerClientId string = deployer.properties.clientId
output vaultName string = vault.outputs.name
