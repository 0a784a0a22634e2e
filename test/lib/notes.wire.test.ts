/** What synth tells beside the template. */
import { App, Duration, Stack } from 'aws-cdk-lib'
import { Annotations, Match } from 'aws-cdk-lib/assertions'
import { ScheduleExpression } from 'aws-cdk-lib/aws-scheduler'
import { Topic } from 'aws-cdk-lib/aws-sns'
import { describe, expect, it } from 'vitest'
import { CertificateRotation, type CertificateRotationProps } from '../../lib/index.ts'

import { CONFIG, synth } from './synth.ts'

describe('synth tells', () => {
  const info = (props: Partial<CertificateRotationProps>) =>
    Annotations.fromStack(synth(props).stack)
      .findInfo('*', Match.anyValue())
      .map(({ entry }) => String(entry.data))
  const warnings = (props: Partial<CertificateRotationProps>) =>
    Annotations.fromStack(synth(props).stack)
      .findWarning('*', Match.anyValue())
      .map(({ entry }) => String(entry.data))

  it('what alarms, metrics and dashboard cost a month', () => {
    expect(info({}).join()).toContain(
      'cost per month at list prices of us-east-1: 7 alarms $0.70, 6 metrics at most $1.80',
    )
    expect(info({ dashboard: true }).join()).toContain('1 dashboard $3.00')
  })

  it('that the subscription must be confirmed', () => {
    expect(info({ alarmEmails: ['ops@example.com'] }).join()).toMatch(
      /ops@example\.com: confirm the subscription/,
    )
  })

  it('a hint, and no error, where no zone id is given', () => {
    expect(info({}).join()).toMatch(/no zone id is given for www\.example\.com/)
    const dns = { zones: [{ name: 'example.com', id: 'Z0123456789' }] }
    expect(info({ config: { dns, certificates: CONFIG } }).join()).not.toMatch(/no zone id/)
  })

  it('a warning where nobody receives the alarms, and none where somebody does', () => {
    expect(warnings({}).join()).toMatch(/nobody receives the alarms/)
    expect(warnings({ alarmEmails: ['ops@example.com'] })).toEqual([])
    const app = new App()
    const stack = new Stack(app, 'shop')
    const alarmTopic = Topic.fromTopicArn(stack, 'Ours', 'arn:aws:sns:us-east-1:123456789012:ours')
    new CertificateRotation(stack, 'Rotation', { config: CONFIG, alarmTopic })
    Annotations.fromStack(stack).hasNoWarning('*', Match.anyValue())
  })

  it('what the configuration is warned of', () => {
    const config = ['one', 'two'].map((name) => ({ name, hosts: ['www.example.com'], elb: { name } }))
    expect(warnings({ config }).join()).toMatch(/two has the same hosts as one/)
  })

  it('a warning where three server certificates for each entry exceed the quota of twenty', () => {
    const config = (count: number) =>
      Array.from({ length: count }, (_, at) => ({
        hosts: [`h${at}.example.com`],
        elb: { name: `web-${at}` },
      }))
    expect(warnings({ config: config(7) }).join()).toMatch(
      /7 certificates need room for 21 server certificates/,
    )
    expect(warnings({ config: config(6) }).join()).not.toMatch(/server certificates/)
  })

  it('a warning where the schedule is slower than the shortest window', () => {
    const config = [{ ...CONFIG[0], profile: 'tlsserver' }]
    const schedule = ScheduleExpression.rate(Duration.days(1))
    expect(warnings({ config, schedule }).join()).toMatch(/slower than the profile tlsserver needs/)
  })
})
