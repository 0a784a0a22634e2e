/**
 * Every metric, by the name it has in CloudWatch. Names, units and dimensions never change: alarms and
 * dashboards of others refer to them. `docs/metrics.md` is generated from this table.
 */

export const METRIC_NAMESPACE = 'elb-cert-rotator'

/** The one dimension, so that a deployment of any size has this many metrics and no more. */
export const METRIC_DIMENSION = 'deployment'

export const METRICS = {
  runsFinished: {
    unit: 'Count',
    means: 'whole runs that finished, with or without failures',
  },
  certificatesFailing: {
    unit: 'Count',
    means:
      'certificates that failed, were rejected or are overdue (a tenth of the lifetime has passed since they should have been replaced); left out when the run could not judge every certificate',
  },
  certificatesRenewed: { unit: 'Count', means: 'certificates that were renewed in this run' },
  certificatesHeldBack: {
    unit: 'Count',
    means: 'certificates that were held back or postponed; the log has the reason',
  },
  daysLeft: { unit: 'None', means: 'days until the first installed certificate expires' },
  storeUsedPercent: {
    unit: 'Percent',
    means: "share of the account's quota for server certificates that is used, by anything in the account",
  },
} as const satisfies Record<string, { unit: 'Count' | 'None' | 'Percent'; means: string }>

export type MetricName = keyof typeof METRICS
