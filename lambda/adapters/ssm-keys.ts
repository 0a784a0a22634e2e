/** Private keys of orders in flight, one SSM parameter each, from before finalize until the certificate is stored. */
import { createPrivateKey, type KeyObject } from 'node:crypto'
import {
  DeleteParameterCommand,
  GetParameterCommand,
  PutParameterCommand,
  type SSMClient,
} from '@aws-sdk/client-ssm'
import * as z from 'zod'
import { awsCall, isNamed } from '../aws-call.ts'
import { RotationError } from '../errors.ts'
import type { KeyStore } from '../ports.ts'

const shape = z.object({ version: z.literal(1), key: z.string() })

export function ssmKeys(client: SSMClient): KeyStore {
  async function load(name: string): Promise<KeyObject | null> {
    const command = new GetParameterCommand({ Name: name, WithDecryption: true })
    const read = () => client.send(command).then(({ Parameter }) => Parameter?.Value ?? '')
    const value = await awsCall('ssm:GetParameter', name, () => unless('ParameterNotFound', read(), null))
    return value === null ? null : parse(value, name)
  }

  return {
    load,

    async save(name, key) {
      const pem = key.export({ type: 'pkcs8', format: 'pem' })
      const command = new PutParameterCommand({
        Name: name,
        Type: 'SecureString',
        Overwrite: false,
        Value: JSON.stringify({ version: 1, key: pem }),
      })
      const put = () => client.send(command).then(() => true)
      const isFirst = await awsCall('ssm:PutParameter', name, () =>
        unless('ParameterAlreadyExists', put(), false),
      )
      return isFirst ? key : ((await load(name)) ?? key)
    },

    async remove(name) {
      const command = new DeleteParameterCommand({ Name: name })
      const remove = () => client.send(command).then(() => undefined)
      await awsCall('ssm:DeleteParameter', name, () => unless('ParameterNotFound', remove(), undefined))
    },
  }
}

/** An answer that SSM gives as an error. */
async function unless<T>(name: string, answer: Promise<T>, then: T): Promise<T> {
  try {
    return await answer
  } catch (error) {
    if (error instanceof Error && isNamed(error, name)) return then
    throw error
  }
}

/** Nothing of the value is in the error: it may hold a private key. */
function parse(value: string, name: string): KeyObject {
  try {
    return createPrivateKey(shape.parse(JSON.parse(value)).key)
  } catch {
    const what = `the SSM parameter ${name} holds no private key of version 1`
    throw new RotationError('key/unreadable', what, { parameter: name })
  }
}
