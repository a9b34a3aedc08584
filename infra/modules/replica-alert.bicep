// Fires when an app has had no running replica for five minutes.
@description('The container app to watch.')
param appName string

@description('Who is told.')
param actionGroupId string

resource app 'Microsoft.App/containerApps@2025-01-01' existing = {
  name: appName
}

resource none 'Microsoft.Insights/metricAlerts@2018-03-01' = {
  name: '${appName}-no-replica'
  location: 'global'
  properties: {
    description: '${appName} has no running replica. See the runbook.'
    severity: 0
    enabled: true
    scopes: [
      app.id
    ]
    evaluationFrequency: 'PT1M'
    windowSize: 'PT5M'
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
      allOf: [
        {
          name: 'replicas'
          criterionType: 'StaticThresholdCriterion'
          metricNamespace: 'Microsoft.App/containerApps'
          metricName: 'Replicas'
          timeAggregation: 'Maximum'
          operator: 'LessThan'
          threshold: 1
        }
      ]
    }
    autoMitigate: true
    actions: [
      {
        actionGroupId: actionGroupId
      }
    ]
  }
}
