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
  if ('fault' in rhythm) {
    const [found = '', expected = ''] = rhythm.fault.split(/(?:; |, )expected /)
    throw invalidProps([{ prop: 'schedule', found, expected }])
  }
  return { ...parsed, deployment, rhythm }
}

/**
 * In one app, as far as it can be seen: stacks whose account or region is not known yet may meet in one.
 *
 * @throws RotationError synth/duplicate-deployment
 */
export function refuseDuplicates<C extends Construct & { readonly deployment: string }>(
  self: C,
  deployment: string,
  // biome-ignore lint/suspicious/noExplicitAny: the type of any constructor
  kind: abstract new (...args: any[]) => C,
): void {
  const mine = Stack.of(self)
  for (const other of self.node.root.node.findAll()) {
    if (!(other instanceof kind) || other === self || other.deployment !== deployment) continue
    const theirs = Stack.of(other)
    if (differ(mine.account, theirs.account) || differ(mine.region, theirs.region)) continue
    const what = `the deployment ${JSON.stringify(deployment)} is there twice: ${other.node.path} and ${self.node.path}`
    throw new RotationError('synth/duplicate-deployment', what)
  }
}

function differ(a: string, b: string): boolean {
  return !Token.isUnresolved(a) && !Token.isUnresolved(b) && a !== b
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
