/** What is deployed, asserted on the synthesised template. */
import { Aspects, Duration, Tag, Tags, TimeZone } from 'aws-cdk-lib'
import { Match } from 'aws-cdk-lib/assertions'
import { ManagedPolicy, PermissionsBoundary } from 'aws-cdk-lib/aws-iam'
import { RetentionDays } from 'aws-cdk-lib/aws-logs'
import { ScheduleExpression } from 'aws-cdk-lib/aws-scheduler'
import { describe, expect, it } from 'vitest'
import { MINUTE_MS } from '../../lambda/domain/instant.ts'
import { CertificateRotation, type CertificateRotationProps } from '../../lib/index.ts'

import { CONFIG, ids, one, synth } from './synth.ts'

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

describe('the table', () => {
  it('has the deployment in its name, is paid on demand, encrypted, can be restored, and outlives the stack', () => {
    const { template } = synth({ deployment: 'mine' })
    template.hasResource('AWS::DynamoDB::Table', {
      DeletionPolicy: 'RetainExceptOnCreate',
      UpdateReplacePolicy: 'Retain',
      Properties: {
        TableName: 'elb-cert-rotator-mine',
        BillingMode: 'PAY_PER_REQUEST',
        SSESpecification: { SSEEnabled: true },
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
        KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
        AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      },
    })
  })

  it('is there before the first run', () => {
    const { template } = synth()
    const { id } = one(template, 'AWS::DynamoDB::Table')
    template.hasResource('AWS::Scheduler::Schedule', { DependsOn: Match.arrayWith([id]) })
  })
})

describe('the schedule', () => {
  it('begins at once with a rate, some time within a window, and keeps what could not be started', () => {
    const { template } = synth()
    const { Properties } = one(template, 'AWS::Scheduler::Schedule')
    expect(Properties).toMatchObject({
      ScheduleExpression: 'rate(12 hours)',
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
        .ELB_CERT_ROTATOR_INTERVAL_MS / MINUTE_MS
    expect(interval({})).toBe(13 * 60)
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

describe('a stack', () => {
  it('has a dashboard only when asked, which names metrics of this deployment', () => {
    synth().template.resourceCountIs('AWS::CloudWatch::Dashboard', 0)
    const { template } = synth({ dashboard: true })
    const { Properties } = one(template, 'AWS::CloudWatch::Dashboard')
    expect(JSON.stringify(Properties)).toMatch(
      new RegExp(`SOURCE '"?,\\{"Ref":"${one(template, 'AWS::Logs::LogGroup').id}"`),
    )
    const body = JSON.stringify(Properties.DashboardBody)
    expect(body, 'the worst of several runs').toMatch(/daysLeft[^\]]+Minimum/)
    for (const text of ['daysLeft', 'certificatesFailing', 'Duration', 'filter message.event in ['])
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
