/** Private keys, made by Node's crypto. */
import { generateKeyPair, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import { CURVES, RSA_BITS } from '../domain/key-types.ts'
import type { KeyType } from '../domain/model.ts'

const generate = promisify(generateKeyPair)

export async function generateKey(keyType: KeyType): Promise<KeyObject> {
  const modulusLength = RSA_BITS[keyType]
  const { privateKey } = modulusLength
    ? await generate('rsa', { modulusLength })
    : await generate('ec', { namedCurve: CURVES[keyType] ?? 'P-256' })
  return privateKey
}
