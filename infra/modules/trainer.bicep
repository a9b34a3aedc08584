// Trains on a GPU that is paid for only while it runs. Started by hand, and by the pipeline when there
// is no API yet, which would need a model.
@description('Where the job lives.')
param location string

@description('Container Apps environment with the profile gpu-t4.')
param environmentId string

@description('Identity that pulls the image.')
param identityId string

@description('Login server of the registry.')
param registryServer string

@description('Digest of the GPU trainer image.')
@minLength(71)
@maxLength(71)
param digest string

@description('What to train.')
param recipe string = 'bert'

@description('What to train it on: "sample", or a file in the image.')
param data string = 'sample'

@description('Address of MLflow.')
param trackingUri string

resource job 'Microsoft.App/jobs@2025-01-01' = {
  name: 'trainer'
  location: location
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${identityId}': {}
    }
  }
  properties: {
    environmentId: environmentId
    workloadProfileName: 'gpu-t4'
    configuration: {
      triggerType: 'Manual'
      manualTriggerConfig: {
        parallelism: 1
        replicaCompletionCount: 1
      }
      replicaTimeout: 21600
      replicaRetryLimit: 0
      registries: [
        {
          server: registryServer
          identity: identityId
        }
      ]
    }
    template: {
      containers: [
        {
          name: 'trainer'
          image: '${registryServer}/trainer-gpu@${digest}'
          command: [
            '/bin/sh'
            '-c'
            'trainer train "$RECIPE" --data "$DATA" && trainer promote --best'
          ]
          env: [
            {
              name: 'RECIPE'
              value: recipe
            }
            {
              name: 'DATA'
              value: data
            }
            {
              name: 'MLFLOW_TRACKING_URI'
              value: trackingUri
            }
          ]
          resources: {
            cpu: json('8')
            memory: '56Gi'
          }
        }
      ]
    }
  }
}
