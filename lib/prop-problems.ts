/** What is wrong with the props: each with what was found and what is expected. Types are checked too, because not every app uses TypeScript. */
import { Token } from 'aws-cdk-lib'
import { RetentionDays } from 'aws-cdk-lib/aws-logs'
import { nearest } from '../lambda/config/problems.ts'
import { DEPLOYMENT_NAME } from '../lambda/domain/names.ts'
import { RotationError } from '../lambda/domain/rotation-error.ts'
import type { CertificateRotationProps } from './props.ts'

/** Each once: a type cannot be listed. */
const ALL: Readonly<Record<keyof CertificateRotationProps, true>> = {
  config: true,
  deployment: true,
  schedule: true,
  alarmTopic: true,
  alarmEmails: true,
  logRetention: true,
  memorySize: true,
  timeout: true,
  reservedConcurrency: true,
  dashboard: true,
}
const PROPS = Object.keys(ALL)

function expectedProp(prop: string): string {
  const near = nearest(prop, PROPS)
  return near ? `${near} (did you mean that?)` : `one of ${PROPS.join(', ')}`
}

/** A prop that is wrong: what was found, and what is expected. */
export interface PropProblem {
  readonly prop: string
  readonly found: string
  readonly expected: string
}

/**
 * @param deployment the prop's value, or its default
 * @param region of the stack, maybe a token
 */
export function problemsOf(
  props: CertificateRotationProps,
  deployment: string,
  region: string,
): PropProblem[] {
  const problems: PropProblem[] = []
  const refuse = (prop: keyof CertificateRotationProps, found: string, expected: string) =>
    void problems.push({ prop, found, expected })
  for (const prop of Object.keys(props).filter((key) => !PROPS.includes(key)))
    problems.push({ prop, found: 'an unknown prop', expected: expectedProp(prop) })
  if (!isConfig(props.config))
    refuse('config', describe(props.config), 'a path, or the configuration as an object or a list')
  if (Token.isUnresolved(deployment))
    refuse('deployment', describe(deployment), 'a name that is known at synth time, for example "shop"')
  else if (typeof deployment !== 'string' || !DEPLOYMENT_NAME.pattern.test(deployment))
    refuse('deployment', describe(deployment), DEPLOYMENT_NAME.means)
  refuseSchedule(props.schedule)
  refuseReceivers(props)
  numberIn('memorySize', props.memorySize, 256, 10_240, 'MiB')
  numberIn('reservedConcurrency', props.reservedConcurrency, 1, 1_000, 'runs')
  refuseTimeout(props.timeout)
  if (props.dashboard !== undefined && typeof props.dashboard !== 'boolean')
    refuse('dashboard', describe(props.dashboard), 'true or false')
  if (props.logRetention !== undefined && RetentionDays[props.logRetention] === undefined)
    refuse('logRetention', describe(props.logRetention), 'a value of RetentionDays')
  return problems

  function refuseTimeout(timeout: CertificateRotationProps['timeout']): void {
    if (timeout === undefined) return
    if (typeof timeout?.toSeconds !== 'function')
      refuse('timeout', describe(timeout), 'a Duration, for example Duration.minutes(15)')
    else if (timeout.isUnresolved()) refuse('timeout', 'a token', 'a duration that is known at synth time')
    else numberIn('timeout', timeout.toSeconds({ integral: false }), 600, 900, 'seconds')
  }

  function refuseSchedule(schedule: CertificateRotationProps['schedule']): void {
    if (schedule === undefined) return
    const { expressionString, timeZone } = schedule ?? {}
    if (typeof expressionString !== 'string')
      refuse(
        'schedule',
        describe(schedule),
        'a ScheduleExpression, for example ScheduleExpression.rate(Duration.days(1))',
      )
    else if (Token.isUnresolved(expressionString) || Token.isUnresolved(timeZone?.timezoneName))
      refuse('schedule', 'a token', 'an expression and a time zone that are known at synth time')
  }

  function refuseReceivers({ alarmTopic, alarmEmails }: CertificateRotationProps): void {
    const topicRegion = alarmTopic?.env?.region ?? region
    if (alarmTopic !== undefined && typeof alarmTopic?.topicArn !== 'string')
      refuse('alarmTopic', describe(alarmTopic), 'an ITopic, for example Topic.fromTopicArn(…)')
    if (!Token.isUnresolved(topicRegion) && !Token.isUnresolved(region) && topicRegion !== region)
      refuse('alarmTopic', `a topic in ${topicRegion}`, `a topic in ${region}, where the alarms are`)
    if (alarmTopic && alarmEmails) refuse('alarmEmails', 'both alarmEmails and alarmTopic', 'one of them')
    if (alarmEmails !== undefined) refuseEmails(alarmEmails)
  }

  function refuseEmails(emails: readonly string[]): void {
    if (Token.isUnresolved(emails))
      refuse('alarmEmails', describe(emails), 'addresses that are known at synth time')
    else if (!Array.isArray(emails) || emails.length === 0)
      refuse('alarmEmails', describe(emails), 'a list of at least one address')
    else
      for (const [at, address] of emails.entries())
        if (Token.isUnresolved(address) || !/^[^\s@]+@[^\s@]+$/.test(address))
          refuse('alarmEmails', describe(address), 'an e-mail address')
        else if (emails.indexOf(address) < at)
          refuse('alarmEmails', `${describe(address)} twice`, 'each address once')
  }

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

function isConfig(config: unknown): boolean {
  if (Token.isUnresolved(config)) return false
  return typeof config === 'string' || (typeof config === 'object' && config !== null && isJson(config))
}

function isJson(value: object): boolean {
  try {
    JSON.stringify(value)
    return true
  } catch {
    return false
  }
}

/** @param config what is wrong with the configuration, reported with the rest; `null` when nothing is */
export function invalidProps(problems: readonly PropProblem[], config: RotationError | null): RotationError {
  const lines = problems.map(({ prop, found, expected }) => `${prop}: found ${found}, expected ${expected}`)
  if (config) lines.push(`config: ${config.message.replaceAll('\n', '\n  ')} (${config.code})`)
  const count = lines.length === 1 ? '1 problem' : `${lines.length} problems`
  return new RotationError('synth/invalid-prop', `the props have ${count}:\n  ${lines.join('\n  ')}`)
}

function describe(value: unknown): string {
  if (Token.isUnresolved(value)) return 'a token, whose value is only known when the stack is deployed'
  if (typeof value === 'object' && value !== null && !isJson(value)) return 'a value that is not valid JSON'
  return JSON.stringify(value) ?? String(value)
}
