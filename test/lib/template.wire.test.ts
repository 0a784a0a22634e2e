/** What is deployed, asserted on the synthesised template. */
import { App, Aspects, Duration, Stack, Tag, Tags, TimeZone } from 'aws-cdk-lib'
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions'
import { ManagedPolicy, PermissionsBoundary } from 'aws-cdk-lib/aws-iam'
import { RetentionDays } from 'aws-cdk-lib/aws-logs'
import { ScheduleExpression } from 'aws-cdk-lib/aws-scheduler'
import { Topic } from 'aws-cdk-lib/aws-sns'
import { describe, expect, it } from 'vitest'
import { metricLine } from '../../lambda/report/metrics.ts'
import { CertificateRotation, type CertificateRotationProps } from '../../lib/index.ts'
import { publishedIn } from '../support/emf.ts'

const CONFIG = [{ name: 'shop', hosts: ['www.example.com'], elb: { name: 'web' } }]

function synth(
  props: Partial<CertificateRotationProps> = {},
  prepare: (stack: Stack) => void = () => undefined,
) {
  const app = new App()
  const stack = new Stack(app, 'shop')
  prepare(stack)
  new CertificateRotation(stack, 'Rotation', { config: CONFIG, ...props })
  return { app, stack, template: Template.fromStack(stack) }
}

/** The one resource of a type. */
// biome-ignore lint/suspicious/noExplicitAny: a template's properties have no types
function one(template: Template, type: string): { id: string; Properties: any; DependsOn?: string[] } {
  const found = Object.entries(template.findResources(type))
  expect(found, type).toHaveLength(1)
  const [[id, resource] = ['', {}]] = found
  return { id, ...(resource as { Properties: object; DependsOn?: string[] }) }
}

const ids = (template: Template, type: string) => Object.keys(template.findResources(type))

describe('the function', () => {
  it('runs on Node 24 and arm64, for fifteen minutes at most, and reserves no concurrency', () => {
    const { Properties } = one(synth().template, 'AWS::Lambda::Function')
    expect(Properties).toMatchObject({
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      Handler: 'handler.handler',
      MemorySize: 512,
      Timeout: 900,
    })
    expect(Properties).not.toHaveProperty('ReservedConcurrentExecutions')
    expect(Properties).not.toHaveProperty('DeadLetterConfig')
  })

  it('is made as asked', () => {
    const { template } = synth({
      deployment: 'mine',
      memorySize: 2048,
      timeout: Duration.minutes(10),
      reservedConcurrency: 1,
      logRetention: RetentionDays.ONE_WEEK,
    })
    expect(one(template, 'AWS::Lambda::Function').Properties).toMatchObject({
      MemorySize: 2048,
      Timeout: 600,
      ReservedConcurrentExecutions: 1,
      Environment: { Variables: { ELB_CERT_ROTATOR_DEPLOYMENT: 'mine' } },
    })
    template.hasResourceProperties('AWS::Logs::LogGroup', { RetentionInDays: 7 })
  })

  it('is not run again by Lambda when it failed, and not late', () => {
    const { Properties } = one(synth().template, 'AWS::Lambda::EventInvokeConfig')
    expect(Properties).toMatchObject({ MaximumRetryAttempts: 0, MaximumEventAgeInSeconds: 3600 })
    expect(Properties).not.toHaveProperty('DestinationConfig')
    const fast = synth({ schedule: ScheduleExpression.rate(Duration.minutes(30)) }).template
    expect(one(fast, 'AWS::Lambda::EventInvokeConfig').Properties).toMatchObject({
      MaximumEventAgeInSeconds: 1800,
    })
  })

  it('logs JSON into a log group that forgets', () => {
    const { template } = synth()
    const { id } = one(template, 'AWS::Logs::LogGroup')
    template.hasResource('AWS::Logs::LogGroup', {
      DeletionPolicy: 'Delete',
      Properties: { RetentionInDays: 180 },
    })
    template.hasResourceProperties('AWS::Lambda::Function', {
      LoggingConfig: { LogFormat: 'JSON', ApplicationLogLevel: 'INFO', LogGroup: { Ref: id } },
    })
  })

  it('has no policy of AWS', () => {
    for (const role of Object.values(synth().template.findResources('AWS::IAM::Role')))
      expect(JSON.stringify(role)).not.toContain('ManagedPolicyArns')
  })
})

