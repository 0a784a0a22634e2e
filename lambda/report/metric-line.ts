/** A run as metrics, in one line of CloudWatch's embedded metric format. Pure. */
import { METRIC_DIMENSION, METRIC_NAMESPACE, METRICS, type MetricName } from '../domain/metrics.ts'
import type { EpochMs, Outcome, OutcomeState, StoreQuota } from '../domain/model.ts'
import { isFailing, soonestExpiryDays } from './outcomes.ts'

/** An unknown metric is left out: a zero would look like good news. */
export type MetricValues = { readonly [N in MetricName]?: number }

/**
 * @param certificates how many the configuration has: a run that could not judge them all reports no failing ones
 */
export function metricsOf(
  { outcomes, quota }: { readonly outcomes: readonly Outcome[]; readonly quota: StoreQuota | null },
  certificates: number,
  now: EpochMs,
): MetricValues {
  const daysLeft = soonestExpiryDays(outcomes, now)
  const count = (...states: OutcomeState[]) => outcomes.filter(({ state }) => states.includes(state)).length
  return {
    runsFinished: 1,
    ...(outcomes.length < certificates ? {} : { certificatesFailing: outcomes.filter(isFailing).length }),
    certificatesRenewed: count('renewed'),
    certificatesHeldBack: count('held-back', 'postponed'),
    ...(daysLeft === null ? {} : { daysLeft }),
    ...(quota === null ? {} : { storeUsedPercent: Math.round((quota.used / quota.limit) * 100) }),
  }
}

/**
 * One line, to be written to stdout as it is: wrapped by the runtime's log format, it would not count as a metric.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
export function metricLine(deployment: string, at: EpochMs, values: MetricValues): string {
  const names = Object.keys(values) as MetricName[]
  const definition = {
    Namespace: METRIC_NAMESPACE,
    Dimensions: [[METRIC_DIMENSION]],
    Metrics: names.map((name) => ({ Name: name, Unit: METRICS[name].unit })),
  }
  return JSON.stringify({
    _aws: { Timestamp: at, CloudWatchMetrics: [definition] },
    [METRIC_DIMENSION]: deployment,
    ...values,
  })
}
