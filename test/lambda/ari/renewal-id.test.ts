import { X509Certificate } from 'node:crypto'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { renewalIdOf } from '../../../lambda/ari/renewal-id.ts'
import { DAY_MS } from '../../../lambda/domain/instant.ts'
import { type Authority, makeAuthority, makeKeys, signLeaf } from '../../sandbox/certificates.ts'

/** RFC 9773, appendix A. */
const VECTOR = `-----BEGIN CERTIFICATE-----
MIIBQzCB66ADAgECAgUAh2VDITAKBggqhkjOPQQDAjAVMRMwEQYDVQQDEwpFeGFt
cGxlIENBMCIYDzAwMDEwMTAxMDAwMDAwWhgPMDAwMTAxMDEwMDAwMDBaMBYxFDAS
BgNVBAMTC2V4YW1wbGUuY29tMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEeBZu
7cbpAYNXZLbbh8rNIzuOoqOOtmxA1v7cRm//AwyMwWxyHz4zfwmBhcSrf47NUAFf
qzLQ2PPQxdTXREYEnKMjMCEwHwYDVR0jBBgwFoAUaYhba4dGQEHhs3uEe6CuLN4B
yNQwCgYIKoZIzj0EAwIDRwAwRAIge09+S5TZAlw5tgtiVvuERV6cT4mfutXIlwTb
+FYN/8oCIClDsqBklhB9KAelFiYt9+6FDj3z4KGVelYM5MdsO3pK
-----END CERTIFICATE-----`

describe('the name of a certificate in ARI', () => {
  let authority: Authority
  let keys: Awaited<ReturnType<typeof makeKeys>>
  beforeAll(async () => {
    authority = await makeAuthority('CA')
    keys = await makeKeys()
  })

  async function signed(serial: string): Promise<X509Certificate> {
    const dates = { notBefore: 0, notAfter: DAY_MS }
    return new X509Certificate(
      await signLeaf(authority, keys.publicKey, { hosts: ['a.test'], ...dates, serial }),
    )
  }

  it("is that of the RFC's example, with the zero byte that leads its serial", () => {
    expect(renewalIdOf(new X509Certificate(VECTOR))).toBe('aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE')
  })

  it('holds the serial byte for byte as the certificate does, whatever it is', async () => {
    const bytes = fc.uint8Array({ minLength: 1, maxLength: 20 }).filter(([first = 0]) => first > 0)
    await fc.assert(
      fc.asyncProperty(bytes, async (serial) => {
        const hex = Buffer.from(serial).toString('hex')
        const certificate = await signed(hex)
        const [, name = ''] = renewalIdOf(certificate)?.split('.') ?? []
        const inName = Buffer.from(name, 'base64url')
        // DER: INTEGER, its length, its bytes
        const der = Buffer.concat([Buffer.from([2, inName.length]), inName])
        expect(certificate.raw.includes(der)).toBe(true)
        expect(inName.toString('hex').replace(/^00/, '')).toBe(hex)
      }),
      { numRuns: 200 },
    )
  })

  it('is none where the certificate does not name the key of its issuer', () => {
    expect(renewalIdOf(new X509Certificate(authority.pem))).toBeNull()
  })
})