describe('the schedule', () => {
  it('begins at once with a rate, some time within a window, and keeps what could not be started', () => {
    const { template } = synth()
    const { Properties } = one(template, 'AWS::Scheduler::Schedule')
    expect(Properties).toMatchObject({
      ScheduleExpression: 'rate(1 day)',
      FlexibleTimeWindow: { Mode: 'FLEXIBLE', MaximumWindowInMinutes: 60 },
      Target: {
        Arn: { 'Fn::GetAtt': [one(template, 'AWS::Lambda::Function').id, 'Arn'] },
        Input: '{}',
        RetryPolicy: { MaximumRetryAttempts: 3, MaximumEventAgeInSeconds: 3600 },
        DeadLetterConfig: { Arn: { 'Fn::GetAtt': [one(template, 'AWS::SQS::Queue').id, 'Arn'] } },
      },
    })
    expect(Properties).not.toHaveProperty('StartDate')
    template.hasResourceProperties('AWS::SQS::Queue', { MessageRetentionPeriod: 14 * 86_400 })
  })

  it('keeps to the time zone of a cron expression', () => {
    const schedule = ScheduleExpression.cron({ hour: '3', minute: '0', timeZone: TimeZone.EUROPE_BERLIN })
    const { Properties } = one(synth({ schedule }).template, 'AWS::Scheduler::Schedule')
    expect(Properties).toMatchObject({
      ScheduleExpression: 'cron(0 3 * * ? *)',
      ScheduleExpressionTimezone: 'Europe/Berlin',
    })
  })

  it('is created after everything that a run needs, and what watches it', () => {
    const { template } = synth({ alarmEmails: ['ops@example.com'] })
    const { DependsOn = [] } = one(template, 'AWS::Scheduler::Schedule')
    for (const type of [
      'AWS::Lambda::Function',
      'AWS::Lambda::EventInvokeConfig',
      'AWS::IAM::Role',
      'AWS::SNS::Topic',
      'AWS::SNS::TopicPolicy',
      'AWS::SNS::Subscription',
      'AWS::SQS::Queue',
      'AWS::CloudWatch::Alarm',
    ])
      expect(DependsOn, type).toEqual(expect.arrayContaining(ids(template, type)))
  })

  it('waits for the managed policies of a large configuration as well', () => {
    const hosts = Array.from({ length: 400 }, (_, at) => `host-${at}.example.com`)
    const config = [0, 1, 2, 3].map((part) => ({
      name: `${part}`,
      hosts: hosts.slice(part * 100, (part + 1) * 100),
      elb: { name: `web-${part}` },
    }))
    const { template } = synth({ config })
    const policies = ids(template, 'AWS::IAM::ManagedPolicy')
    expect(policies.length).toBeGreaterThan(0)
    const { DependsOn = [] } = one(template, 'AWS::Scheduler::Schedule')
    const [[roleId = '', role] = []] = Object.entries(
      template.findResources('AWS::IAM::Role', { Properties: { ManagedPolicyArns: Match.anyValue() } }),
    )
    expect(role?.['Properties'].ManagedPolicyArns, 'the role comes after its policies').toEqual(
      policies.map((id) => ({ Ref: id })),
    )
    expect(DependsOn, 'and the schedule after the role').toContain(roleId)
  })

  it('tells the function the longest time to the next run, the window included', () => {
    const profile = (name: string) => [{ ...CONFIG[0], profile: name }]
    const interval = (props: Partial<CertificateRotationProps>) =>
      one(synth(props).template, 'AWS::Lambda::Function').Properties.Environment.Variables
        .ELB_CERT_ROTATOR_INTERVAL_MS / 60_000
    expect(interval({})).toBe(25 * 60)
    expect(interval({ config: profile('tlsserver') })).toBe(6.5 * 60)
    expect(interval({ config: profile('shortlived') })).toBe(65)
    expect(interval({ schedule: ScheduleExpression.cron({ hour: '3,9', minute: '0' }) })).toBe(19 * 60)
  })

  it('may start this function and send to this queue, and nobody but the Scheduler may be it', () => {
    const { template } = synth()
    const arn = (type: string) => ({ 'Fn::GetAtt': [one(template, type).id, 'Arn'] })
    const [role] = Object.values(template.findResources('AWS::IAM::Role')).filter(
      ({ Properties }) => Properties.Policies[0].PolicyName === 'start',
    )
    expect(role?.['Properties'].Policies[0].PolicyDocument.Statement).toEqual([
      { Action: 'lambda:InvokeFunction', Effect: 'Allow', Resource: arn('AWS::Lambda::Function') },
      { Action: 'sqs:SendMessage', Effect: 'Allow', Resource: arn('AWS::SQS::Queue') },
    ])
    const ref = (name: string) => ({ Ref: `AWS::${name}` })
    const parts = ['arn:', ref('Partition'), ':scheduler:', ref('Region'), ':', ref('AccountId')]
    expect(role?.['Properties'].AssumeRolePolicyDocument.Statement).toEqual([
      {
        Action: 'sts:AssumeRole',
        Effect: 'Allow',
        Principal: { Service: 'scheduler.amazonaws.com' },
        Condition: {
          StringEquals: {
            'aws:SourceAccount': ref('AccountId'),
            'aws:SourceArn': { 'Fn::Join': ['', [...parts, ':schedule-group/default']] },
          },
        },
      },
    ])
  })
})

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
      'no-run-finished: runsFinished Sum of 3600 s <= 0, 36 times, breaching',
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
        new RegExp(`\\. Look at: .+ More: docs/runbook\\.md#${name}$`),
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

