/** The secret that binds a new account to an existing customer of the CA, in one SSM parameter. */
import type { SSMClient } from '@aws-sdk/client-ssm'
import type { ExternalAccountParameter } from '../domain/config.ts'
import { RotationError } from '../domain/rotation-error.ts'
import type { ExternalAccount } from '../ports.ts'
import { getOrNull } from './ssm-parameter.ts'

/** @throws RotationError account/external-missing, with nothing of the value in it */
export function ssmExternalAccount(
  client: SSMClient,
  { keyId, parameter }: ExternalAccountParameter,
): () => Promise<ExternalAccount> {
  return async () => {
    const value = await getOrNull(client, parameter)
    if (value === null) throw missing(`there is no SSM parameter ${parameter}`)
    const hmacKey = value.trim().replace(/=+$/, '')
    if (!/^[A-Za-z0-9_-]{16,}$/.test(hmacKey))
      throw missing(`the SSM parameter ${parameter} holds no HMAC key in base64url`)
    return { keyId, hmacKey }
  }
}

function missing(what: string): RotationError {
  return new RotationError('account/external-missing', what)
}
