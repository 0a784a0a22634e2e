import { X509Certificate } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { acmeAuthority } from '../../../lambda/adapters/acme/authority.ts'
import { generateKey } from '../../../lambda/adapters/node-keys.ts'
import { DEFAULTS, type Settings } from '../../../lambda/domain/defaults.ts'
import { DAY_MS } from '../../../lambda/domain/instant.ts'
import { createRequest } from '../../../lambda/issue/csr.ts'
import type { AccountRecord, CertificateAuthority, Order } from '../../../lambda/ports.ts'
import { Problem } from '../../sandbox/ca/problem.ts'
import { createClock } from '../../sandbox/clock.ts'
import type { Sandbox } from '../../sandbox/sandbox.ts'
import { refusal, startQuickSandbox } from '../../support/adapters.ts'

const HOSTS = ['example.com', '*.example.com']

describe('the CA', () => {
  let sandbox: Sandbox
  let zone: string
  let account: AccountRecord | null
  let authority: CertificateAuthority

  beforeEach(async () => {
    sandbox = await startQuickSandbox({
      clock: createClock(Date.now(), 30),
      ca: { nonceRefusalShare: 0.2, finalizeDelayMs: 5_000, validationDelayMs: 1_000 },
    })
    zone = sandbox.route53.addZone('example.com')
    account = null
    authority = open()
  })
  afterEach(() => sandbox.stop())

  function open(settings: Partial<Settings> = {}): CertificateAuthority {
    return acmeAuthority({
      directoryUrl: sandbox.ca.directoryUrl,
      contact: [],
      rootCertificates: sandbox.ca.rootPem,
      externalAccount: null,
      challengeType: 'dns-01',
      accounts: {
        load: async () => account,
        async save(record) {
          account = record
          return record
        },
      },
      time: sandbox.clock,
      makeKey: generateKey,
      settings: { ...DEFAULTS, ...settings },
    })
  }

  function publish(order: Order): void {
    const values = order.challenges.map(({ value }) => `"${value}"`)
    sandbox.route53.put(zone, { name: '_acme-challenge.example.com', type: 'TXT', ttl: 10, values })
  }

  async function order(hosts: readonly string[] = HOSTS, profile: string | null = null): Promise<Order> {
    const { url } = await authority.order({ hosts, profile, replaces: null })
    const found = await authority.find(url, { hosts, profile })
    if ('useless' in found) throw found.useless
    return found
  }

  async function issue(hosts: readonly string[] = HOSTS): Promise<X509Certificate> {
    const placed = await order(hosts)
    publish(placed)
    await authority.answer(placed)
    const key = await generateKey('ecdsa')
    return new X509Certificate(await authority.finalize(placed, await createRequest(key, 'ecdsa', hosts)))
  }

  it('issues with a fifth of all nonces refused, choosing dns-01 among other challenges', async () => {
    await authority.ready(null)
    const placed = await order(HOSTS, 'shortlived')
    expect(placed.challenges.map(({ host }) => host)).toEqual(HOSTS)
    for (const { value } of placed.challenges) expect(value).toMatch(/^[\w-]{43}$/)
    const leaf = await issue()
    expect(leaf.subjectAltName).toBe('DNS:example.com, DNS:*.example.com')
  })

  it('asks for the profile', async () => {
    await authority.order({ hosts: HOSTS, profile: 'shortlived', replaces: null })
    expect([...sandbox.ca.book.orders.values()].map(({ profile }) => profile)).toEqual(['shortlived'])
  })

  it('has nothing to prove where authorizations are still valid', async () => {
    await issue()
    const again = await order()
    expect(again.challenges).toEqual([])
    const key = await generateKey('ecdsa')
    expect(await authority.finalize(again, await createRequest(key, 'ecdsa', HOSTS))).toContain(
      'BEGIN CERTIFICATE',
    )
  })

  it('knows the account again', async () => {
    await authority.ready(null)
    const first = account
    authority = open()
    await issue()
    expect(account).toBe(first)
    expect(sandbox.ca.book.accounts.size).toBe(1)
    expect(first?.url).toContain('/account/')
  })

  it('identifies itself to the CA', async () => {
    // the embedded CA refuses a request without User-Agent, as Let's Encrypt does
    await authority.ready(null)
    expect(sandbox.ca.requests.get('directory')).toBeGreaterThan(0)
    expect(sandbox.ca.userAgents).toEqual(
      new Set(['elb-cert-rotator/0.1.0 (+https://www.npmjs.com/package/elb-cert-rotator)']),
    )
  })

  it('makes one account although the answer to the first request was lost', async () => {
    let count = 0
    sandbox.ca.mishap = (kind) => (kind === 'new-account' && ++count === 1 ? 'lost' : null)
    await issue()
    expect(sandbox.ca.book.accounts.size).toBe(1)
  })

  it('waits for an order that is processing, no more often than Retry-After says', async () => {
    sandbox.ca.options.finalizeDelayMs = 20_000
    sandbox.ca.options.retryAfterSeconds = 10
    await issue()
    expect(sandbox.ca.requests.get('order')).toBeLessThanOrEqual(6)
  })

  it('fails with acme/timed-out when it is never done', async () => {
    sandbox.ca.options.finalizeDelayMs = DAY_MS
    authority = open({ acmePollTimeoutMs: 10_000 })
    expect(await refusal(issue())).toMatchObject({
      code: 'acme/timed-out',
      message: expect.stringContaining('not done after 10 s'),
    })
  })

  it("fails with acme/authorization-failed and the CA's words for a wrong value", async () => {
    const placed = await order(['www.example.com'])
    sandbox.route53.put(zone, { name: '_acme-challenge.www.example.com', type: 'TXT', values: ['"wrong"'] })
    expect(await refusal(authority.answer(placed))).toMatchObject({
      code: 'acme/authorization-failed',
      message:
        'the CA could not validate www.example.com: Incorrect TXT record "wrong" found at _acme-challenge.www.example.com (unauthorized)',
    })
  })

  it('finalizes again, or goes on, when the answer to finalize was an error', async () => {
    let refused = 0
    sandbox.ca.options.refuse = (operation) =>
      operation === 'finalize' && refused++ === 0 ? new Problem('serverInternal', 'try again', 500) : null
    expect((await issue()).subjectAltName).toContain('example.com')
    expect(sandbox.ca.book.issued).toHaveLength(1)
  })

  it('fails with acme/refused when the request is refused', async () => {
    sandbox.ca.options.refuse = (operation) =>
      operation === 'finalize' ? new Problem('badCSR', 'not this key', 400) : null
    expect(await refusal(issue())).toMatchObject({
      code: 'acme/refused',
      message: expect.stringContaining('not this key (badCSR, HTTP 400)'),
    })
  })

  it('fails with acme/account-refused when the stored account was closed', async () => {
    await authority.ready(null)
    sandbox.ca.book.accounts.clear()
    authority = open()
    expect(await refusal(order())).toMatchObject({
      code: 'acme/account-refused',
    })
  })

  it.each([
    ['resets', 'reset'],
    ['answers with the page of a proxy', { status: 502, text: '<html>Bad Gateway</html>' }],
  ] as const)('rides out a network that %s at every third request', async (_, mishap) => {
    let count = 0
    sandbox.ca.mishap = () => (++count % 3 === 0 ? mishap : null)
    expect((await issue()).subjectAltName).toContain('example.com')
  })

  it.each([
    ['says nothing', 'hang'],
    ['lets its answer drip', 'drip'],
  ] as const)('fails with acme/unreachable when the CA %s, within its bounds', async (_, mishap) => {
    authority = open({ acmeRequestTimeoutMs: 2_000 })
    await authority.ready(null)
    sandbox.ca.mishap = (kind) => (kind === 'new-order' ? mishap : null)
    expect(await refusal(order())).toMatchObject({
      code: 'acme/unreachable',
      message: expect.stringMatching(
        /no answer to a new order for example\.com, \*\.example\.com: no complete answer in 2000 ms/,
      ),
    })
  })

  it.each([
    ['an order', 'a page', 'new-order', { status: 201, text: '<html>welcome</html>' }],
    ['an order', 'nothing', 'new-order', { status: 201, text: '' }],
    ['an order', 'a forbidding page', 'new-order', { status: 403, text: '<html>forbidden</html>' }],
    ['an account', 'no Location', 'new-account', { status: 200, text: '{"status":"valid"}' }],
    ['an account', 'no Location, as if new', 'new-account', { status: 201, text: '{"status":"valid"}' }],
    ['an order', 'no authorizations', 'new-order', { status: 201, text: '{"status":"pending"}' }],
    ['an authorization', 'no challenges', 'authz', { status: 200, text: '{"status":"pending"}' }],
    ['the directory', 'a page', 'directory', { status: 200, text: '<html>welcome</html>' }],
    ['the directory', 'megabytes', 'directory', { status: 200, text: 'x'.repeat(3_000_000) }],
  ])('fails with a code when %s is answered with %s', async (_, __, kind, mishap) => {
    sandbox.ca.mishap = (asked) => (asked === kind ? mishap : null)
    const { code, message } = await refusal(order())
    expect(code).toMatch(/^acme\/(unexpected-answer|unreachable|refused)$/)
    expect(message.length).toBeLessThan(1_000)
  })

  it('fails with acme/profile-not-offered where the CA has no profiles at all', async () => {
    sandbox.ca.options.profiles = null
    expect(await refusal(authority.ready('classic'))).toMatchObject({
      code: 'acme/profile-not-offered',
      message: 'the CA does not offer the profile "classic", it offers none',
    })
  })
})
