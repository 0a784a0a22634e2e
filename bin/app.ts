/** The CDK app: `npx cdk deploy -c config=FILE -c alarmEmail=ADDRESS`. */
import { App, Stack } from 'aws-cdk-lib'
import { DEFAULTS } from '../lambda/defaults.ts'
import { asRotationError, RotationError } from '../lambda/errors.ts'
import { CertificateRotation } from '../lib/certificate-rotation.ts'
import { errorText } from './error-text.ts'
import { EXIT_USAGE } from './io.ts'

// by itself it would also write what there is after an error
const app = new App({ autoSynth: false })
try {
  const config = contextText('config')
  if (config === undefined)
    throw new RotationError(
      'synth/invalid-prop',
      'no configuration is named, looked for -c config=FILE, as in -c config=examples/two-load-balancers.json',
    )
  const alarmEmails = contextText('alarmEmail')
    ?.split(',')
    .map((address) => address.trim())
  // the deployment is called as its stack, and by default as the command line calls it
  const stack = new Stack(app, 'ElbCertRotator', { stackName: stackName() })
  new CertificateRotation(stack, 'Rotation', {
    config,
    ...(alarmEmails ? { alarmEmails } : {}),
    dashboard: contextFlag('dashboard'),
  })
  app.synth()
} catch (thrown) {
  process.stderr.write(errorText(asRotationError(thrown)))
  process.exitCode = EXIT_USAGE
}

function contextText(key: string): string | undefined {
  const value: unknown = app.node.tryGetContext(key)
  if (value === undefined || (typeof value === 'string' && value !== '')) return value
  throw new RotationError('synth/invalid-prop', `-c ${key}=${JSON.stringify(value)}: expected text`)
}

function contextFlag(key: string): boolean {
  const value: unknown = app.node.tryGetContext(key) ?? false
  if (value === 'true' || value === true) return true
  if (value === 'false' || value === false) return false
  throw new RotationError('synth/invalid-prop', `-c ${key}=${JSON.stringify(value)}: expected true or false`)
}

/** @see https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html */
function stackName(): string {
  const name = contextText('deployment') ?? DEFAULTS.deployment
  if (/^[A-Za-z][A-Za-z0-9-]{0,127}$/.test(name)) return name
  throw new RotationError(
    'synth/invalid-prop',
    `-c deployment=${JSON.stringify(name)}: expected letters, digits and hyphens, at most 128, a letter first`,
  )
}
