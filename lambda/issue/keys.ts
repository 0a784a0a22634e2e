/** The private key of a certificate and the request that names its hosts. The key never leaves memory but for the store. */
import { createPublicKey, generateKeyPair, type KeyObject, webcrypto } from 'node:crypto'
import { promisify } from 'node:util'
import * as x509 from '@peculiar/x509'
import type { KeyType } from '../model.ts'

const generate = promisify(generateKeyPair)

x509.cryptoProvider.set(webcrypto)

const RSA_BITS: Partial<Record<KeyType, number>> = { rsa: 2048, 'rsa-3072': 3072, 'rsa-4096': 4096 }
const CURVES: Partial<Record<KeyType, string>> = { ecdsa: 'P-256', 'ecdsa-p384': 'P-384' }

export async function generateKey(keyType: KeyType): Promise<KeyObject> {
  const modulusLength = RSA_BITS[keyType]
  const { privateKey } = modulusLength
    ? await generate('rsa', { modulusLength })
    : await generate('ec', { namedCurve: CURVES[keyType] ?? 'P-256' })
  return privateKey
}

/**
 * IAM's examples show `BEGIN RSA PRIVATE KEY`, and nothing says that it takes PKCS#8: the traditional forms are given.
 */
export function toStoreKey(key: KeyObject): string {
  const type = key.asymmetricKeyType === 'rsa' ? 'pkcs1' : 'sec1'
  return key.export({ type, format: 'pem' }) as string
}

/** A certificate request without a common name: every host is a subject alternative name (RFC 8555 §7.4). */
export async function createRequest(
  key: KeyObject,
  keyType: KeyType,
  hosts: readonly string[],
): Promise<string> {
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    keys: toCryptoKeys(key, keyType),
    signingAlgorithm: algorithm(keyType),
    extensions: [new x509.SubjectAlternativeNameExtension(hosts.map((value) => ({ type: 'dns', value })))],
  })
  return request.toString('pem')
}

type Algorithm = { name: string; hash: string; namedCurve?: string }

function algorithm(keyType: KeyType): Algorithm {
  const namedCurve = CURVES[keyType]
  if (!namedCurve) return { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }
  return { name: 'ECDSA', hash: namedCurve === 'P-384' ? 'SHA-384' : 'SHA-256', namedCurve }
}

function toCryptoKeys(key: KeyObject, keyType: KeyType): webcrypto.CryptoKeyPair {
  const privateKey = key.toCryptoKey(algorithm(keyType), true, ['sign'])
  const publicKey = createPublicKey(key).toCryptoKey(algorithm(keyType), true, ['verify'])
  return { privateKey, publicKey }
}

/** Whether a key is of the type that was asked for. */
export function isOfType({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject, keyType: KeyType): boolean {
  const bits = RSA_BITS[keyType]
  if (bits) return asymmetricKeyType === 'rsa' && asymmetricKeyDetails?.modulusLength === bits
  return asymmetricKeyType === 'ec' && asymmetricKeyDetails?.namedCurve === OPENSSL_CURVES[keyType]
}

const OPENSSL_CURVES: Partial<Record<KeyType, string>> = { ecdsa: 'prime256v1', 'ecdsa-p384': 'secp384r1' }
