/** Everything that can be known to be wrong at synth time, refused before anything is made. */
import { Stack, Token } from 'aws-cdk-lib'
import type { Construct } from 'constructs'
import type { ParsedConfig } from '../lambda/config/parse.ts'
import { RotationError } from '../lambda/errors.ts'
import { checkConfig, loadConfig } from './config-file.ts'
import { type CertificateRotationProps, invalidProps, problemsOf } from './props.ts'
import { type Rhythm, rhythmOf } from './schedule.ts'

export interface Valid extends ParsedConfig {
  readonly deployment: string
  readonly rhythm: Rhythm
}

/** @throws RotationError config/*, synth/invalid-prop with one line a problem */
export function validate(scope: Construct, props: CertificateRotationProps): Valid {
  const deployment = props.deployment ?? Stack.of(scope).stackName
  const problems = problemsOf(props, deployment)
  if (problems.length > 0) throw invalidProps(problems)
  const parsed = typeof props.config === 'string' ? loadConfig(props.config) : fromObject(props.config)
  const rhythm = rhythmOf(parsed.config, props.schedule)
  if ('found' in rhythm) throw invalidProps([{ prop: 'schedule', ...rhythm }])
  return { ...parsed, deployment, rhythm }
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
    const step = Array.isArray(value) ? `[${key}]` : path === '' ? key : `.${key}`
    return tokensIn(inner, `${path}${step}`)
  })
}
