import { describe, expect, it } from 'vitest'
import { DAY_MS } from '../../../lambda/domain/instant.ts'
import type { Outcome, OutcomeState } from '../../../lambda/domain/model.ts'
import { RotationError } from '../../../lambda/domain/rotation-error.ts'
import { metricLine, metricsOf } from '../../../lambda/report/metric-line.ts'
import { metricsIn, publishedIn } from '../../support/emf.ts'

const outcome = (state: OutcomeState, isOverdue = false, notAfter: number | null = 30 * DAY_MS): Outcome => ({
  certId: state,
  state,
  detail: '',
  errors: state === 'failed' ? [new RotationError('dns/zone-not-found', 'none')] : [],
  notAfter,
  isOverdue,
})

describe('the metrics of a run', () => {
  it('count what came of each certificate', () => {
    const outcomes = [
      outcome('settled'),
      outcome('renewed'),
      outcome('failed', false, 12 * DAY_MS),
      outcome('rejected'),
      outcome('held-back'),
      outcome('postponed'),
      outcome('attached'),
    ]
    expect(metricsOf({ outcomes, quota: { used: 3, limit: 20 } }, 7, 0)).toEqual({
      runsFinished: 1,
      certificatesFailing: 2,
      certificatesRenewed: 1,
      certificatesHeldBack: 2,
      daysLeft: 12,
      storeUsedPercent: 15,
    })
  })

  it('count one that is held back as failing once its due time is long past', () => {
    const outcomes = [outcome('held-back', true)]
    expect(metricsOf({ outcomes, quota: null }, 1, 0)).toMatchObject({ certificatesFailing: 1 })
  })

  it('say nothing of failing ones when not every one was judged: no news must not turn an alarm green', () => {
    expect(metricsOf({ outcomes: [outcome('settled')], quota: null }, 2, 0)).not.toHaveProperty(
      'certificatesFailing',
    )
  })

  it('leave out what is not known instead of calling it zero', () => {
    expect(Object.keys(metricsOf({ outcomes: [], quota: null }, 1, 0))).toEqual([
      'runsFinished',
      'certificatesRenewed',
      'certificatesHeldBack',
    ])
  })

  it('are one line that CloudWatch reads, with one dimension', () => {
    const values = metricsOf({ outcomes: [outcome('settled')], quota: { used: 1, limit: 20 } }, 1, 0)
    const line = metricLine('shop', 1_700_000_000_000, values)
    expect(line).not.toContain('\n')
    expect(metricsIn([line])).toEqual(values)
    // alarms and dashboards of others refer to these: they stay for ever
    expect(publishedIn([line]).map(({ namespace, name, unit }) => `${namespace} ${name} ${unit}`)).toEqual([
      'elb-cert-rotator runsFinished Count',
      'elb-cert-rotator certificatesFailing Count',
      'elb-cert-rotator certificatesRenewed Count',
      'elb-cert-rotator certificatesHeldBack Count',
      'elb-cert-rotator daysLeft None',
      'elb-cert-rotator storeUsedPercent Percent',
    ])
    expect(publishedIn([line])[0]?.dimensions).toEqual({ deployment: 'shop' })
    expect(JSON.parse(line)).toMatchObject({ deployment: 'shop', _aws: { Timestamp: 1_700_000_000_000 } })
  })
})
