// Makes each service's database role, brings the feedback store to this image's schema, then puts the
// page's access key there as the vault has it.
// The pipeline starts it and waits for it before a new revision of the API exists.
@description('Where the job lives.')
param location string

@description('Container Apps environment.')
param environmentId string

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

@description('Host name of the database server.')
param databaseHost string

@description('Name of the database administrator.')
param administrator string

var image = '${registryServer}/inference@${digest}'

resource job 'Microsoft.App/jobs@2025-01-01' = {
  name: 'migrate'
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
      triggerType: 'Manual'
      manualTriggerConfig: {
        parallelism: 1
        replicaCompletionCount: 1
      }
      replicaTimeout: 600
      replicaRetryLimit: 1
      registries: [
        {
          server: registryServer
          identity: identityId
        }
      ]
      secrets: [
        {
          name: 'administrator-password'
          keyVaultUrl: '${vaultUri}secrets/postgres-admin-password'
          identity: identityId
        }
        {
          name: 'feedback-password'
          keyVaultUrl: '${vaultUri}secrets/postgres-feedback-password'
          identity: identityId
        }
        {
          name: 'mlflow-password'
          keyVaultUrl: '${vaultUri}secrets/postgres-mlflow-password'
          identity: identityId
        }
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
          name: 'page-api-key'
          keyVaultUrl: '${vaultUri}secrets/page-api-key'
          identity: identityId
        }
      ]
    }
    template: {
      initContainers: [
        {
          name: 'roles'
          image: image
          command: [
            'python'
            '-c'
            loadTextContent('../database_roles.py')
          ]
          env: [
            {
              name: 'PGHOST'
              value: databaseHost
            }
            {
              name: 'PGUSER'
              value: administrator
            }
            {
              name: 'PGSSLMODE'
              value: 'require'
            }
            {
              name: 'PGPASSWORD'
              secretRef: 'administrator-password'
            }
            {
              name: 'FEEDBACK_PASSWORD'
              secretRef: 'feedback-password'
            }
            {
              name: 'MLFLOW_PASSWORD'
              secretRef: 'mlflow-password'
            }
          ]
          resources: {
            cpu: json('0.25')
            memory: '0.5Gi'
          }
        }
        {
          name: 'migrate'
          image: image
          args: [
            'migrate'
          ]
          env: [
            {
              name: 'ENVIRONMENT'
              value: 'production'
            }
            {
              name: 'DATABASE_URL'
              secretRef: 'database-url'
            }
            {
              name: 'TEXT_HMAC_KEY'
              secretRef: 'text-hmac-key'
            }
          ]
          resources: {
            cpu: json('0.5')
            memory: '1Gi'
          }
        }
      ]
      containers: [
        {
          name: 'page-key'
          image: image
          args: [
            'keys'
            'create'
            'page'
            '--scope'
            'predict'
            '--scope'
            'feedback'
            '--requests-per-minute'
            '0'
            '--from-env'
            'PAGE_API_KEY'
          ]
          env: [
            {
              name: 'ENVIRONMENT'
              value: 'production'
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
              name: 'PAGE_API_KEY'
              secretRef: 'page-api-key'
            }
          ]
          resources: {
            cpu: json('0.25')
            memory: '0.5Gi'
          }
        }
      ]
    }
  }
}
