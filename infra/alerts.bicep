metadata description = 'When somebody has to look. Each rule asks the logs for a measurement of docs/reference/telemetry.md and has a section in docs/how-to/runbook.md.'

@description('End of the resources\' names.')
param suffix string

@description('Azure region.')
param location string

@description('Tags of every resource.')
param tags object

@description('Log Analytics workspace that is asked.')
param workspaceId string

@description('Mail address that is told; empty: nobody, the portal shows it.')
param alertAddress string

var measured = '''
AppTraces
| extend line = parse_json(Message)
| where line.event == "installation_measured"
'''

// Severity 1 stops the program or will, 2 wants a look today, 3 one this week. With Minimum a rule
// fires when every measurement of the window is too high, so that no single bad minute wakes anybody.
var rules = [
  {
    name: 'no-live-subscription'
    description: 'A program mailbox in use has had no live subscription for half an hour: changes are found by sweeps only.'
    severity: 2
    measurement: 'tandem.subscriptions.missing'
    aggregation: 'Minimum'
    operator: 'GreaterThan'
    threshold: 0
    window: 'PT30M'
  }
  {
    name: 'work-put-aside'
    description: 'A piece of work failed too often and waits for a person.'
    severity: 2
    measurement: 'tandem.work.poisoned'
    aggregation: 'Maximum'
    operator: 'GreaterThan'
    threshold: 0
    window: 'PT15M'
  }
  {
    name: 'work-late'
    description: 'Work has been due for half an hour and nobody takes it up.'
    severity: 1
    measurement: 'tandem.work.lag'
    aggregation: 'Minimum'
    operator: 'GreaterThan'
    threshold: 1800
    window: 'PT15M'
  }
  {
    name: 'sweep-late'
    // At weekends there is one sweep a night.
    description: 'A program mailbox has not been looked through for 26 hours.'
    severity: 1
    measurement: 'tandem.sweep.age'
    aggregation: 'Minimum'
    operator: 'GreaterThan'
    threshold: 93600
    window: 'PT30M'
  }
  {
    name: 'throttled-long'
    description: 'Microsoft Graph has asked for patience for a whole hour.'
    severity: 2
    measurement: 'tandem.throttled'
    aggregation: 'Minimum'
    operator: 'GreaterThan'
    threshold: 0
    window: 'PT1H'
  }
  {
    name: 'work-stopped'
    description: 'Something stops a program mailbox or the whole installation.'
    severity: 1
    measurement: 'tandem.blockers.stopping'
    aggregation: 'Minimum'
    operator: 'GreaterThan'
    threshold: 0
    window: 'PT30M'
  }
  {
    name: 'checks-not-well'
    description: 'What Tandem is granted or rests on was not as it should be at two looks of tandem doctor.'
    severity: 2
    measurement: 'tandem.checks.not_well'
    aggregation: 'Minimum'
    operator: 'GreaterThan'
    threshold: 0
    window: 'PT30M'
  }
  {
    name: 'credential-near-expiry'
    description: 'The app registration\'s certificate ends within 30 days.'
    severity: 2
    measurement: 'tandem.credential.expires'
    aggregation: 'Minimum'
    operator: 'LessThan'
    threshold: 30
    window: 'PT1H'
  }
  {
    name: 'needs-you-unattended'
    description: 'A row of Needs you has waited three days for a coordinator.'
    severity: 3
    measurement: 'tandem.needs.unattended'
    aggregation: 'Minimum'
    operator: 'GreaterThan'
    threshold: 259200
    window: 'PT1H'
  }
]

resource tell 'Microsoft.Insights/actionGroups@2023-01-01' = {
  name: 'ag-${suffix}'
  location: 'global'
  tags: tags
  properties: {
    groupShortName: 'tandem'
    enabled: true
    emailReceivers: empty(alertAddress) ? [] : [
      {
        name: 'operators'
        emailAddress: alertAddress
        useCommonAlertSchema: true
      }
    ]
  }
}

resource queries 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [
  for rule in rules: {
    name: '${rule.name}-${suffix}'
    location: location
    tags: tags
    kind: 'LogAlert'
    properties: {
      displayName: 'Tandem: ${rule.name}'
      description: rule.description
      severity: rule.severity
      enabled: true
      scopes: [workspaceId]
      evaluationFrequency: 'PT15M'
      windowSize: rule.window
      criteria: {
        allOf: [
          {
            query: '${measured}| extend value = todouble(line["${rule.measurement}"])\n| where isnotnull(value)\n| project TimeGenerated, value'
            timeAggregation: rule.aggregation
            metricMeasureColumn: 'value'
            operator: rule.operator
            threshold: rule.threshold
            failingPeriods: {
              numberOfEvaluationPeriods: 1
              minFailingPeriodsToAlert: 1
            }
          }
        ]
      }
      autoMitigate: true
      // The table is there only after the first log line.
      skipQueryValidation: true
      actions: {
        actionGroups: [tell.id]
      }
    }
  }
]

resource silence 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = {
  name: 'silent-${suffix}'
  location: location
  tags: tags
  kind: 'LogAlert'
  properties: {
    displayName: 'Tandem: silent'
    description: 'Nothing has been measured for an hour: the app does not run, or its logs do not arrive. No other rule can fire then.'
    severity: 1
    enabled: true
    scopes: [workspaceId]
    evaluationFrequency: 'PT15M'
    windowSize: 'PT1H'
    criteria: {
      allOf: [
        {
          query: measured
          timeAggregation: 'Count'
          operator: 'LessThan'
          threshold: 1
          failingPeriods: {
            numberOfEvaluationPeriods: 1
            minFailingPeriodsToAlert: 1
          }
        }
      ]
    }
    autoMitigate: true
    skipQueryValidation: true
    actions: {
      actionGroups: [tell.id]
    }
  }
}
