// Asks a public address from three places every five minutes. A replica that runs but is not ready
// counts for nothing here: with none ready, the ingress answers 503.
@description('Where the test lives.')
param location string

@description('The container app behind the address.')
param appName string

@description('Address that answers 200 while a replica is ready.')
param url string

@description('Application Insights that keeps the results.')
param insightsId string

@description('Who is told.')
param actionGroupId string

resource test 'Microsoft.Insights/webtests@2022-06-15' = {
  name: '${appName}-ready'
  location: location
  kind: 'standard'
  tags: {
    'hidden-link:${insightsId}': 'Resource'
  }
  properties: {
    Name: '${appName}-ready'
    SyntheticMonitorId: '${appName}-ready'
    Kind: 'standard'
    Enabled: true
    Frequency: 300
    Timeout: 30
    RetryEnabled: true
    Locations: [
      {
        Id: 'emea-nl-ams-azr'
      }
      {
        Id: 'emea-fr-pra-edge'
      }
      {
        Id: 'emea-gb-db3-azr'
      }
    ]
    Request: {
      RequestUrl: url
      HttpVerb: 'GET'
      ParseDependentRequests: false
    }
    ValidationRules: {
      ExpectedHttpStatusCode: 200
      SSLCheck: true
      SSLCertRemainingLifetimeCheck: 7
    }
  }
}

resource down 'Microsoft.Insights/metricAlerts@2018-03-01' = {
  name: '${appName}-not-ready'
  location: 'global'
  properties: {
    description: 'No ready replica of ${appName} answers. See the runbook.'
    severity: 0
    enabled: true
    scopes: [
      test.id
      insightsId
    ]
    evaluationFrequency: 'PT1M'
    windowSize: 'PT5M'
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.WebtestLocationAvailabilityCriteria'
      webTestId: test.id
      componentId: insightsId
      failedLocationCount: 2
    }
    actions: [
      {
        actionGroupId: actionGroupId
      }
    ]
  }
}
