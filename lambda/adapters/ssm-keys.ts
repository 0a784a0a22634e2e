/** Private keys of orders in flight, one SSM parameter each, from before finalize until the certificate is stored. */
import { createPrivateKey, type KeyObject } from 'node:crypto'
import type { SSMClient } from '@aws-sdk/client-ssm'
import * as z from 'zod'
import { RotationError } from '../domain/rotation-error.ts'
import type { KeyStore } from '../ports.ts'
import { deleteIfThere, getOrNull, putUnlessThere } from './ssm-parameter.ts'

const shape = z.object({ version: z.literal(1), key: z.string() })

export function ssmKeys(client: SSMClient): KeyStore {
  async function load(name: string): Promise<KeyObject | null> {
    const value = await getOrNull(client, name)
    return value === null ? null : parse(value, name)
  }

  return {
    load,
    async save(name, key) {
      const pem = key.export({ type: 'pkcs8', format: 'pem' })
      const isFirst = await putUnlessThere(client, name, { version: 1, key: pem })
      return isFirst ? key : ((await load(name)) ?? key)
    },
    remove: (name) => deleteIfThere(client, name),
  }
}

/** The error holds nothing of the value, which may be a private key. */
function parse(value: string, name: string): KeyObject {
  try {
    return createPrivateKey(shape.parse(JSON.parse(value)).key)
  } catch {
    const what = `the SSM parameter ${name} holds no private key of version 1`
    throw new RotationError('key/unreadable', what, { parameter: name })
  }
}
