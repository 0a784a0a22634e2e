/** Translates AWS's errors. Every adapter calls through here, and adds the error names that only it knows. */
import type { ErrorCode } from '../domain/errors.ts'
import { RotationError } from '../domain/rotation-error.ts'

/** What the SDK throws, as far as it is used here. */
export interface AwsError extends Error {
  readonly Code?: string
  readonly code?: string
  readonly $metadata?: { readonly httpStatusCode?: number; readonly attempts?: number }
}

const BY_NAME: Readonly<Record<string, ErrorCode>> = {
  AccessDenied: 'aws/access-denied',
  AccessDeniedException: 'aws/access-denied',
  UnauthorizedOperation: 'aws/access-denied',
  CredentialsProviderError: 'aws/credentials',
  ExpiredToken: 'aws/credentials',
  ExpiredTokenException: 'aws/credentials',
  InvalidClientTokenId: 'aws/credentials',
  UnrecognizedClientException: 'aws/credentials',
  SignatureDoesNotMatch: 'aws/credentials',
  InvalidSignatureException: 'aws/credentials',
  Throttling: 'aws/throttled',
  ThrottlingException: 'aws/throttled',
  TooManyRequestsException: 'aws/throttled',
  RequestLimitExceeded: 'aws/throttled',
  ProvisionedThroughputExceededException: 'aws/throttled',
  PriorRequestNotComplete: 'aws/throttled',
}

/**
 * Call AWS, and translate its errors.
 *
 * @param action the IAM action of the call, as in `route53:GetChange`: it is named in every message
 * @param resource what the call is about, for the message
 * @throws RotationError for every error of AWS: each has a code
 */
export async function awsCall<T>(
  action: string,
  resource: string,
  call: () => Promise<T>,
  known: (error: AwsError) => RotationError | null = () => null,
): Promise<T> {
  try {
    return await call()
  } catch (thrown) {
    if (!(thrown instanceof Error)) throw thrown
    throw known(thrown) ?? translate(action, resource, thrown)
  }
}

/** Both spellings: the SDK's class name and the code on the wire. */
export function isNamed(error: AwsError, ...names: readonly string[]): boolean {
  return names.some((name) => error.name === name || error.name === `${name}Exception` || error.Code === name)
}

function translate(action: string, resource: string, error: AwsError): RotationError {
  if (error instanceof RotationError) return error
  const code = BY_NAME[error.name] ?? BY_NAME[error.Code ?? ''] ?? codeByStatus(error)
  const what = `${action} on ${resource} ${VERB[code] ?? 'was refused'}: ${textOf(error)}`
  return new RotationError(code, what, { action, resource, awsError: error.name }, { cause: error })
}

const VERB: Partial<Record<ErrorCode, string>> = {
  'aws/access-denied': 'is denied',
  'aws/credentials': 'has no valid credentials',
  'aws/throttled': 'was throttled too often',
  'aws/unreachable': 'got no answer',
  'aws/unavailable': 'failed in the service',
}

/** Its name, code and message, each once. */
function textOf({ name, code, message }: AwsError): string {
  const known = [name, code].filter((word) => word && word !== 'Error' && !message.includes(word))
  return [...known, message].join(': ')
}

/** An error without a status never got an answer: a name that does not resolve, a reset, a time-out, TLS. */
function codeByStatus({ $metadata }: AwsError): ErrorCode {
  const status = $metadata?.httpStatusCode
  if (status === undefined) return 'aws/unreachable'
  return status >= 500 ? 'aws/unavailable' : 'aws/refused'
}
