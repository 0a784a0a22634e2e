/** Everything that can be found wrong at synth time is refused before anything is made. */
import { Stack, Token } from 'aws-cdk-lib'
import type { Construct } from 'constructs'
import type { ParsedConfig } from '../lambda/config/parse.ts'
import { RotationError, rotationErrorOrThrow } from '../lambda/domain/rotation-error.ts'
import { checkConfig, loadConfig } from './config-file.ts'
import { invalidProps, problemsOf } from './prop-problems.ts'
import type { CertificateRotationProps } from './props.ts'
import { type RunSchedule, scheduleFor } from './schedule.ts'

export interface Valid extends ParsedConfig {
  readonly deployment: string
  readonly schedule: RunSchedule
}

/**
 * Props, schedule and configuration are all looked at before anything is refused.
 *
 * @throws RotationError synth/invalid-prop with one line a problem; config/* where nothing but the configuration is wrong
 */
export function validate(scope: Construct, given: CertificateRotationProps | undefined): Valid {
  const props = given ?? ({} as CertificateRotationProps)
  const { stackName, region } = Stack.of(scope)
  const deployment = props.deployment ?? stackName
  const problems = problemsOf(props, deployment, region)
  const isRefused = (prop: string) => problems.some((problem) => problem.prop === prop)
  const read = isRefused('config') ? null : attempt(() => readConfig(props.config))
  const [parsed, fault] = read instanceof RotationError ? [null, read] : [read, null]
  const schedule = isRefused('schedule') ? null : scheduleFor(parsed?.config ?? null, props.schedule)
  if (schedule && 'found' in schedule) problems.push({ prop: 'schedule', ...schedule })
  if (problems.length > 0 || !parsed || !schedule || 'found' in schedule)
    throw problems.length === 0 && fault ? fault : invalidProps(problems, fault)
  return { ...parsed, deployment, schedule }
}

function attempt<T>(work: () => T): T | RotationError {
  try {
    return work()
  } catch (thrown) {
    return rotationErrorOrThrow(thrown)
  }
}

function readConfig(config: string | object): ParsedConfig {
  return typeof config === 'string' ? loadConfig(config) : fromObject(config)
}

/** A token would be packed as text that is never resolved. */
function fromObject(config: object): ParsedConfig {
  const tokens = tokensIn(config, '')
  if (tokens.length > 0)
    throw new RotationError(
      'config/invalid',
      `the configuration contains values that are known only when the stack is deployed:\n  ${tokens.map((path) => `${path}: found a token, expected a plain value`).join('\n  ')}`,
    )
  return checkConfig(config)
}

function tokensIn(value: unknown, path: string): string[] {
  if (Token.isUnresolved(value)) return [path === '' ? 'the configuration' : path]
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) => {
    if (Token.isUnresolved(key)) return [`${path === '' ? 'the configuration' : path}, as a key`]
    const step = Array.isArray(value) ? `[${key}]` : path === '' ? key : `.${key}`
    return tokensIn(inner, `${path}${step}`)
  })
}
