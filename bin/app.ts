/** The CDK app: `npx cdk deploy -c config=FILE -c alarmEmail=ADDRESS`. */
import { fileURLToPath } from 'node:url'
import { Annotations, App, CfnOutput, CfnParameter, Stack } from 'aws-cdk-lib'
import { DEFAULTS } from '../lambda/domain/defaults.ts'
import { asRotationError, RotationError } from '../lambda/domain/rotation-error.ts'
import { CertificateRotation, type CertificateRotationProps } from '../lib/index.ts'
import { errorText } from './error-text.ts'
import { EXIT_USAGE } from './io.ts'

const EXAMPLE = fileURLToPath(new URL('../examples/letsencrypt-aws.json', import.meta.url))

// with automatic synthesis, a template would be written even after an error
const app = new App({ autoSynth: false })
const problems: string[] = []
try {
  const config = contextText('config')
  const dashboard = contextFlag('dashboard')
  const alarmEmails = contextText('alarmEmail')
    ?.split(',')
    .map((address) => address.trim())
  // the deployment has the name of its stack, which is by default the command line's default
  const stack = new Stack(app, 'ElbCertRotator', { stackName: stackName() })
  if (config === undefined) showExampleOnly(stack)
  construct(stack, { config: config ?? EXAMPLE, ...(alarmEmails ? { alarmEmails } : {}), dashboard })
  app.synth()
} catch (thrown) {
  process.stderr.write(errorText(asRotationError(thrown)))
  process.exitCode = EXIT_USAGE
}

/** Problems of the `-c` options and of what they name are reported together. */
function construct(stack: Stack, props: CertificateRotationProps): void {
  try {
    new CertificateRotation(stack, 'Rotation', props)
  } catch (thrown) {
    if (problems.length === 0 || !(thrown instanceof RotationError)) throw thrown
    const [first = '', ...lines] = thrown.message.split('\n')
    // the list of the props follows the list of the options
    problems.push(
      ...(thrown.code === 'synth/invalid-prop' ? [] : [first]),
      ...lines.map((line) => line.slice(2)),
    )
  }
  if (problems.length > 0) throw new RotationError('synth/invalid-prop', problems.join('\n  '))
}

/** @see https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html */
function stackName(): string {
  const name = contextText('deployment') ?? DEFAULTS.deployment
  if (/^[A-Za-z][A-Za-z0-9-]{0,127}$/.test(name)) return name
  refuse('deployment', name, 'letters, digits and hyphens, at most 128, a letter first')
  return DEFAULTS.deployment
}

/** Without a configuration an example is synthesised. A parameter without a value keeps it from being deployed. */
function showExampleOnly(stack: Stack): void {
  const text =
    'no configuration is given: this is an example, and cannot be deployed. Give yours with -c config=FILE'
  Annotations.of(stack).addWarningV2('elb-cert-rotator:example', text)
  const parameter = new CfnParameter(stack, 'NameYourConfigurationByContext', { description: text })
  new CfnOutput(stack, 'Configuration', { value: parameter.valueAsString })
}

function contextText(key: string): string | undefined {
  const value: unknown = app.node.tryGetContext(key)
  if (value === undefined || (typeof value === 'string' && value !== '')) return value
  refuse(key, value, 'text')
  return undefined
}

function contextFlag(key: string): boolean {
  const value: unknown = app.node.tryGetContext(key) ?? false
  if (value !== 'true' && value !== true && value !== 'false' && value !== false)
    refuse(key, value, 'true or false')
  return value === 'true' || value === true
}

function refuse(key: string, found: unknown, expected: string): void {
  problems.push(`-c ${key}: found ${JSON.stringify(found)}, expected ${expected}`)
}
