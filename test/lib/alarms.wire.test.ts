/** What the alarms watch, and whom they tell. */
import { App, Duration, Stack } from 'aws-cdk-lib'
import { Match, Template } from 'aws-cdk-lib/assertions'
import { ScheduleExpression } from 'aws-cdk-lib/aws-scheduler'
import { Topic } from 'aws-cdk-lib/aws-sns'
import { describe, expect, it } from 'vitest'
import { metricLine } from '../../lambda/report/metric-line.ts'
import { CertificateRotation, type CertificateRotationProps } from '../../lib/index.ts'
import { publishedIn } from '../support/emf.ts'

import { CONFIG, one, synth } from './synth.ts'

describe('the alarms', () => {
  /** `name: metric statistic/period comparison, missing data` */
  function lines(props: Partial<CertificateRotationProps> = {}): string[] {
    return Object.values(synth(props).template.findResources('AWS::CloudWatch::Alarm')).map(
      ({ Properties: p }) => {
        const sign = p.ComparisonOperator.startsWith('Greater') ? '>=' : '<='
        const name = p.AlarmName.split('/').at(-1)
        const { EvaluationPeriods: all, DatapointsToAlarm: bad = all } = p
        const times = all === 1 ? '' : bad === all ? `, ${all} times` : `, ${bad} of ${all} times`
        return `${name}: ${p.MetricName} ${p.Statistic} of ${p.Period} s ${sign} ${p.Threshold}${times}, ${p.TreatMissingData}`
      },
    )
  }

  it('watch each failing run, each failing certificate, silence, what was not started, the store and the function', () => {
    expect(lines()).toEqual([
      'run-failed: Errors Sum of 300 s >= 1, 1 of 4 times, notBreaching',
      'certificates-failing: certificatesFailing Maximum of 300 s >= 1, ignore',
      'no-run-finished: runsFinished Sum of 3600 s <= 0, 18 times, breaching',
      'run-not-started: ApproximateNumberOfMessagesVisible Maximum of 300 s >= 1, ignore',
      'store-nearly-full: storeUsedPercent Maximum of 300 s >= 80, ignore',
      'function-throttled: Throttles Sum of 300 s >= 1, notBreaching',
      'function-near-timeout: Duration Maximum of 300 s >= 720000, 1 of 4 times, notBreaching',
    ])
  })

  it('watch this function and this deployment, by the names that a run publishes under', () => {
    const { template } = synth({ deployment: 'mine' })
    const found = Object.values(template.findResources('AWS::CloudWatch::Alarm')).map(
      ({ Properties: p }) => ({
        namespace: p.Namespace,
        name: p.MetricName,
        dimensions: Object.fromEntries(
          p.Dimensions.map((one: { Name: string; Value: unknown }) => [one.Name, one.Value]),
        ),
      }),
    )
    const ours = found.filter(({ namespace }) => !namespace.startsWith('AWS/'))
    const published = publishedIn([
      metricLine('mine', 0, { certificatesFailing: 0, runsFinished: 1, storeUsedPercent: 0 }),
    ])
    expect(ours).toHaveLength(3)
    for (const { name, namespace, dimensions } of ours)
      expect(published).toContainEqual(expect.objectContaining({ name, namespace, dimensions }))
    const theirs = found.filter(({ namespace }) => namespace === 'AWS/Lambda')
    expect(theirs).toHaveLength(3)
    for (const { dimensions } of theirs)
      expect(dimensions).toEqual({ FunctionName: { Ref: one(template, 'AWS::Lambda::Function').id } })
  })

  it('tell when they are over only where that means something', () => {
    const { template } = synth()
    const { id } = one(template, 'AWS::SNS::Topic')
    const telling = Object.values(template.findResources('AWS::CloudWatch::Alarm')).filter(
      ({ Properties }) => JSON.stringify(Properties.OKActions) === JSON.stringify([{ Ref: id }]),
    )
    expect(telling.map(({ Properties }) => Properties.AlarmName.split('/').at(-1))).toEqual([
      'certificates-failing',
      'no-run-finished',
      'run-not-started',
      'store-nearly-full',
    ])
  })

  it.each([
    [Duration.hours(1), 2],
    [Duration.hours(6), 9],
    [Duration.days(4), 144],
  ])(
    'hear of silence after one and a half intervals of %s, within the seven days that CloudWatch looks back',
    (rate, hours) => {
      const found = lines({ schedule: ScheduleExpression.rate(rate) }).find((line) =>
        line.startsWith('no-run'),
      )
      expect(found).toContain(`, ${hours} times`)
      expect(hours).toBeLessThanOrEqual(7 * 24)
    },
  )

  it('all go to one topic, and say what they mean, what to look at and where the runbook has it', () => {
    const { template } = synth()
    const { id } = one(template, 'AWS::SNS::Topic')
    for (const { Properties } of Object.values(template.findResources('AWS::CloudWatch::Alarm'))) {
      expect(Properties.AlarmActions).toEqual([{ Ref: id }])
      const name = Properties.AlarmName.split('/').at(-1)
      expect(Properties.AlarmDescription).toMatch(
        new RegExp(`\\. Look at: .+ More: docs/runbook/alarms\\.md#${name}$`),
      )
      expect(Properties.AlarmDescription.length).toBeLessThanOrEqual(1024)
    }
  })

  it("are let in by the topic's policy, which demands TLS", () => {
    synth().template.hasResourceProperties('AWS::SNS::TopicPolicy', {
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
          Match.objectLike({
            Effect: 'Allow',
            Action: 'sns:Publish',
            Principal: { Service: 'cloudwatch.amazonaws.com' },
            Resource: { Ref: Match.stringLikeRegexp('AlarmTopic') },
            Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
          }),
        ]),
      },
    })
  })

  it('go to a topic that is there already', () => {
    const arn = 'arn:aws:sns:us-east-1:123456789012:ours'
    const app = new App()
    const stack = new Stack(app, 'shop')
    const alarmTopic = Topic.fromTopicArn(stack, 'Ours', arn)
    new CertificateRotation(stack, 'Rotation', { config: CONFIG, alarmTopic })
    const template = Template.fromStack(stack)
    template.resourceCountIs('AWS::SNS::Topic', 0)
    template.allResourcesProperties('AWS::CloudWatch::Alarm', { AlarmActions: [arn] })
  })

  it('go to a topic of another stack of the app', () => {
    const app = new App()
    const theirs = new Stack(app, 'theirs')
    const stack = new Stack(app, 'shop')
    const alarmTopic = new Topic(theirs, 'Topic')
    new CertificateRotation(stack, 'Rotation', { config: CONFIG, alarmTopic })
    expect(() => app.synth()).not.toThrow()
    Template.fromStack(stack).resourceCountIs('AWS::SNS::Topic', 0)
  })

  it('go to each address that is given', () => {
    const { template } = synth({ alarmEmails: ['a@example.com', 'b@example.com'] })
    const found = Object.values(template.findResources('AWS::SNS::Subscription')).map(
      ({ Properties }) => Properties,
    )
    expect(found).toMatchObject([
      { Protocol: 'email', Endpoint: 'a@example.com' },
      { Protocol: 'email', Endpoint: 'b@example.com' },
    ])
  })
})
