/** The secret that ties a new account with the CA to one that was made outside of ACME, in one SSM parameter. */
import { GetParameterCommand, type SSMClient } from '@aws-sdk/client-ssm'
import { awsCall, isNamed } from '../aws-call.ts'
import type { ExternalAccountPlace } from '../config/parse.ts'
import { RotationError } from '../errors.ts'
import type { ExternalAccount } from '../ports.ts'

/** @throws RotationError account/external-missing; nothing of what is there is in it */
export function ssmExternalAccount(
  client: SSMClient,
  { keyId, parameter }: ExternalAccountPlace,
): () => Promise<ExternalAccount> {
  return async () => {
    const command = new GetParameterCommand({ Name: parameter, WithDecryption: true })
    const value = await awsCall('ssm:GetParameter', parameter, async () => {
      try {
        return (await client.send(command)).Parameter?.Value ?? ''
      } catch (error) {
        if (error instanceof Error && isNamed(error, 'ParameterNotFound')) return null
        throw error
      }
    })
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
