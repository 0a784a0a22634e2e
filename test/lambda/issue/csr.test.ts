import { createPrivateKey, createPublicKey } from 'node:crypto'
import * as x509 from '@peculiar/x509'
import { describe, expect, it } from 'vitest'
import { toTraditional } from '../../../lambda/adapters/iam-store.ts'
import { generateKey } from '../../../lambda/adapters/node-keys.ts'
import { isOfType } from '../../../lambda/domain/key-types.ts'
import { KEY_TYPES } from '../../../lambda/domain/model.ts'
import { createRequest } from '../../../lambda/issue/csr.ts'

const HOSTS = ['example.com', '*.example.com']

describe('a certificate request', () => {
  it.each(KEY_TYPES)(
    'with a key of type %s is signed by it, names every host, and has no common name',
    async (keyType) => {
      const key = await generateKey(keyType)
      const pem = await createRequest(key, keyType, HOSTS)
      const request = new x509.Pkcs10CertificateRequest(pem)
      expect(await request.verify()).toBe(true)
      expect(request.subject).toBe('')
      const [names] = request.extensions.filter((one) => one instanceof x509.SubjectAlternativeNameExtension)
      expect(names?.names.items.map(({ value }) => value)).toEqual(HOSTS)
      const spki = createPublicKey(key).export({ type: 'spki', format: 'der' })
      expect(Buffer.from(request.publicKey.rawData).equals(spki)).toBe(true)
    },
  )
})

describe('a key for the store', () => {
  it.each([
    ['rsa', 'BEGIN RSA PRIVATE KEY'],
    ['ecdsa', 'BEGIN EC PRIVATE KEY'],
  ] as const)('of type %s is in the traditional form: %s', async (keyType, header) => {
    const key = await generateKey(keyType)
    const pem = toTraditional(key)
    expect(pem).toContain(header)
    expect(createPrivateKey(pem).equals(key)).toBe(true)
  })
})

it('knows each type of key from the others', async () => {
  for (const made of KEY_TYPES) {
    const key = await generateKey(made)
    expect(KEY_TYPES.filter((type) => isOfType(key, type))).toEqual([made])
  }
})