describe('a stack', () => {
  it('has a dashboard only when asked, which names metrics of this deployment', () => {
    synth().template.resourceCountIs('AWS::CloudWatch::Dashboard', 0)
    const { template } = synth({ dashboard: true })
    const { Properties } = one(template, 'AWS::CloudWatch::Dashboard')
    expect(JSON.stringify(Properties)).toMatch(
      new RegExp(`SOURCE '"?,\\{"Ref":"${one(template, 'AWS::Logs::LogGroup').id}"`),
    )
    const body = JSON.stringify(Properties.DashboardBody)
    for (const text of ['daysLeft', 'certificatesFailing', 'Duration', 'cert.failed'])
      expect(body).toContain(text)
  })

  it('knows no account, region or partition, so that it can be deployed in any', () => {
    const template = JSON.stringify(
      synth({ dashboard: true, alarmEmails: ['a@example.com'] }).template.toJSON(),
    )
    // the name of the asset may hold any digits
    const text = template.replaceAll(/[0-9a-f]{64}/g, '')
    expect(text).not.toMatch(/arn:aws[a-z-]*:/)
    expect(text).not.toMatch(/\d{12}/)
    expect(text).not.toContain('us-east-1')
  })

  it('is the same in two synths', () => {
    expect(synth().template.toJSON()).toEqual(synth().template.toJSON())
  })

  it('can have several deployments, each with its own configuration in its own asset', () => {
    const { template } = synth({ deployment: 'one' }, (stack) => {
      const config = [{ name: 'other', hosts: ['other.example.com'], elb: { name: 'other' } }]
      new CertificateRotation(stack, 'Other', { config, deployment: 'two' })
    })
    const functions = Object.values(template.findResources('AWS::Lambda::Function'))
    expect(new Set(functions.map(({ Properties }) => Properties.Code.S3Key)).size).toBe(2)
    const alarms = Object.values(template.findResources('AWS::CloudWatch::Alarm'))
    expect(new Set(alarms.map(({ Properties }) => Properties.AlarmName)).size).toBe(alarms.length)
  })

  it("respects the app's permissions boundary, tags and aspects", () => {
    const seen: string[] = []
    const { template } = synth({}, (stack) => {
      PermissionsBoundary.of(stack).apply(ManagedPolicy.fromAwsManagedPolicyName('PowerUserAccess'))
      Tags.of(stack).add('team', 'platform')
      Aspects.of(stack).add(new Tag('cost-centre', '42'))
      Aspects.of(stack).add({ visit: (node) => void seen.push(node.node.path) })
    })
    const roles = Object.values(template.findResources('AWS::IAM::Role'))
    expect(roles).toHaveLength(2)
    for (const { Properties } of roles) expect(Properties).toHaveProperty('PermissionsBoundary')
    template.hasResourceProperties('AWS::Lambda::Function', {
      Tags: [
        { Key: 'cost-centre', Value: '42' },
        { Key: 'team', Value: 'platform' },
      ],
    })
    expect(seen).toContain('shop/Rotation/Function')
  })
})

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
      "costs a month, by us-east-1's list prices: 7 alarms $0.70, 6 metrics at most $1.80",
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

  it('a warning where nobody hears the alarms, and none where somebody does', () => {
    expect(warnings({}).join()).toMatch(/nobody hears the alarms/)
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
    expect(warnings({ config, schedule }).join()).toMatch(/slower than the profile tlsserver wants/)
  })
})
