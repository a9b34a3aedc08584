// The API: public, several revisions side by side, scaled on requests and CPU.
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

@description('Digest of the inference image.')
@minLength(71)
@maxLength(71)
param digest string

@description('Address of the vault, ending in a slash.')
param vaultUri string

@description('What the new revision is called after the app name and two hyphens.')
param revisionSuffix string

@description('Full name of the revision that has the traffic now; empty on the first deployment.')
param stableRevision string

@description('Label of that revision.')
param stableLabel string

@description('Fewest replicas of each revision.')
param minReplicas int

@description('Most replicas of each revision.')
param maxReplicas int

@description('Whose text is kept with a prediction.')
param storeText string

@description('Which library sends telemetry.')
param telemetryBackend string

@description('Seconds between reports of figures.')
param metricsSeconds int

@description('Share of the requests that are traced, in percent.')
param tracePercent int

@description('What the model with the alias challenger does.')
param challengerMode string

@description('Share of the requests that it does that for, in percent.')
param challengerPercent int

var name = 'inference'
var newRevision = '${name}--${revisionSuffix}'
var newLabel = stableLabel == 'blue' ? 'green' : 'blue'
// Bicep has no fractions.
var traceDigits = padLeft(tracePercent, 2, '0')
var traceShare = tracePercent == 100 ? '1' : '0.${traceDigits}'
var challengerDigits = padLeft(challengerPercent, 2, '0')
var challengerShare = challengerPercent == 100 ? '1' : '0.${challengerDigits}'
var firstTraffic = [
  {
    revisionName: newRevision
    label: newLabel
    weight: 100
  }
]
var laterTraffic = [
  {
    revisionName: stableRevision
    label: stableLabel
    weight: 100
  }
  {
    revisionName: newRevision
    label: newLabel
    weight: 0
  }
]

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
      activeRevisionsMode: 'Multiple'
      maxInactiveRevisions: 5
      ingress: {
        external: true
        targetPort: 8000
        transport: 'http'
        allowInsecure: false
        traffic: empty(stableRevision) ? firstTraffic : laterTraffic
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
          keyVaultUrl: '${vaultUri}secrets/feedback-database-url'
          identity: identityId
        }
        {
          name: 'text-hmac-key'
          keyVaultUrl: '${vaultUri}secrets/text-hmac-key'
          identity: identityId
        }
        {
          name: 'insights'
          keyVaultUrl: '${vaultUri}secrets/insights-connection-string'
          identity: identityId
        }
      ]
    }
    template: {
      revisionSuffix: revisionSuffix
      terminationGracePeriodSeconds: 30
      // Verified bundles, and what waits for Postgres. Each replica's own, as SQLite needs it: outlives
      // the container, not the replica (docs/azure.md says what that can lose).
      volumes: [
        {
          name: 'data'
          storageType: 'EmptyDir'
        }
      ]
      containers: [
        {
          name: name
          image: '${registryServer}/inference@${digest}'
          env: [
            {
              name: 'ENVIRONMENT'
              value: 'production'
            }
            {
              name: 'ACCESS'
              value: 'keys'
            }
            {
              name: 'DATABASE_URL'
              secretRef: 'database-url'
            }
            {
              name: 'TEXT_HMAC_KEY'
              secretRef: 'text-hmac-key'
            }
            {
              name: 'APPLICATIONINSIGHTS_CONNECTION_STRING'
              secretRef: 'insights'
            }
            {
              name: 'OTEL_SERVICE_NAME'
              value: name
            }
            {
              name: 'TELEMETRY_BACKEND'
              value: telemetryBackend
            }
            {
              name: 'TELEMETRY_METRICS_SECONDS'
              value: string(metricsSeconds)
            }
            {
              name: 'OTEL_TRACES_SAMPLER'
              value: 'parentbased_traceidratio'
            }
            {
              name: 'OTEL_TRACES_SAMPLER_ARG'
              value: traceShare
            }
            {
              name: 'CHALLENGER_MODE'
              value: challengerMode
            }
            {
              name: 'CHALLENGER_SHARE'
              value: challengerShare
            }
            {
              name: 'MLFLOW_TRACKING_URI'
              value: 'https://mlflow.internal.${defaultDomain}'
            }
            {
              name: 'STORE_TEXT'
              value: storeText
            }
            {
              name: 'DATA_DIR'
              value: '/data'
            }
          ]
          resources: {
            cpu: json('1.0')
            memory: '2Gi'
          }
          volumeMounts: [
            {
              volumeName: 'data'
              mountPath: '/data'
            }
          ]
          probes: [
            {
              type: 'Startup'
              httpGet: {
                path: '/livez'
                port: 8000
              }
              periodSeconds: 5
              failureThreshold: 10
              timeoutSeconds: 3
            }
            {
              type: 'Readiness'
              httpGet: {
                path: '/readyz'
                port: 8000
              }
              periodSeconds: 5
              failureThreshold: 3
              timeoutSeconds: 3
            }
            {
              type: 'Liveness'
              httpGet: {
                path: '/livez'
                port: 8000
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
            name: 'requests'
            http: {
              metadata: {
                concurrentRequests: '40'
              }
            }
          }
          {
            name: 'cpu'
            custom: {
              type: 'cpu'
              metadata: {
                type: 'Utilization'
                value: '70'
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
