/** What a team may say to the construct. */
import type { Duration } from 'aws-cdk-lib'
import type { RetentionDays } from 'aws-cdk-lib/aws-logs'
import type { ScheduleExpression } from 'aws-cdk-lib/aws-scheduler'
import type { ITopic } from 'aws-cdk-lib/aws-sns'

export interface CertificateRotationProps {
  /**
   * Path of the configuration file, from the working directory, or the configuration itself. It is checked, and packed
   * with the function.
   */
  readonly config: string | object
  /**
   * Under which name certificates are kept. Two in one account and region must differ.
   *
   * @default - the name of the stack
   */
  readonly deployment?: string
  /**
   * A rate begins at once; a cron expression waits for its hour.
   *
   * @default - every twelve hours; every six hours or every hour where a profile of the configuration lives shorter
   */
  readonly schedule?: ScheduleExpression
  /**
   * Where alarms are sent.
   *
   * @default - a topic of its own
   */
  readonly alarmTopic?: ITopic
  /** Who gets the alarms by e-mail, through a topic of its own. Each address has to confirm once. */
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
   * From 10 minutes on: a run waits minutes for Route53, the CA and IAM, and one that is killed says nothing.
   *
   * @default Duration.minutes(15)
   */
  readonly timeout?: Duration
  /**
   * Runs at the same time. An account needs 100 unreserved ones, so that small accounts cannot deploy it.
   *
   * @default - none reserved
   */
  readonly reservedConcurrency?: number
  /** @default false */
  readonly dashboard?: boolean
}
