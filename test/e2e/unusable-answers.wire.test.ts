/** A CA that delivers something else than the certificate that was ordered, or nothing. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { DAY_MS, MINUTE_MS } from '../../lambda/domain/instant.ts'
import { Problem } from '../sandbox/ca/problem.ts'
import { makeAuthority, makeLeaf } from '../sandbox/certificates.ts'
import { entry, HOST, type Quick, startWithBalancer } from '../support/quick.ts'

describe('on a bad day of the CA', () => {
  let trial: Quick
  beforeEach(async () => {
    trial = await startWithBalancer({ settings: { verifyTimeoutMs: 30_000 } })
    trial.sandbox.route53.addZone('example.org')
    trial.configure([entry('web')])
  })
  afterEach(() => trial.stop())

  it.each<[string, (hosts: readonly string[]) => Promise<string>, RegExp]>([
    ['for another key', async (hosts) => (await strangeLeaf(hosts)).pem, /is for another key/],
    ['without a host', async () => (await strangeLeaf(['other.example.com'])).pem, /lacks www\.example\.com/],
  ])('stores nothing when the CA delivers a certificate %s', async (_, deliver, words) => {
    const pem = await deliver([HOST])
    trial.sandbox.ca.options.deliver = () => pem
    const before = trial.sandbox.iam.all().length
    const ran = await trial.run()
    expect(ran.codes).toEqual(['acme/certificate-unusable'])
    expect(ran.events.find((one) => one.event === 'cert.failed')?.error.message).toMatch(words)
    expect(trial.sandbox.iam.all()).toHaveLength(before)
    trial.sandbox.ca.options.deliver = (chain) => chain
    trial.sandbox.clock.advance(MINUTE_MS)
    expect((await trial.run()).outcomes, 'with another order').toEqual({ web: 'renewed' })
    expect(trial.sandbox.ca.book.issued).toHaveLength(2)
  })

  it.each([
    ['text', 'no certificate at all'],
    ['half a chain', '-----BEGIN CERTIFICATE-----\nAAAA'],
    ['a certificate of nonsense', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'],
  ])('asks for the same certificate again in the next run when the CA delivered %s', async (_, text) => {
    trial.sandbox.ca.options.deliver = () => text
    expect((await trial.run()).codes).toEqual(['acme/unexpected-answer'])
    trial.sandbox.ca.options.deliver = (chain) => chain
    expect((await trial.run()).outcomes).toEqual({ web: 'renewed' })
    expect(trial.sandbox.ca.book.issued).toHaveLength(1)
  })

  it("fails with acme/order-failed and the CA's words when issuing goes wrong at the CA", async () => {
    trial.sandbox.ca.options.spoil = () => new Problem('caa', 'CAA record prevents issuance', 403)
    const ran = await trial.run()
    expect(ran.codes).toEqual(['acme/order-failed'])
    expect(ran.events.find((one) => one.event === 'cert.failed')?.error.message).toContain(
      'CAA record prevents issuance (caa)',
    )
  })

  it('fails with acme/no-dns-challenge where the CA offers others alone', async () => {
    trial.sandbox.ca.options.offers = ['http-01', 'tls-alpn-01']
    const ran = await trial.run()
    expect(ran.codes).toEqual(['acme/no-dns-challenge'])
    expect(ran.events.find((one) => one.event === 'cert.failed')?.error.message).toContain(
      'offers http-01, tls-alpn-01',
    )
  })

  async function strangeLeaf(hosts: readonly string[]): Promise<{ pem: string }> {
    return makeLeaf(await makeAuthority('Strange CA'), {
      hosts,
      notBefore: Date.now() - DAY_MS,
      notAfter: Date.now() + DAY_MS,
    })
  }
})
