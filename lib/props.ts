/** The props of the construct. */
import type { Duration } from 'aws-cdk-lib'
import type { RetentionDays } from 'aws-cdk-lib/aws-logs'
import type { ScheduleExpression } from 'aws-cdk-lib/aws-scheduler'
import type { ITopic } from 'aws-cdk-lib/aws-sns'

export interface CertificateRotationProps {
  /**
   * Path of the configuration file, relative to the working directory, or the configuration itself. It is checked, and
   * packed with the function.
   */
  readonly config: string | object
  /**
   * The name under which certificates are stored. Two deployments in one account and region must differ.
   *
   * @default - the name of the stack
   */
  readonly deployment?: string
  /**
   * A rate starts at once; a cron expression waits for its time.
   *
   * @default - every twelve hours; every six hours or every hour for profiles with shorter lifetimes
   */
  readonly schedule?: ScheduleExpression
  /**
   * The topic that receives the alarms.
   *
   * @default - a new topic
   */
  readonly alarmTopic?: ITopic
  /** Addresses that receive the alarms by e-mail, through a new topic. Each has to confirm once. */
  readonly alarmEmails?: readonly string[]
  /** @default RetentionDays.SIX_MONTHS */
  readonly logRetention?: RetentionDays
  /**
   * In MiB.
   *
   * @default 512
   */
  readonly memorySize?: number
  /**
   * At least 10 minutes: a run waits for Route53, the CA and IAM, and one that is killed reports nothing.
   *
   * @default Duration.minutes(15)
   */
  readonly timeout?: Duration
  /**
   * Reserved concurrent executions. An account must keep 100 unreserved ones, so small accounts cannot use it.
   *
   * @default - none reserved
   */
  readonly reservedConcurrency?: number
  /** @default false */
  readonly dashboard?: boolean
}
