/** The certificate request (CSR) that names the hosts. */
import { createPublicKey, type KeyObject, webcrypto } from 'node:crypto'
import * as x509 from '@peculiar/x509'
import { CURVES } from '../domain/key-types.ts'
import type { KeyType } from '../domain/model.ts'

x509.cryptoProvider.set(webcrypto)

/** A request without a common name: every host is a subject alternative name (RFC 8555 §7.4). @returns PEM */
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
