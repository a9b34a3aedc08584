// Alert rules on what the services and the platform log. docs/azure.md says what each one means.
@description('Where the rules live: the region of the workspace.')
param location string

@description('Workspace that holds the logs.')
param workspaceId string

@description('Who is told.')
param actionGroupId string

// Evaluated every minute, so the query keeps to one table: such a rule may not use union or search.
resource rejected 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = {
  name: 'predictions-rejected'
  location: location
  kind: 'LogAlert'
  properties: {
    displayName: 'Three predictions rejected within five minutes'
    description: 'People say that the model is wrong. See the radar and the quality page, then the runbook.'
    severity: 2
    enabled: true
    scopes: [
      workspaceId
    ]
    evaluationFrequency: 'PT1M'
    windowSize: 'PT5M'
    criteria: {
      allOf: [
        {
          query: 'AppEvents | where Name == "prediction_rejected"'
          timeAggregation: 'Count'
          operator: 'GreaterThanOrEqual'
          threshold: 3
          failingPeriods: {
            numberOfEvaluationPeriods: 1
            minFailingPeriodsToAlert: 1
          }
        }
      ]
    }
    autoMitigate: true
    actions: {
      actionGroups: [
        actionGroupId
      ]
    }
  }
}

// What the API found by its own rules; three rejections have the rule above.
resource opened 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = {
  name: 'alerts-opened'
  location: location
  kind: 'LogAlert'
  properties: {
    displayName: 'The API opened an alert'
    description: 'A surge of negative mentions, too many rejections, errors or slow answers. The event has the figures; docs/monitoring.md says what to do.'
    severity: 2
    enabled: true
    scopes: [
      workspaceId
    ]
    evaluationFrequency: 'PT5M'
    windowSize: 'PT5M'
    criteria: {
      allOf: [
        {
          query: 'AppEvents | where Name == "alert_opened" and tostring(Properties.kind) != "rejections"'
          timeAggregation: 'Count'
          operator: 'GreaterThan'
          threshold: 0
          failingPeriods: {
            numberOfEvaluationPeriods: 1
            minFailingPeriodsToAlert: 1
          }
        }
      ]
    }
    autoMitigate: true
    actions: {
      actionGroups: [
        actionGroupId
      ]
    }
  }
}

// Of the API's own figures: of traces there may be a share only.
resource serverErrors 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = {
  name: 'server-error-rate'
  location: location
  kind: 'LogAlert'
  properties: {
    displayName: 'More than 2 % of the API answers are server errors'
    description: 'Counted over five minutes with at least 20 requests. See the runbook.'
    severity: 1
    enabled: true
    scopes: [
      workspaceId
    ]
    evaluationFrequency: 'PT5M'
    windowSize: 'PT5M'
    criteria: {
      allOf: [
        {
          query: 'AppMetrics | where AppRoleName == "inference" and Name == "radar_requests_total" | summarize requests = sum(Sum), errors = sumif(Sum, tostring(Properties.status) == "5xx") | where requests >= 20 | project rate = 100.0 * errors / requests'
          metricMeasureColumn: 'rate'
          timeAggregation: 'Maximum'
          operator: 'GreaterThan'
          threshold: 2
          failingPeriods: {
            numberOfEvaluationPeriods: 1
            minFailingPeriodsToAlert: 1
          }
        }
      ]
    }
    autoMitigate: true
    actions: {
      actionGroups: [
        actionGroupId
      ]
    }
  }
}

resource probes 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = {
  name: 'probes-failing'
  location: location
  kind: 'LogAlert'
  properties: {
    displayName: 'A container keeps failing its probes'
    description: 'Ten failures of one app within ten minutes: it starts, but is not ready.'
    severity: 2
    enabled: true
    scopes: [
      workspaceId
    ]
    evaluationFrequency: 'PT5M'
    windowSize: 'PT10M'
    criteria: {
      allOf: [
        {
          query: 'ContainerAppSystemLogs | where Reason == "ProbeFailed"'
          timeAggregation: 'Count'
          operator: 'GreaterThanOrEqual'
          threshold: 10
          dimensions: [
            {
              name: 'ContainerAppName'
              operator: 'Include'
              values: [
                '*'
              ]
            }
          ]
          failingPeriods: {
            numberOfEvaluationPeriods: 1
            minFailingPeriodsToAlert: 1
          }
        }
      ]
    }
    // The table exists only after the first container has logged.
    skipQueryValidation: true
    autoMitigate: true
    actions: {
      actionGroups: [
        actionGroupId
      ]
    }
  }
}
