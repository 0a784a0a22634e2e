/** The CDK app: `npx cdk deploy -c config=FILE -c alarmEmail=ADDRESS`. */
import { fileURLToPath } from 'node:url'
import { Annotations, App, CfnOutput, CfnParameter, Stack } from 'aws-cdk-lib'
import { DEFAULTS } from '../lambda/defaults.ts'
import { asRotationError, RotationError } from '../lambda/errors.ts'
import { CertificateRotation } from '../lib/certificate-rotation.ts'
import { errorText } from './error-text.ts'
import { EXIT_USAGE } from './io.ts'

const EXAMPLE = fileURLToPath(new URL('../examples/letsencrypt-aws.json', import.meta.url))

// by itself it would also write what there is after an error
const app = new App({ autoSynth: false })
const problems: string[] = []
try {
  const config = contextText('config')
  const stackName = contextText('deployment') ?? DEFAULTS.deployment
  // @see https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html
  if (!/^[A-Za-z][A-Za-z0-9-]{0,127}$/.test(stackName))
    refuse('deployment', stackName, 'letters, digits and hyphens, at most 128, a letter first')
  const dashboard = contextFlag('dashboard')
  const alarmEmails = contextText('alarmEmail')
    ?.split(',')
    .map((address) => address.trim())
  if (problems.length > 0) throw new RotationError('synth/invalid-prop', problems.join('\n  '))

  // the deployment is called as its stack, and by default as the command line calls it
  const stack = new Stack(app, 'ElbCertRotator', { stackName })
  if (config === undefined) showExampleOnly(stack)
  new CertificateRotation(stack, 'Rotation', {
    config: config ?? EXAMPLE,
    ...(alarmEmails ? { alarmEmails } : {}),
    dashboard,
  })
  app.synth()
} catch (thrown) {
  process.stderr.write(errorText(asRotationError(thrown)))
  process.exitCode = EXIT_USAGE
}

/** Without a configuration there is something to look at. A parameter that has no value keeps it from being deployed. */
function showExampleOnly(stack: Stack): void {
  const text =
    'no configuration is named: this is an example, and cannot be deployed. Name yours: -c config=FILE'
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
