/** Orders that are placed when something goes wrong just then: none is lost, none is placed twice, and each is counted. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { DAY_MS, HOUR_MS } from '../../lambda/domain/instant.ts'
import { ServiceError } from '../sandbox/aws/service.ts'
import { Problem } from '../sandbox/ca/problem.ts'
import type { CaMishap } from '../sandbox/ca/server.ts'
import { entry, HOST, type Quick, startQuick } from '../support/quick.ts'
import { names, only, TABLE } from '../support/trial.ts'

const RATE_LIMITED = { type: 'urn:ietf:params:acme:error:rateLimited', detail: 'too many' }

describe('an order', () => {
  let trial: Quick
  beforeEach(async () => {
    trial = await startQuick({ authorizationReuseMs: 0, hasRateLimits: true })
    configure()
  })
  afterEach(() => trial.stop())

  function configure(...certificates: object[]): void {
    const limits = {
      ...{ same_hosts_a_week: 5, registered_domain_a_week: 50, orders_in_three_hours: 300 },
      renewals_are_free: true,
    }
    trial.configure({
      acme: { limits },
      certificates: certificates.length > 0 ? certificates : [entry('web')],
    })
  }

  const orders = () => trial.requests('new-order')
  const lastOrder = () => [...trial.sandbox.ca.book.orders.values()].at(-1)
  const hits = () => Object.fromEntries(trial.sandbox.ca.book.rateLimits.hits)

  /** Answer the next requests of a kind with it. */
  function spoil(kind: string, mishap: CaMishap, times = Number.POSITIVE_INFINITY): void {
    let count = 0
    trial.sandbox.ca.mishap = (asked) => (asked === kind && count++ < times ? mishap : null)
  }

  async function ordersCounted(): Promise<readonly string[]> {
    const items = [...(await trial.sandbox.dynamodb.items(TABLE))]
    return items.flatMap(([id, item]) =>
      id.startsWith('ledger#orders#') ? (JSON.parse(String(item['data'])).orders as string[]) : [],
    )
  }

  /** One is installed, and the CA has been asked about it: the next order says what it replaces. */
  async function installed(): Promise<void> {
    expect((await trial.run()).outcomes).toEqual({ web: 'renewed' })
    await trial.later(HOUR_MS)
  }

  it.each<[string, CaMishap]>([
    ['cannot be reached', 'reset'],
    ['answers 500', { status: 500, text: 'down' }],
  ])('is gone on with when the CA %s just after it has taken it', async (_, mishap) => {
    await installed()
    const before = orders()
    spoil('authz', mishap)
    for (let hour = 0; hour < 5; hour++)
      expect((await trial.later(HOUR_MS, { force: true })).outcomes).toEqual({ web: 'failed' })
    expect(orders()).toBe(before + 1)
    trial.sandbox.ca.mishap = () => null
    const ran = await trial.later(HOUR_MS, { force: true })
    expect(ran.outcomes).toEqual({ web: 'renewed' })
    expect(orders()).toBe(before + 1)
    expect(lastOrder()?.replaces).not.toBeNull()
    expect(names(ran)).not.toContain('replacement.refused')
  })

  it('is counted when it is placed, whatever comes of it', async () => {
    spoil('authz', 'reset')
    await trial.run()
    expect(await ordersCounted()).toEqual([expect.stringContaining(lastOrder()?.id ?? 'none')])
  })

  it('is counted when it replaces another outside of the window, and has other hosts', async () => {
    await installed()
    configure(entry('web', [HOST, 'shop.example.com']))
    await trial.later(HOUR_MS)
    expect(lastOrder()?.replaces).not.toBeNull()
    expect(await ordersCounted()).toHaveLength(2)
  })

  it('is not placed once more without its predecessor when the CA asks to wait', async () => {
    await installed()
    const before = orders()
    spoil('new-order', { status: 503, text: 'busy', headers: { 'retry-after': '7200' } }, 1)
    const ran = await trial.later(HOUR_MS, { force: true })
    expect(ran.codes).toEqual(['acme/refused'])
    expect(names(ran)).not.toContain('replacement.refused')
    expect(orders(), 'the one that was answered so is not counted here').toBe(before)
  })

  it('is not placed once more without its predecessor when the host is refused', async () => {
    await installed()
    const before = orders()
    trial.sandbox.ca.options.refuse = (operation) =>
      operation === 'newOrder' ? new Problem('rejectedIdentifier', 'policy forbids it') : null
    expect((await trial.later(HOUR_MS, { force: true })).codes).toEqual(['acme/refused'])
    expect(orders()).toBe(before + 1)
  })

  it("is placed once more without its predecessor when the CA says so in Pebble's words", async () => {
    await installed()
    let times = 0
    const what = 'could not find an order for the given certificate: could not find order'
    trial.sandbox.ca.options.refuse = (operation) =>
      operation === 'newOrder' && times++ < 4 ? new Problem('serverInternal', what, 500) : null
    const ran = await trial.later(HOUR_MS, { force: true })
    expect(ran.outcomes).toEqual({ web: 'renewed' })
    expect(only(ran, 'replacement.refused').why).toContain('could not find an order')
  })

  it('does without its predecessor when the end is near and that may be what fails', async () => {
    await installed()
    trial.sandbox.clock.advance(82 * DAY_MS)
    trial.sandbox.ca.options.refuse = (operation) =>
      operation === 'newOrder' ? new Problem('unsupportedIdentifier', 'who knows why') : null
    await trial.later(DAY_MS)
    trial.sandbox.ca.options.refuse = () => null
    expect((await trial.later(DAY_MS)).outcomes).toEqual({ web: 'renewed' })
    expect(lastOrder()?.replaces).toBeNull()
  })

  it('whose certificate is of no use counts as issued, so that no limit is hit', async () => {
    await trial.balancer('far', [HOST], 110)
    configure(entry('far'))
    const [bought] = trial.sandbox.iam.all()
    trial.sandbox.ca.options.deliver = () => bought?.body ?? ''
    for (let hour = 0; hour < 24 * 9; hour += 6) await trial.later(6 * HOUR_MS)
    expect(trial.sandbox.ca.book.issued.length).toBeGreaterThanOrEqual(5)
    expect(hits()).toEqual({})
  })

  it('that is refused until the end of all days is told with the words of the CA', async () => {
    spoil('new-order', {
      status: 429,
      text: JSON.stringify(RATE_LIMITED),
      headers: { 'retry-after': '9223372036854775807' },
    })
    const ran = await trial.run()
    expect(ran.codes).toEqual(['acme/rate-limited'])
    expect(only(ran, 'cert.failed').error.message).toContain('too many')
    const { nextTry } = await trial.stateOf('web')
    expect(nextTry?.at, 'at most a week').toBeLessThanOrEqual(trial.sandbox.clock.now() + 7 * DAY_MS)
  })

  it('comes in time although the CA once asked to wait for longer than is left', async () => {
    configure(entry('web', [HOST], { profile: 'shortlived' }))
    await trial.run({}, HOUR_MS)
    const { notAfter } = trial.newest()
    // its window, and the point in it that its serial chooses, is over then
    trial.sandbox.clock.advance(82 * HOUR_MS)
    spoil('new-order', { status: 503, text: 'busy', headers: { 'retry-after': '604800' } }, 1)
    expect((await trial.later(HOUR_MS)).codes).toEqual(['acme/refused'])
    while (trial.sandbox.ca.book.issued.length === 1 && trial.sandbox.clock.now() < notAfter)
      await trial.later(HOUR_MS)
    expect(trial.sandbox.ca.book.issued).toHaveLength(2)
    expect(notAfter - trial.sandbox.clock.now()).toBeGreaterThan(15 * HOUR_MS)
  })

  it('that failed before it was fulfilled is forgotten with its certificate, also when that is not attached yet', async () => {
    trial.sandbox.ca.options.sees = () => false
    await trial.run()
    expect((await trial.stateOf('web')).tries).toMatchObject({ count: 1 })
    trial.sandbox.ca.options.sees = () => true
    trial.sandbox.aws.intercept(({ action }) =>
      action === 'elasticloadbalancing:SetLoadBalancerListenerSSLCertificate'
        ? new ServiceError('InvalidConfigurationRequest', 'not today')
        : null,
    )
    expect((await trial.later(HOUR_MS)).outcomes).toEqual({ web: 'failed' })
    expect((await trial.stateOf('web')).tries).toBeNull()
  })
})
