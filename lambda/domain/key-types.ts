/** What each key type means. */
import type { KeyObject } from 'node:crypto'
import type { KeyType } from './model.ts'

export const RSA_BITS: Partial<Record<KeyType, number>> = { rsa: 2048, 'rsa-3072': 3072, 'rsa-4096': 4096 }
export const CURVES: Partial<Record<KeyType, string>> = { ecdsa: 'P-256', 'ecdsa-p384': 'P-384' }
const OPENSSL_CURVES: Partial<Record<KeyType, string>> = { ecdsa: 'prime256v1', 'ecdsa-p384': 'secp384r1' }

export function isOfType({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject, keyType: KeyType): boolean {
  const bits = RSA_BITS[keyType]
  if (bits) return asymmetricKeyType === 'rsa' && asymmetricKeyDetails?.modulusLength === bits
  return asymmetricKeyType === 'ec' && asymmetricKeyDetails?.namedCurve === OPENSSL_CURVES[keyType]
}
