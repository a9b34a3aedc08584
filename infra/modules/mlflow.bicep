// The tracking server and model registry: inside the environment only, exactly one replica, since two
// would each keep their own view of uploads in progress.
@description('Where the app lives.')
param location string

@description('Container Apps environment.')
param environmentId string

@description('Domain of that environment.')
param defaultDomain string

@description('Identity that pulls the image, reads the vault and writes artifacts.')
param identityId string

@description('Client id of that identity: Azure libraries in the container ask for it by this.')
param identityClientId string

@description('Login server of the registry.')
param registryServer string

@description('Digest of the MLflow image.')
@minLength(71)
@maxLength(71)
param digest string

@description('Address of the vault, ending in a slash.')
param vaultUri string

@description('Storage account that holds the container "mlflow".')
param artifactsAccount string

var host = 'mlflow.internal.${defaultDomain}'
// MLflow refuses any other Host header, and a probe would otherwise send the replica's address.
var probeHost = 'localhost:5000'

resource app 'Microsoft.App/containerApps@2025-01-01' = {
  name: 'mlflow'
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
      ingress: {
        external: false
        targetPort: 5000
        transport: 'http'
        allowInsecure: false
      }
      registries: [
        {
          server: registryServer
          identity: identityId
        }
      ]
      secrets: [
        {
          name: 'database-url'
          keyVaultUrl: '${vaultUri}secrets/mlflow-database-url'
          identity: identityId
        }
      ]
    }
    template: {
      terminationGracePeriodSeconds: 30
      containers: [
        {
          name: 'mlflow'
          image: '${registryServer}/mlflow@${digest}'
          env: [
            {
              name: 'MLFLOW_BACKEND_STORE_URI'
              secretRef: 'database-url'
            }
            {
              name: 'MLFLOW_ARTIFACTS_DESTINATION'
              value: 'wasbs://mlflow@${artifactsAccount}.blob.${environment().suffixes.storage}/'
            }
            {
              name: 'MLFLOW_SERVER_ALLOWED_HOSTS'
              value: '${host},${probeHost}'
            }
            {
              name: 'AZURE_CLIENT_ID'
              value: identityClientId
            }
          ]
          resources: {
            cpu: json('1.0')
            memory: '2Gi'
          }
          probes: [
            {
              type: 'Startup'
              httpGet: {
                path: '/health'
                port: 5000
              }
              periodSeconds: 10
              failureThreshold: 10
              timeoutSeconds: 5
            }
            {
              type: 'Readiness'
              httpGet: {
                path: '/api/2.0/mlflow/registered-models/search?max_results=1'
                port: 5000
                httpHeaders: [
                  {
                    name: 'Host'
                    value: probeHost
                  }
                ]
              }
              periodSeconds: 10
              failureThreshold: 3
              timeoutSeconds: 5
            }
            {
              type: 'Liveness'
              httpGet: {
                path: '/health'
                port: 5000
              }
              periodSeconds: 20
              failureThreshold: 3
              timeoutSeconds: 5
            }
          ]
        }
      ]
      scale: {
        minReplicas: 1
        maxReplicas: 1
      }
    }
  }
}

output name string = app.name
output uri string = 'https://${host}'
