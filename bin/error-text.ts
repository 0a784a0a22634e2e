/** An error as the command line and the CDK app print it. */
import type { RotationError } from '../lambda/domain/rotation-error.ts'
import { PRODUCT } from '../lambda/domain/version.ts'

/** What happened and the way out; a stack trace only for a bug of ours. */
export function errorText(error: RotationError): string {
  const lines = error.toText().split('\n')
  const trace =
    error.code === 'bug/unexpected' && error.cause instanceof Error ? `${error.cause.stack}\n` : ''
  return `${PRODUCT}: error: ${lines.slice(0, -1).join('\n')}\n${PRODUCT}: ${lines.at(-1)}\n${trace}`
}
