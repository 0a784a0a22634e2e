/** What a team may say to the construct, and what is wrong with it. */
import { type Duration, Token } from 'aws-cdk-lib'
import type { RetentionDays } from 'aws-cdk-lib/aws-logs'
import type { ScheduleExpression } from 'aws-cdk-lib/aws-scheduler'
import type { ITopic } from 'aws-cdk-lib/aws-sns'
import { RotationError } from '../lambda/errors.ts'
import { DEPLOYMENT_NAME } from '../lambda/names.ts'

export interface CertificateRotationProps {
  /** Path of the configuration file, or the configuration itself. It is checked, and packed with the function. */
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
   * @default - every day; every six hours or every hour where a profile of the configuration lives shorter
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
   * @default 1024
   */
  readonly memorySize?: number
  /** @default Duration.minutes(15) */
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

/** A prop that is wrong: what was found, and what is expected. */
export interface PropProblem {
  readonly prop: string
  readonly found: string
  readonly expected: string
}

/** @param deployment the prop's value, or its default */
export function problemsOf(props: CertificateRotationProps, deployment: string): PropProblem[] {
  const problems: PropProblem[] = []
  const refuse = (prop: keyof CertificateRotationProps, found: string, expected: string) =>
    void problems.push({ prop, found, expected })
  const { config } = props
  if (Token.isUnresolved(config) || !(typeof config === 'string' || (typeof config === 'object' && config)))
    refuse('config', describe(config), 'a path, or the configuration itself as an object or a list')
  if (Token.isUnresolved(deployment))
    refuse('deployment', describe(deployment), 'a name that is known at synth time, as in "shop"')
  else if (!DEPLOYMENT_NAME.pattern.test(deployment))
    refuse('deployment', describe(deployment), DEPLOYMENT_NAME.means)
  if (Token.isUnresolved(props.schedule?.expressionString))
    refuse('schedule', 'a token', 'an expression that is known at synth time')
  if (props.alarmTopic && props.alarmEmails)
    refuse('alarmEmails', 'both alarmEmails and alarmTopic', 'one of them')
  if (props.alarmEmails?.length === 0) refuse('alarmEmails', 'an empty list', 'at least one address')
  for (const address of props.alarmEmails ?? [])
    if (Token.isUnresolved(address) || !/^[^\s@]+@[^\s@]+$/.test(address))
      refuse('alarmEmails', describe(address), 'an e-mail address')
  numberIn('memorySize', props.memorySize, 256, 10_240, 'MiB')
  numberIn('reservedConcurrency', props.reservedConcurrency, 1, 1_000, 'runs')
  if (props.timeout?.isUnresolved()) refuse('timeout', 'a token', 'a duration that is known at synth time')
  else numberIn('timeout', props.timeout?.toSeconds({ integral: false }), 120, 900, 'seconds')
  return problems

  function numberIn(
    prop: keyof CertificateRotationProps,
    value: number | undefined,
    least: number,
    most: number,
    unit: string,
  ): void {
    if (value === undefined || (Number.isInteger(value) && value >= least && value <= most)) return
    refuse(prop, describe(value), `a whole number of ${unit} from ${least} to ${most}`)
  }
}

export function invalidProps(problems: readonly PropProblem[]): RotationError {
  const lines = problems.map(({ prop, found, expected }) => `${prop}: found ${found}, expected ${expected}`)
  const count = lines.length === 1 ? '1 problem' : `${lines.length} problems`
  return new RotationError('synth/invalid-prop', `the props have ${count}:\n  ${lines.join('\n  ')}`)
}

function describe(value: unknown): string {
  if (Token.isUnresolved(value)) return 'a token, which is only known when the stack is deployed'
  return JSON.stringify(value) ?? String(value)
}
