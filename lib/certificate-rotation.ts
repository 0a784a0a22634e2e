import { Annotations, Duration, RemovalPolicy, Stack, Stage, Token } from 'aws-cdk-lib'
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions'
import type { Table } from 'aws-cdk-lib/aws-dynamodb'
import type { Role } from 'aws-cdk-lib/aws-iam'
import {
  ApplicationLogLevel,
  Architecture,
  Function as LambdaFunction,
  LoggingFormat,
  Runtime,
} from 'aws-cdk-lib/aws-lambda'
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs'
import type { ITopic } from 'aws-cdk-lib/aws-sns'
import { Construct } from 'constructs'
import type { Config } from '../lambda/domain/config.ts'
import { ENV } from '../lambda/domain/env.ts'
import { RotationError } from '../lambda/domain/rotation-error.ts'
import { PRODUCT } from '../lambda/domain/version.ts'
import { addAlarmTopic } from './alarm-topic.ts'
import { Alarms } from './alarms.ts'
import { addDashboard } from './dashboard.ts'
import { functionCode } from './function-code.ts'
import { notesFor } from './notes.ts'
import type { CertificateRotationProps } from './props.ts'
import { addRole } from './role.ts'
import type { RunSchedule } from './schedule.ts'
import { ScheduledRuns } from './scheduled-runs.ts'
import { addStateTable } from './state.ts'
import { validate } from './validate.ts'

/**
 * A scheduled function that keeps the certificates of one configuration fresh, with exactly the permissions that this
 * configuration needs, and alarms for everything that can go wrong.
 *
 * @throws RotationError config/*, synth/*: nothing is synthesised from what is wrong
 */
export class CertificateRotation extends Construct {
  readonly function: LambdaFunction
  readonly role: Role
  readonly logGroup: LogGroup
  readonly alarmTopic: ITopic
  readonly alarms: Alarms
  /** What it remembers between runs. It is kept when the stack is destroyed. */
  readonly stateTable: Table

  /** The name under which its certificates are stored. */
  readonly deployment: string

  constructor(scope: Construct, id: string, props: CertificateRotationProps) {
    super(scope, id)
    const { config, warnings, schedule, deployment } = inPlainWords(() => validate(this, props))
    this.deployment = deployment
    inPlainWords(() => refuseDuplicates(this))

    const timeout = props.timeout ?? Duration.minutes(15)
    this.logGroup = new LogGroup(this, 'Logs', {
      retention: props.logRetention ?? RetentionDays.SIX_MONTHS,
      removalPolicy: RemovalPolicy.DESTROY,
    })
    this.stateTable = addStateTable(this, deployment)
    this.role = inPlainWords(() => addRole(this, config, deployment, this.logGroup))
    this.function = this.functionFor(config, schedule, timeout, props)
    const runs = new ScheduledRuns(this, 'Runs', { function: this.function, schedule })
    this.alarmTopic = props.alarmTopic ?? addAlarmTopic(this, props.alarmEmails ?? [])
    this.alarms = new Alarms(this, 'Alarms', {
      deployment,
      function: this.function,
      deadLetterQueue: runs.deadLetterQueue,
      timeout,
      intervalMs: schedule.intervalMs,
      action: new SnsAction(this.alarmTopic),
    })
    // the first run starts at once: what it needs, and what watches it, must exist before
    runs.schedule.node.addDependency(this.function, this.role, this.alarms, this.stateTable)
    // a topic of the user may belong to another stack, and exists anyway
    if (!props.alarmTopic) runs.schedule.node.addDependency(this.alarmTopic)
    if (props.dashboard) addDashboard(this, { deployment, function: this.function, logGroup: this.logGroup })

    for (const note of notesFor(config, warnings, schedule, props, this.alarms.all.length))
      if (note.level === 'warning') Annotations.of(this).addWarningV2(`${PRODUCT}:${note.id}`, note.text)
      else Annotations.of(this).addInfoV2(`${PRODUCT}:${note.id}`, note.text)
  }

  private functionFor(
    config: Config,
    { intervalMs, flexibleMinutes }: RunSchedule,
    timeout: Duration,
    props: CertificateRotationProps,
  ): LambdaFunction {
    const { reservedConcurrency, memorySize = 512 } = props
    const lateMs = Duration.minutes(flexibleMinutes).toMilliseconds()
    return new LambdaFunction(this, 'Function', {
      description: `Keeps certificates of load balancers fresh (elb-cert-rotator, ${this.deployment})`,
      code: inPlainWords(() => functionCode(this, config)),
      handler: 'handler.handler',
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      memorySize,
      timeout,
      role: this.role,
      logGroup: this.logGroup,
      loggingFormat: LoggingFormat.JSON,
      applicationLogLevelV2: ApplicationLogLevel.INFO,
      ...(reservedConcurrency === undefined ? {} : { reservedConcurrentExecutions: reservedConcurrency }),
      retryAttempts: 0,
      maxEventAge: Duration.millis(Math.min(intervalMs, Duration.hours(1).toMilliseconds())),
      environment: {
        [ENV.deployment]: this.deployment,
        [ENV.intervalMs]: String(intervalMs + lateMs),
      },
    })
  }
}

/** Node prints the stack of an uncaught error. For a mistake of the user, that is the message and the hint instead. */
function inPlainWords<T>(work: () => T): T {
  try {
    return work()
  } catch (thrown) {
    if (thrown instanceof RotationError) {
      thrown.stack = thrown.toText()
      Object.defineProperty(thrown, 'facts', { enumerable: false })
      // Node would print the cause with a stack of its own
      delete thrown.cause
    }
    throw thrown
  }
}

/**
 * Within one app, as far as it can be known: stacks whose account or region is not known yet may end up in the same one.
 * Stages usually keep them apart.
 *
 * @throws RotationError synth/duplicate-deployment
 */
function refuseDuplicates(self: CertificateRotation): void {
  const mine = Stack.of(self)
  for (const other of self.node.root.node.findAll()) {
    if (!(other instanceof CertificateRotation) || other === self || other.deployment !== self.deployment)
      continue
    const theirs = Stack.of(other)
    if (differ(mine.account, theirs.account) || differ(mine.region, theirs.region)) continue
    if (Stage.of(self) !== Stage.of(other) && [mine, theirs].some(isAnywhere)) continue
    const what = `the deployment ${JSON.stringify(self.deployment)} exists twice: ${other.node.path} and ${self.node.path}`
    throw new RotationError('synth/duplicate-deployment', what)
  }
}

function isAnywhere({ account, region }: Stack): boolean {
  return Token.isUnresolved(account) || Token.isUnresolved(region)
}

function differ(a: string, b: string): boolean {
  return !Token.isUnresolved(a) && !Token.isUnresolved(b) && a !== b
}
