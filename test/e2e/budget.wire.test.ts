/** What the CA allows: failures that come later and later, limits that are not hit, and a CA that says no all the same. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { DAY_MS, HOUR_MS } from '../../lambda/domain/instant.ts'
import { entry, HOST, type Quick, startQuick } from '../support/quick.ts'
import { names, only, type Ran } from '../support/trial.ts'

/** As Let's Encrypt's, for a CA that has another address. */
const LIMITS = {
  same_hosts_a_week: 5,
  registered_domain_a_week: 50,
  orders_in_three_hours: 300,
  renewals_are_free: true,
}

describe('the budget with the CA', () => {
  let trial: Quick
  beforeEach(async () => {
    trial = await startQuick({ hasRateLimits: true, authorizationReuseMs: 0 })
    configure(entry('web'))
  })
  afterEach(() => trial.stop())

  function configure(...certificates: object[]): void {
    trial.configure({ acme: { limits: LIMITS }, certificates })
  }

  const orders = () => trial.requests('new-order')
  const hits = () => Object.fromEntries(trial.sandbox.ca.book.rateLimits.hits)

  describe('a host that cannot be proven', () => {
    const break_ = () => {
      trial.sandbox.ca.options.sees = () => false
    }
    const fix = () => {
      trial.sandbox.ca.options.sees = () => true
    }

    /** Hourly runs for so many days. @returns at which of them an order was placed */
    async function hourly(days: number): Promise<{ tried: number[]; last: Ran }> {
      const tried: number[] = []
      let last: Ran | null = null
      for (let hour = 1; hour <= days * 24; hour++) {
        const before = orders()
        last = await trial.later(HOUR_MS)
        if (orders() > before) tried.push(hour)
      }
      if (!last) throw new Error('no run')
      return { tried, last }
    }

    it('is tried after 1, 10 and 100 minutes and then daily, by the next of hourly runs, and is red all the time', async () => {
      await trial.balancer('far', [HOST], 110)
      configure(entry('far'))
      break_()
      expect((await trial.run({}, HOUR_MS)).codes).toEqual(['acme/authorization-failed'])
      const { tried, last } = await hourly(3)
      expect(tried).toEqual([1, 2, 4, 28, 52])
      expect(last).toMatchObject({ outcomes: { far: 'failed' }, codes: ['limits/backing-off'] })
      expect(only(last, 'cert.failed').error.message).toMatch(
        /orders for far have failed 6 times; the next attempt is not before 20.*No TXT record found at _acme-challenge.www/,
      )
      expect(hits()).toEqual({})
    })

    it('is tried at once when somebody asks for it, and as usual once it is fixed', async () => {
      break_()
      await trial.run({}, HOUR_MS)
      await hourly(1)
      fix()
      expect((await trial.later(HOUR_MS)).outcomes).toEqual({ web: 'failed' })
      expect((await trial.later(HOUR_MS, { force: true })).outcomes).toEqual({ web: 'renewed' })
      expect(await trial.stateOf('web')).toMatchObject({ tries: null, failures: null })
    })

    it('is tried at once with other hosts', async () => {
      break_()
      await trial.run({}, HOUR_MS)
      await hourly(1)
      fix()
      configure(entry('web', [HOST, 'shop.example.com']))
      expect((await trial.later(HOUR_MS)).outcomes).toEqual({ web: 'renewed' })
    })

    it('is tried at each run of a daily schedule', async () => {
      break_()
      for (let day = 1; day <= 5; day++) {
        await trial.later(DAY_MS)
        expect(orders()).toBe(day)
      }
    })

    it('is tried more often as the end comes near', async () => {
      await trial.balancer('ending', ['ending.example.com'], 3)
      configure(entry('ending', ['ending.example.com']))
      break_()
      await trial.run({}, HOUR_MS)
      const { tried } = await hourly(3)
      expect(tried.length).toBeGreaterThan(12)
      const gaps = tried.slice(3).map((hour, at) => hour - (tried[at + 2] ?? 0))
      expect([...gaps].sort((a, b) => b - a)).toEqual(gaps)
      expect(hits()).toEqual({})
    })
  })

  it('is not used up by certificates that are asked for again and again', async () => {
    let held = 0
    for (let time = 0; time < 9; time++) {
      const ran = await trial.later(HOUR_MS, { force: true })
      if (ran.codes.includes('limits/ledger-full')) held++
      else expect(ran.outcomes).toEqual({ web: 'renewed' })
    }
    expect(held).toBe(4)
    expect(hits()).toEqual({})
    const ran = await trial.later(2 * DAY_MS, { force: true })
    expect(ran.outcomes, 'one comes back in a day and a half').toEqual({ web: 'renewed' })
  })

  it('says what is used up and until when, and waits no longer', async () => {
    for (let time = 0; time < 5; time++) await trial.later(HOUR_MS, { force: true })
    const held = await trial.later(HOUR_MS, { force: true })
    const { message, facts } = only(held, 'cert.failed').error
    expect(message).toMatch(
      /^the CA allows 5 certificates for the same hosts in 7 days, and the order for web would exceed that; the next one is possible at 20/,
    )
    const until = Date.parse(String(facts['retryAfter']))
    expect((until - trial.sandbox.clock.now()) / HOUR_MS).toBeCloseTo(28.6, 0)
  })

  it('is not spent by what replaces another inside its window', async () => {
    for (let time = 0; time < 5; time++) await trial.later(HOUR_MS, { force: true })
    const now = trial.sandbox.clock.now()
    trial.sandbox.ca.book.renewals.windows.set(trial.newest().serial, { start: now, end: now + 5 * HOUR_MS })
    const ran = await trial.later(4 * HOUR_MS)
    expect(ran.outcomes).toEqual({ web: 'renewed' })
    expect(only(ran, 'cert.due').reason).toBe('renewal-due')
    expect(hits()).toEqual({})
  })

  it('obeys a limit that others have used up, and says so until then', async () => {
    await trial.balancer('far', [HOST], 110)
    configure(entry('far'))
    const { rateLimits } = trial.sandbox.ca.book
    for (let other = 0; other < 50; other++) rateLimits.noteIssued([`host-${other}.example.com`])
    const refused = await trial.run({}, HOUR_MS)
    expect(refused.codes).toEqual(['acme/rate-limited'])
    expect(only(refused, 'cert.failed').error.message).toMatch(
      /too many certificates \(50\) already issued for "example.com" in the last 168h0m0s, retry after/,
    )
    const before = orders()
    const waiting = await trial.later(HOUR_MS)
    expect(waiting).toMatchObject({ outcomes: { far: 'held-back' }, error: null })
    expect(only(waiting, 'plan.made').heldBack).toMatchObject([{ code: 'limits/asked-to-wait' }])
    expect(orders()).toBe(before)
    expect((await trial.later(4 * HOUR_MS)).outcomes).toEqual({ far: 'renewed' })
    expect(hits()).toEqual({ domain: 1 })
  })

  it('explains an account that the CA has paused, and goes on once that is lifted', async () => {
    const { paused } = trial.sandbox.ca.book.rateLimits
    paused.add(HOST)
    const ran = await trial.later(HOUR_MS)
    expect(ran.codes).toEqual(['acme/account-paused'])
    const { message, hint } = only(ran, 'cert.failed').error
    expect(message).toMatch(
      /temporarily prevented .* Please visit: https:\/\/\S+unpause\?jwt=\S+ \(rateLimited/,
    )
    expect(hint).toMatch(/open the page/)
    paused.clear()
    expect((await trial.later(HOUR_MS)).outcomes).toEqual({ web: 'renewed' })
  })

  it('lets the first deployment of many certificates below one domain through as the CA does', async () => {
    configure(...Array.from({ length: 53 }, (_, at) => entry(`web${at}`, [`w${at}.example.com`])))
    trial.sandbox.iam.limit = 1_000
    for (let at = 0; at < 53; at++) await trial.balancer(`web${at}`, [`w${at}.example.com`], 110)
    const first = await trial.later(HOUR_MS)
    expect(names(first).filter((name) => name === 'cert.issued')).toHaveLength(50)
    expect(Object.values(first.outcomes).filter((state) => state === 'held-back')).toHaveLength(3)
    expect(first.error, 'what is installed is good for days').toBeNull()
    for (let run = 0; run < 4; run++) await trial.later(3 * HOUR_MS)
    expect(trial.sandbox.ca.book.issued).toHaveLength(53)
    expect(hits()).toEqual({})
  })
})
