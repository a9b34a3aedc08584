// Where the containers run: a consumption profile for the services, a GPU one for training.
@description('Which environment this is.')
param environmentName string

@description('Where it lives. The GPU profile exists in some regions only.')
param location string

@description('Workspace that gets the logs.')
param workspaceId string

@description('Whether replicas are spread over zones. Cannot be changed afterwards.')
param zoneRedundant bool

resource network 'Microsoft.Network/virtualNetworks@2023-11-01' existing = {
  name: 'vnet-radar-${environmentName}'
}

resource environment 'Microsoft.App/managedEnvironments@2025-01-01' = {
  name: 'cae-radar-${environmentName}'
  location: location
  properties: {
    zoneRedundant: zoneRedundant
    vnetConfiguration: {
      infrastructureSubnetId: '${network.id}/subnets/apps'
      internal: false
    }
    // Through diagnostic settings, so that no workspace key is handed over.
    appLogsConfiguration: {
      destination: 'azure-monitor'
    }
    workloadProfiles: [
      {
        name: 'Consumption'
        workloadProfileType: 'Consumption'
      }
      {
        name: 'gpu-t4'
        workloadProfileType: 'Consumption-GPU-NC8as-T4'
      }
    ]
  }
}

resource logs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: environment
  name: 'to-workspace'
  properties: {
    workspaceId: workspaceId
    logs: [
      {
        category: 'ContainerAppConsoleLogs'
        enabled: true
      }
      {
        category: 'ContainerAppSystemLogs'
        enabled: true
      }
    ]
  }
}

output id string = environment.id
output defaultDomain string = environment.properties.defaultDomain
