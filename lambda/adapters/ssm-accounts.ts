/** The account with the CA, in one SSM parameter. */
import { createPrivateKey } from 'node:crypto'
import { GetParameterCommand, PutParameterCommand, type SSMClient } from '@aws-sdk/client-ssm'
import * as z from 'zod'
import { awsCall, isNamed } from '../aws-call.ts'
import { RotationError } from '../errors.ts'
import type { AccountRecord, AccountStore } from '../ports.ts'

const shape = z.object({ version: z.literal(1), key: z.string(), url: z.url() })

/** @param name the parameter; one for each CA and deployment */
export function ssmAccounts(client: SSMClient, name: string): AccountStore {
  async function load(): Promise<AccountRecord | null> {
    const command = new GetParameterCommand({ Name: name, WithDecryption: true })
    const value = await awsCall('ssm:GetParameter', name, async () => {
      try {
        return (await client.send(command)).Parameter?.Value ?? ''
      } catch (error) {
        if (error instanceof Error && isNamed(error, 'ParameterNotFound')) return null
        throw error
      }
    })
    return value === null ? null : parse(value, name)
  }

  return {
    load,
    async save(record) {
      const command = new PutParameterCommand({
        Name: name,
        Type: 'SecureString',
        Overwrite: false,
        Value: JSON.stringify({ version: 1, key: record.key, url: record.url }),
      })
      const isFirst = await awsCall('ssm:PutParameter', name, async () => {
        try {
          await client.send(command)
          return true
        } catch (error) {
          if (error instanceof Error && isNamed(error, 'ParameterAlreadyExists')) return false
          throw error
        }
      })
      return isFirst ? record : ((await load()) ?? record)
    },
  }
}

/** Nothing of the value is in the error: it holds a private key. */
function parse(value: string, name: string): AccountRecord {
  try {
    const { key, url } = shape.parse(JSON.parse(value))
    createPrivateKey(key)
    return { key, url }
  } catch {
    throw new RotationError(
      'account/unreadable',
      `the SSM parameter ${name} holds no account key of version 1, and is not overwritten`,
      { parameter: name },
    )
  }
}
