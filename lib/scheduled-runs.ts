/** The schedule, a role that may start only this function, and a queue for starts that failed. */
import { Duration, Stack, Validations } from 'aws-cdk-lib'
import { PolicyDocument, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import type { IFunction } from 'aws-cdk-lib/aws-lambda'
import { CfnSchedule } from 'aws-cdk-lib/aws-scheduler'
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs'
import { Construct } from 'constructs'
import type { RunSchedule } from './schedule.ts'

export interface ScheduledRunsProps {
  readonly function: IFunction
  readonly schedule: RunSchedule
}

/** Only the Scheduler repeats a start that failed: Lambda's own retries are off. */
const RETRIES = 3

export class ScheduledRuns extends Construct {
  readonly deadLetterQueue: Queue
  readonly schedule: CfnSchedule

  constructor(scope: Construct, id: string, props: ScheduledRunsProps) {
    super(scope, id)
    const { function: fn, schedule } = props
    const { expression, flexibleMinutes, intervalMs } = schedule
    this.deadLetterQueue = new Queue(this, 'DeadLetters', {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
    })
    Validations.of(this.deadLetterQueue).acknowledge({
      id: 'AwsSolutions-SQS3',
      reason: "it is the schedule's dead-letter queue",
    })
    const role = this.roleFor(fn)
    this.schedule = new CfnSchedule(this, 'Schedule', {
      description: 'Starts elb-cert-rotator',
      scheduleExpression: expression.expressionString,
      ...(expression.timeZone ? { scheduleExpressionTimezone: expression.timeZone.timezoneName } : {}),
      flexibleTimeWindow: { mode: 'FLEXIBLE', maximumWindowInMinutes: flexibleMinutes },
      target: {
        arn: fn.functionArn,
        roleArn: role.roleArn,
        input: '{}',
        retryPolicy: {
          maximumRetryAttempts: RETRIES,
          maximumEventAgeInSeconds: Math.min(3_600, Math.floor(intervalMs / 1_000)),
        },
        deadLetterConfig: { arn: this.deadLetterQueue.queueArn },
      },
    })
    // a rate starts at once: without the policy of its role, the first start would be refused
    this.schedule.node.addDependency(role, this.deadLetterQueue)
  }

  /** @see https://docs.aws.amazon.com/scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html */
  private roleFor(fn: IFunction): Role {
    const { account } = Stack.of(this)
    const group = Stack.of(this).formatArn({
      service: 'scheduler',
      resource: 'schedule-group',
      resourceName: 'default',
    })
    return new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('scheduler.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': account, 'aws:SourceArn': group } },
      }),
      inlinePolicies: {
        start: new PolicyDocument({
          statements: [
            new PolicyStatement({ actions: ['lambda:InvokeFunction'], resources: [fn.functionArn] }),
            new PolicyStatement({
              actions: ['sqs:SendMessage'],
              resources: [this.deadLetterQueue.queueArn],
            }),
          ],
        }),
      },
    })
  }
}
