/** One screen: days left, outcomes, duration of runs, and the last failures. */
import { Duration } from 'aws-cdk-lib'
import { Dashboard, GraphWidget, LogQueryWidget, Stats } from 'aws-cdk-lib/aws-cloudwatch'
import type { IFunction } from 'aws-cdk-lib/aws-lambda'
import type { ILogGroup } from 'aws-cdk-lib/aws-logs'
import type { Construct } from 'constructs'
import { metricOf } from './alarms.ts'

export interface DashboardParts {
  readonly deployment: string
  readonly function: IFunction
  readonly logGroup: ILogGroup
}

const HALF = 12

export function addDashboard(
  scope: Construct,
  { deployment, function: fn, logGroup }: DashboardParts,
): Dashboard {
  const period = Duration.hours(1)
  const ofRuns = (...names: Parameters<typeof metricOf>[0][]) =>
    names.map((name) => metricOf(name, deployment, Stats.MAXIMUM, period))
  return new Dashboard(scope, 'Dashboard', {
    widgets: [
      [
        new GraphWidget({
          title: 'Days until the first certificate expires',
          width: HALF,
          left: [metricOf('daysLeft', deployment, Stats.MINIMUM, period)],
          leftYAxis: { min: 0 },
        }),
        new GraphWidget({
          title: 'Certificates by outcome',
          width: HALF,
          left: ofRuns('certificatesFailing', 'certificatesHeldBack', 'certificatesRenewed'),
          leftYAxis: { min: 0 },
        }),
      ],
      [
        new GraphWidget({
          title: 'Duration of a run, and use of the IAM quota',
          width: HALF,
          left: [fn.metricDuration({ period, statistic: Stats.MAXIMUM })],
          right: ofRuns('storeUsedPercent'),
          leftYAxis: { min: 0 },
          rightYAxis: { min: 0, max: 100 },
        }),
        new LogQueryWidget({
          title: 'Last failures',
          width: HALF,
          logGroupNames: [logGroup.logGroupName],
          queryLines: [
            'fields @timestamp, message.certId, message.error.code, message.error.message, message.error.hint',
            'filter message.event in ["cert.failed", "run.failed"]',
            'sort @timestamp desc',
            'limit 20',
          ],
        }),
      ],
    ],
  })
}
