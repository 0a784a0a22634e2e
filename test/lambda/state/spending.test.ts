import { beforeEach, describe, expect, it } from 'vitest'
import { limitsOf } from '../../../lambda/domain/ca-limits.ts'
import { DAY_MS } from '../../../lambda/domain/instant.ts'
import type { Certificate } from '../../../lambda/domain/model.ts'
import { domainLedger, hostsLedger, ordersLedger } from '../../../lambda/domain/names.ts'
import { type Memory, openMemory } from '../../../lambda/state/memory.ts'
import { countIssued, countOrder } from '../../../lambda/state/spending.ts'
import { configOf } from '../../support/configs.ts'

const NOW = 1_000 * DAY_MS
const URL = 'https://acme-v02.api.letsencrypt.org/directory'
const LETS_ENCRYPT = limitsOf(URL, {})
const [SHOP] = configOf({ hosts: ['a.example.co.uk', '*.b.example.co.uk', 'c.github.io'], directoryUrl: URL })
  .certificates as [Certificate]

const SET = hostsLedger(URL, SHOP.hosts)
const ORDERS = ordersLedger(URL)
const first = { url: 'https://ca.test/1', isReplacement: false }

describe('what is spent of the limits of the CA', () => {
  let memory: Memory
  beforeEach(() => {
    memory = openMemory([], null, 'shop', { now: () => NOW })
  })
  const at = (now: number) => ({ limits: LETS_ENCRYPT, memory, ports: { time: { now: () => now } } })
  /** How many of so many are taken out, right now. */
  const taken = (item: string, most: number, days: number, now = NOW) =>
    Math.round(((memory.ledger(item).fullAt - now) / (days * DAY_MS)) * most * 1000) / 1000

  it('is an order when it is placed, and set and registered domains when it is issued', async () => {
    await countOrder(SHOP, first, at(NOW))
    expect(taken(ORDERS, 300, 1 / 8)).toBe(1)
    expect(memory.ledger(SET).fullAt).toBe(0)
    await countIssued(SHOP, first, at(NOW))
    expect(taken(SET, 5, 7)).toBe(1)
    expect(taken(domainLedger(URL, 'example.co.uk'), 50, 7)).toBe(1)
    expect(taken(domainLedger(URL, 'c.github.io'), 50, 7), 'private suffixes count').toBe(1)
  })

  it('is counted once, however often the order is resumed', async () => {
    for (const now of [NOW, NOW + 1, NOW + 2]) {
      await countOrder(SHOP, first, at(now))
      await countIssued(SHOP, first, at(now))
    }
    expect(taken(ORDERS, 300, 1 / 8)).toBe(1)
    expect(taken(SET, 5, 7)).toBe(1)
    expect(memory.ledger(SET).lastIssued).toBe(NOW)
  })

  it('comes back one by one', async () => {
    for (const url of ['1', '2', '3']) await countIssued(SHOP, { ...first, url }, at(NOW))
    expect(taken(SET, 5, 7)).toBe(3)
    expect(taken(SET, 5, 7, NOW + (7 / 5) * DAY_MS)).toBe(2)
  })

  it('is only that of the same hosts for a renewal, and no order for what replaces another in its window', async () => {
    await countIssued(SHOP, first, at(NOW))
    const later = NOW + 60 * DAY_MS
    await countOrder(SHOP, { ...first, url: '2' }, at(later))
    await countIssued(SHOP, { ...first, url: '2' }, at(later))
    expect(memory.ledger(ORDERS).fullAt).toBe(0)
    expect(taken(SET, 5, 7, later)).toBe(1)
    expect(memory.ledger(domainLedger(URL, 'c.github.io')).fullAt).toBeLessThan(later)
    const other = { ...SHOP, hosts: ['new.example.com'] }
    await countOrder(other, { url: '3', isReplacement: true }, at(later))
    expect(memory.ledger(ORDERS).fullAt).toBe(0)
    // Let's Encrypt does not hold such an order to its limits, and counts the certificate all the same
    await countIssued(other, { url: '3', isReplacement: true }, at(later))
    expect(taken(hostsLedger(URL, other.hosts), 5, 7, later)).toBe(1)
  })
})

describe('the limits of a CA', () => {
  it("are Let's Encrypt's where it is that, and else the one that stops a loop", () => {
    expect(LETS_ENCRYPT).toEqual({
      sameHosts: { most: 5, perMs: 7 * DAY_MS },
      registeredDomain: { most: 50, perMs: 7 * DAY_MS },
      orders: { most: 300, perMs: DAY_MS / 8 },
      areRenewalsFree: true,
    })
    expect(limitsOf('https://ca.example.com/', {})).toMatchObject({
      sameHosts: { most: 5 },
      registeredDomain: null,
      orders: null,
      areRenewalsFree: false,
    })
  })

  it('are those that the configuration names', () => {
    expect(limitsOf(URL, { registered_domain_a_week: 900, renewals_are_free: false })).toMatchObject({
      sameHosts: { most: 5 },
      registeredDomain: { most: 900, perMs: 7 * DAY_MS },
      areRenewalsFree: false,
    })
  })
})
