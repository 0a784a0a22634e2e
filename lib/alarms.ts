/**
 * Every alarm: what it watches, what it means, and what to look at. `docs/runbook/alarms.md` has a section for each.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html on the time that Lambda gives its metrics
 */
import { Duration } from 'aws-cdk-lib'
import {
  Alarm,
  ComparisonOperator,
  type IAlarmAction,
  type IMetric,
  Metric,
  Stats,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch'
import type { IFunction } from 'aws-cdk-lib/aws-lambda'
import type { IQueue } from 'aws-cdk-lib/aws-sqs'
import { Construct } from 'constructs'
import { HOUR_MS } from '../lambda/domain/instant.ts'
import { METRIC_DIMENSION, METRIC_NAMESPACE, type MetricName } from '../lambda/domain/metrics.ts'

export interface AlarmsProps {
  readonly deployment: string
  readonly function: IFunction
  readonly deadLetterQueue: IQueue
  readonly timeout: Duration
  /** Time between runs. */
  readonly intervalMs: number
  readonly action: IAlarmAction
}

interface Row {
  /** Part of the alarm's name, and its heading in `docs/runbook/alarms.md`. */
  readonly name: string
  readonly metric: IMetric
  readonly atLeast?: number
  readonly atMost?: number
  /** Over how many periods it looks; one when left out. */
  readonly periods?: number
  /** How many of them must be bad; all when left out. */
  readonly bad?: number
  readonly missing: TreatMissingData
  /** It also notifies when it returns to OK; the others return to OK by themselves, whatever the cause. */
  readonly tellsWhenOver: boolean
  readonly means: string
  readonly lookAt: string
}

const NEARLY = 0.8

/** @returns a metric of ours, for one deployment */
export function metricOf(name: MetricName, deployment: string, statistic: string, period: Duration): Metric {
  return new Metric({
    namespace: METRIC_NAMESPACE,
    metricName: name,
    dimensionsMap: { [METRIC_DIMENSION]: deployment },
    statistic,
    period,
  })
}

function rows({ deployment, function: fn, deadLetterQueue, timeout, intervalMs }: AlarmsProps): Row[] {
  const period = Duration.minutes(5)
  const hour = Duration.hours(1)
  // Lambda dates what it counts to the start of a run, and a run may take up to its timeout
  const sinceStart = { periods: Math.ceil(timeout.toSeconds() / period.toSeconds()) + 1, bad: 1 }
  const hours = Math.max(1, Math.ceil((intervalMs * 1.5) / HOUR_MS))
  return [
    {
      name: 'run-failed',
      metric: fn.metricErrors({ period, statistic: Stats.SUM }),
      atLeast: 1,
      ...sinceStart,
      missing: TreatMissingData.NOT_BREACHING,
      tellsWhenOver: false,
      means: 'A run failed: a certificate could not be renewed, or the run could not be done at all.',
      lookAt: 'the events cert.failed and run.failed in the log: each has an error code and a hint.',
    },
    {
      name: 'certificates-failing',
      metric: metricOf('certificatesFailing', deployment, Stats.MAXIMUM, period),
      atLeast: 1,
      missing: TreatMissingData.IGNORE,
      tellsWhenOver: true,
      means:
        'At least one certificate failed, or should have been renewed long ago. The alarm stays on until this is fixed.',
      lookAt:
        'the last run.finished in the log: it has the outcome of each certificate and the days until the first one expires.',
    },
    {
      name: 'no-run-finished',
      metric: metricOf('runsFinished', deployment, Stats.SUM, hour),
      atMost: 0,
      periods: hours,
      missing: TreatMissingData.BREACHING,
      tellsWhenOver: true,
      means: `No run finished for ${hours} h, one and a half times the interval between runs. The alarm is also on from the first deployment until the first run has finished.`,
      lookAt: 'the schedule (is it enabled?), the dead-letter queue and the end of the log.',
    },
    {
      name: 'run-not-started',
      metric: deadLetterQueue.metricApproximateNumberOfMessagesVisible({ period, statistic: Stats.MAXIMUM }),
      atLeast: 1,
      missing: TreatMissingData.IGNORE,
      tellsWhenOver: true,
      means: 'The schedule could not start the function, and put the invocation into the dead-letter queue.',
      lookAt: 'the attributes ERROR_CODE and ERROR_MESSAGE of the message in the queue.',
    },
    {
      name: 'store-nearly-full',
      metric: metricOf('storeUsedPercent', deployment, Stats.MAXIMUM, period),
      atLeast: NEARLY * 100,
      missing: TreatMissingData.IGNORE,
      tellsWhenOver: true,
      means:
        "80 % of the account's quota for IAM server certificates is used. When it is full, nothing can be renewed.",
      lookAt:
        'the output of aws iam list-server-certificates; delete certificates that nothing uses, or request a higher quota.',
    },
    {
      name: 'function-throttled',
      metric: fn.metricThrottles({ period, statistic: Stats.SUM }),
      atLeast: 1,
      missing: TreatMissingData.NOT_BREACHING,
      tellsWhenOver: false,
      means:
        'Lambda refused to run the function: the concurrency of the account or of the function is used up.',
      lookAt: 'the concurrency of the account and the reserved concurrency of this function.',
    },
    {
      name: 'function-near-timeout',
      metric: fn.metricDuration({ period, statistic: Stats.MAXIMUM }),
      atLeast: timeout.toMilliseconds() * NEARLY,
      ...sinceStart,
      missing: TreatMissingData.NOT_BREACHING,
      tellsWhenOver: false,
      means: `A run took more than ${Math.round(timeout.toSeconds() * NEARLY)} s of the ${timeout.toSeconds()} s that it has.`,
      lookAt: 'events in the log that are minutes apart.',
    },
  ]
}

export class Alarms extends Construct {
  readonly all: readonly Alarm[]

  constructor(scope: Construct, id: string, props: AlarmsProps) {
    super(scope, id)
    this.all = rows(props).map((row) => {
      const alarm = new Alarm(this, row.name, {
        alarmName: `elb-cert-rotator/${props.deployment}/${row.name}`,
        alarmDescription: `${row.means} Look at: ${row.lookAt} More: docs/runbook/alarms.md#${row.name}`,
        metric: row.metric,
        threshold: row.atLeast ?? row.atMost ?? 0,
        comparisonOperator:
          row.atLeast === undefined
            ? ComparisonOperator.LESS_THAN_OR_EQUAL_TO_THRESHOLD
            : ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
        evaluationPeriods: row.periods ?? 1,
        ...(row.bad === undefined ? {} : { datapointsToAlarm: row.bad }),
        treatMissingData: row.missing,
      })
      alarm.addAlarmAction(props.action)
      if (row.tellsWhenOver) alarm.addOkAction(props.action)
      return alarm
    })
  }
}
