// The page: public, each visitor kept on one replica, since Streamlit holds a session in memory.
@description('Where the app lives.')
param location string

@description('Container Apps environment.')
param environmentId string

@description('Domain of that environment.')
param defaultDomain string

@description('Identity that pulls the image and reads the vault.')
param identityId string

@description('Login server of the registry.')
param registryServer string

@description('Digest of the frontend image.')
@minLength(71)
@maxLength(71)
param digest string

@description('Address of the vault, ending in a slash.')
param vaultUri string

@description('What the new revision is called after the app name and two hyphens.')
param revisionSuffix string

@description('Fewest replicas.')
param minReplicas int

@description('Most replicas.')
param maxReplicas int

var name = 'frontend'

resource app 'Microsoft.App/containerApps@2025-01-01' = {
  name: name
  location: location
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${identityId}': {}
    }
  }
  properties: {
    environmentId: environmentId
    workloadProfileName: 'Consumption'
    configuration: {
      activeRevisionsMode: 'Single'
      maxInactiveRevisions: 5
      ingress: {
        external: true
        targetPort: 8501
        transport: 'auto'
        allowInsecure: false
        stickySessions: {
          affinity: 'sticky'
        }
      }
      registries: [
        {
          server: registryServer
          identity: identityId
        }
      ]
      secrets: [
        {
          name: 'page-api-key'
          keyVaultUrl: '${vaultUri}secrets/page-api-key'
          identity: identityId
        }
      ]
    }
    template: {
      revisionSuffix: revisionSuffix
      terminationGracePeriodSeconds: 30
      containers: [
        {
          name: name
          image: '${registryServer}/frontend@${digest}'
          env: [
            {
              name: 'API_URL'
              value: 'https://inference.${defaultDomain}'
            }
            {
              name: 'API_KEY'
              secretRef: 'page-api-key'
            }
          ]
          resources: {
            cpu: json('0.5')
            memory: '1Gi'
          }
          probes: [
            {
              type: 'Startup'
              httpGet: {
                path: '/_stcore/health'
                port: 8501
              }
              periodSeconds: 5
              failureThreshold: 10
              timeoutSeconds: 3
            }
            {
              type: 'Readiness'
              httpGet: {
                path: '/_stcore/health'
                port: 8501
              }
              periodSeconds: 5
              failureThreshold: 3
              timeoutSeconds: 3
            }
            {
              type: 'Liveness'
              httpGet: {
                path: '/_stcore/health'
                port: 8501
              }
              periodSeconds: 10
              failureThreshold: 3
              timeoutSeconds: 3
            }
          ]
        }
      ]
      scale: {
        minReplicas: minReplicas
        maxReplicas: maxReplicas
        rules: [
          {
            name: 'visitors'
            http: {
              metadata: {
                concurrentRequests: '20'
              }
            }
          }
        ]
      }
    }
  }
}

output name string = app.name
output host string = '${name}.${defaultDomain}'
