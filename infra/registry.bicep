// The registry that every environment pulls from, and the one identity that may push to it.
// Deployed once, by a person, into a resource group of its own: see docs/azure.md.
targetScope = 'resourceGroup'

@description('Where the registry lives.')
param location string = resourceGroup().location

@description('Name of the registry, unique in all of Azure: letters and digits only.')
@minLength(5)
@maxLength(50)
param registryName string

@description('GitHub repository whose workflow may push, as owner/name.')
param githubRepository string

resource registry 'Microsoft.ContainerRegistry/registries@2023-07-01' = {
  name: registryName
  location: location
  sku: {
    name: 'Basic'
  }
  properties: {
    adminUserEnabled: false
  }
}

resource publisher 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: 'id-radar-publisher'
  location: location
}

// No password anywhere: GitHub's token for this repository's environment "registry" is the credential.
resource trust 'Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials@2023-01-31' = {
  parent: publisher
  name: 'github-registry'
  properties: {
    issuer: 'https://token.actions.githubusercontent.com'
    subject: 'repo:${githubRepository}:environment:registry'
    audiences: [
      'api://AzureADTokenExchange'
    ]
  }
}

module push 'modules/registry-role.bicep' = {
  name: 'publisher-may-push'
  params: {
    registryName: registry.name
    principalId: publisher.properties.principalId
    role: 'AcrPush'
  }
}

output loginServer string = registry.properties.loginServer
output publisherClientId string = publisher.properties.clientId
