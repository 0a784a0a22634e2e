/**
 * Every metric, by its name in CloudWatch. Names, units and dimensions never change: alarms and dashboards of others
 * refer to them. `docs/metrics.md` is generated from this table.
 */

export const METRIC_NAMESPACE = 'elb-cert-rotator'

/** The one dimension, so that a deployment of any size has this many metrics and no more. */
export const METRIC_DIMENSION = 'deployment'

export const METRICS = {
  runsFinished: {
    unit: 'Count',
    means:
      'a whole run came to its end, well or not; one that is killed, never begun or refused at its start does not count',
  },
  certificatesFailing: {
    unit: 'Count',
    means:
      'certificates that failed or were rejected, or whose due time has passed by a tenth of their lifetime; left out when the run could not judge every one',
  },
  certificatesRenewed: { unit: 'Count', means: 'certificates that got a new one in this run' },
  certificatesHeldBack: {
    unit: 'Count',
    means: 'certificates that were held back or postponed, for a reason that the log tells',
  },
  daysLeft: { unit: 'None', means: 'days until the first of the installed certificates ends' },
  storeUsedPercent: {
    unit: 'Percent',
    means: "how much of the account's quota of server certificates is used, whoever uses it",
  },
} as const satisfies Record<string, { unit: 'Count' | 'None' | 'Percent'; means: string }>

export type MetricName = keyof typeof METRICS
