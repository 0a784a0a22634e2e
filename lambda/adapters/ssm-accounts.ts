/** The account with the CA, in one SSM parameter. */
import { createPrivateKey } from 'node:crypto'
import type { SSMClient } from '@aws-sdk/client-ssm'
import * as z from 'zod'
import { RotationError } from '../domain/rotation-error.ts'
import type { AccountRecord, AccountStore } from '../ports.ts'
import { getOrNull, putUnlessThere } from './ssm-parameter.ts'

const shape = z.object({ version: z.literal(1), key: z.string(), url: z.url() })

/** @param name the parameter; one for each CA and deployment */
export function ssmAccounts(client: SSMClient, name: string): AccountStore {
  async function load(): Promise<AccountRecord | null> {
    const value = await getOrNull(client, name)
    return value === null ? null : parse(value, name)
  }

  return {
    load,
    async save(record) {
      const isFirst = await putUnlessThere(client, name, { version: 1, key: record.key, url: record.url })
      return isFirst ? record : ((await load()) ?? record)
    },
  }
}

/** The error holds nothing of the value, which is a private key. */
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
