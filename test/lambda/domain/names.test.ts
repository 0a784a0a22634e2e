import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Certificate, Target } from '../../../lambda/domain/model.ts'
import {
  accountParameter,
  challengeName,
  idHash,
  parseStoredName,
  specificationHash,
  storedName,
  storePath,
} from '../../../lambda/domain/names.ts'
import { isRejectedAt, storedTags, withRejected } from '../../../lambda/domain/tags.ts'
import { classicListener } from '../../../lambda/domain/targets.ts'

const CERTIFICATE: Certificate = {
  id: '*.Example.com',
  hosts: ['b.example.com', 'a.example.com'],
  keyType: 'rsa',
  profile: null,
  directoryUrl: 'https://ca.test/directory',
  isStaging: false,
  takeOver: 'when_due',
  allowStaging: false,
  targets: [],
}
const MINUTE = Date.UTC(2026, 10, 23, 3, 10)

describe('names in AWS', () => {
  it('are as they were when the first version was deployed: changing one orphans what is stored', () => {
    expect(storePath('eu-west-1', 'prod')).toBe('/elb-cert-rotator/eu-west-1/prod/')
    expect(accountParameter('prod', 'https://ca.test/directory')).toBe(
      '/elb-cert-rotator/prod/account/b37908d4ca9f0ca8',
    )
    expect(storedName(CERTIFICATE, { notBefore: MINUTE, serial: '03ab' })).toBe(
      'wildcard.example.com-bc089158da-e7fac7815f-202611230310-03ab',
    )
  })

  it('of certificates fit into what IAM takes, and can be read again, whatever the entry is called', () => {
    const hex = fc.stringMatching(/^[0-9a-f]{2,60}$/)
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 128, unit: 'binary' }), hex, (id, serial) => {
        const name = storedName({ ...CERTIFICATE, id }, { notBefore: MINUTE, serial })
        expect(name).toMatch(/^[\w+=,.@-]{1,128}$/)
        expect(parseStoredName(name)).toEqual({
          idHash: idHash(id),
          specificationHash: specificationHash(CERTIFICATE),
          notBefore: MINUTE,
          serial: serial.slice(0, 40),
        })
      }),
    )
  })

  it('of others are not taken for ours', () => {
    for (const name of [
      'bought',
      'shop-0123456789-0123456789-202611230310',
      'a-b-c-d-e',
      'x-0123456789-0123456789-202613450310-03',
    ])
      expect(parseStoredName(name)).toBeNull()
  })

  it('do not depend on the order of hosts, and do on everything else of the specification', () => {
    const hash = specificationHash(CERTIFICATE)
    expect(specificationHash({ ...CERTIFICATE, hosts: [...CERTIFICATE.hosts].reverse() })).toBe(hash)
    const others = [
      { ...CERTIFICATE, hosts: ['a.example.com'] },
      { ...CERTIFICATE, keyType: 'ecdsa' as const },
      { ...CERTIFICATE, profile: 'classic' },
      { ...CERTIFICATE, directoryUrl: 'https://other.test/' },
    ].map(specificationHash)
    expect(new Set([hash, ...others]).size).toBe(5)
  })

  it('are tags that IAM takes', () => {
    const tags = storedTags('prod', {
      ...CERTIFICATE,
      id: 'a?b#c',
      directoryUrl: `https://ca.test/?q=${'x'.repeat(300)}`,
    })
    for (const value of Object.values(tags)) expect(value).toMatch(/^[\p{L}\p{Z}\p{N}_.:/=+\-@]{0,256}$/u)
    expect(tags['elb-cert-rotator:id']).toBe('a_b_c')
  })

  it('of challenges are the same for a host and its wildcard', () => {
    expect(challengeName('*.example.com')).toBe('_acme-challenge.example.com')
    expect(challengeName('example.com')).toBe('_acme-challenge.example.com')
  })

  it('of rejected listeners fit into one tag, and none is forgotten that was written last', () => {
    const target = (at: number): Target => classicListener(`balancer-${at}`, 443)
    let tag: string | undefined
    for (let at = 0; at < 40; at++) tag = withRejected(tag, target(at))
    expect(tag?.length).toBeLessThanOrEqual(256)
    expect(isRejectedAt(tag, target(39))).toBe(true)
    expect(isRejectedAt(tag, target(12))).toBe(true)
    expect(isRejectedAt(tag, target(99))).toBe(false)
    expect(isRejectedAt(undefined, target(1))).toBe(false)
    expect(withRejected(tag, target(39))).toBe(tag)
  })
})
