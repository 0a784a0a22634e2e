/** Everything that can be known to be wrong at synth time, refused before anything is made. */
import { Stack, Token } from 'aws-cdk-lib'
import type { Construct } from 'constructs'
import type { ParsedConfig } from '../lambda/config/parse.ts'
import { RotationError } from '../lambda/domain/errors.ts'
import { checkConfig, loadConfig } from './config-file.ts'
import { invalidProps, problemsOf } from './prop-problems.ts'
import type { CertificateRotationProps } from './props.ts'
import { type Rhythm, rhythmOf } from './schedule.ts'

export interface Valid extends ParsedConfig {
  readonly deployment: string
  readonly rhythm: Rhythm
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
  const rhythm = isRefused('schedule') ? null : rhythmOf(parsed?.config ?? null, props.schedule)
  if (rhythm && 'found' in rhythm) problems.push({ prop: 'schedule', ...rhythm })
  if (problems.length > 0 || !parsed || !rhythm || 'found' in rhythm)
    throw problems.length === 0 && fault ? fault : invalidProps(problems, fault)
  return { ...parsed, deployment, rhythm }
}

function attempt<T>(work: () => T): T | RotationError {
  try {
    return work()
  } catch (thrown) {
    if (thrown instanceof RotationError) return thrown
    throw thrown
  }
}

function readConfig(config: string | object): ParsedConfig {
  return typeof config === 'string' ? loadConfig(config) : fromObject(config)
}

/** A token would be packed as text that nothing ever resolves. */
function fromObject(config: object): ParsedConfig {
  const tokens = tokensIn(config, '')
  if (tokens.length > 0)
    throw new RotationError(
      'config/invalid',
      `the configuration holds values that are only known when the stack is deployed:\n  ${tokens.map((path) => `${path}: found a token, expected a plain value`).join('\n  ')}`,
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
