/** The CDK app: `npx cdk synth -c config=certificates.json`. */
import { App, Stack } from 'aws-cdk-lib'
import { asRotationError, RotationError } from '../lambda/errors.ts'
import { CertificateRotation } from '../lib/certificate-rotation.ts'
import { EXIT_USAGE } from './io.ts'

const app = new App()
try {
  const config: unknown = app.node.tryGetContext('config')
  if (typeof config !== 'string')
    throw new RotationError('config/unreadable', 'no configuration is named: -c config=FILE is missing')
  const stack = new Stack(app, 'ElbCertRotator')
  new CertificateRotation(stack, 'Rotation', { config })
} catch (thrown) {
  process.stderr.write(`${asRotationError(thrown).toText()}\n`)
  process.exitCode = EXIT_USAGE
}
