import { Duration, Stack } from 'aws-cdk-lib'
import { Architecture, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda'
import { Construct } from 'constructs'
import { ENV } from '../lambda/env.ts'
import { loadConfig } from './config-file.ts'
import { functionCode } from './function-code.ts'

export interface CertificateRotationProps {
  /** Path of the configuration file. It is checked, and packed with the function. */
  readonly config: string
  /**
   * Under which name certificates are kept. Two in one account and region must differ.
   *
   * @default - the name of the stack
   */
  readonly deployment?: string
}

/** The function that rotates the certificates of one configuration file. */
export class CertificateRotation extends Construct {
  readonly function: LambdaFunction

  constructor(scope: Construct, id: string, props: CertificateRotationProps) {
    super(scope, id)
    const { config } = loadConfig(props.config)
    this.function = new LambdaFunction(this, 'Function', {
      code: functionCode(config),
      handler: 'handler.handler',
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      memorySize: 512,
      timeout: Duration.minutes(15),
      environment: { [ENV.deployment]: props.deployment ?? Stack.of(this).stackName },
    })
  }
}
