/**
 * Let's Encrypt's rate limits, in Boulder's own words: buckets that fill up again one by one (GCRA).
 *
 * @see https://letsencrypt.org/docs/rate-limits/
 * @see https://github.com/letsencrypt/boulder/blob/main/ratelimits/limiter.go (texts), ratelimits/transaction.go (what is
 *   checked when), ra/ra.go (what is spent when)
 */
import { getDomain } from 'tldts'
import { DAY_MS, HOUR_MS } from '../../../lambda/domain/instant.ts'
import { Problem } from './problem.ts'

interface Limit {
  readonly most: number
  readonly perMs: number
  readonly text: (key: string, until: string) => string
}

const DOCS = 'see https://letsencrypt.org/docs/rate-limits/'

const LIMITS = {
  orders: {
    most: 300,
    perMs: 3 * HOUR_MS,
    text: (_, until) =>
      `too many new orders (300) from this account in the last 3h0m0s, retry after ${until}: ${DOCS}#new-orders-per-account`,
  },
  failures: {
    most: 5,
    perMs: HOUR_MS,
    text: (key, until) =>
      `too many failed authorizations (5) for "${key}" in the last 1h0m0s, retry after ${until}: ${DOCS}#authorization-failures-per-identifier-per-account`,
  },
  domain: {
    most: 50,
    perMs: 7 * DAY_MS,
    text: (key, until) =>
      `too many certificates (50) already issued for "${key}" in the last 168h0m0s, retry after ${until}: ${DOCS}#new-certificates-per-registered-domain`,
  },
  set: {
    most: 5,
    perMs: 7 * DAY_MS,
    text: (_, until) =>
      `too many certificates (5) already issued for this exact set of identifiers in the last 168h0m0s, retry after ${until}: ${DOCS}#new-certificates-per-exact-set-of-identifiers`,
  },
} as const satisfies Record<string, Limit>

type Name = keyof typeof LIMITS

/** Consecutive failed authorizations of one account for one host; then it is paused. */
const FAILURES_UNTIL_PAUSED = 1_152
const RENEWAL_OF_MS = 120 * DAY_MS

export interface RateLimits {
  /** How often each was hit. */
  readonly hits: Map<Name | 'paused', number>
  /** Hosts for which accounts are paused. */
  readonly paused: Set<string>
  /** @throws Problem rateLimited, where the order may not be; spends nothing */
  checkPaused(hosts: readonly string[]): void
  /** @throws Problem rateLimited @param isExempt it replaces another inside its window */
  admitOrder(accountId: string, hosts: readonly string[], isExempt: boolean): void
  noteIssued(hosts: readonly string[]): void
  noteValidation(accountId: string, host: string, isGood: boolean): void
}

/** @param areOn asked at each order: else nothing is refused, and all is counted */
export function createRateLimits(now: () => number, areOn: () => boolean): RateLimits {
  const fullAt = new Map<string, number>()
  const issuedAt = new Map<string, number>()
  const failures = new Map<string, number>()
  const hits: RateLimits['hits'] = new Map()
  const paused = new Set<string>()

  const keyOf = (name: Name, key: string) => `${name} ${key}`
  const after = (name: Name, key: string) =>
    Math.max(fullAt.get(keyOf(name, key)) ?? 0, now()) + LIMITS[name].perMs / LIMITS[name].most
  const spend = (name: Name, key: string) => void fullAt.set(keyOf(name, key), after(name, key))
  const waitMs = (name: Name, key: string) => after(name, key) - LIMITS[name].perMs - now()

  function hit(name: Name | 'paused'): void {
    hits.set(name, (hits.get(name) ?? 0) + 1)
  }

  return {
    hits,
    paused,
    checkPaused(hosts) {
      const held = hosts.filter((host) => paused.has(host))
      if (held.length === 0) return
      hit('paused')
      throw new Problem(
        'rateLimited',
        `Your account is temporarily prevented from requesting certificates for ${held.join(', ')} and possibly others. Please visit: https://sandbox.test/sfe/v1/unpause?jwt=ey.sandbox.token`,
        429,
      )
    },
    admitOrder(accountId, hosts, isExempt) {
      const isRenewal = now() - (issuedAt.get(setOf(hosts)) ?? Number.NEGATIVE_INFINITY) < RENEWAL_OF_MS
      const checked: [Name, string][] = [
        ...(isRenewal ? [] : ([['orders', accountId]] as [Name, string][])),
        ...hosts.map((host): [Name, string] => ['failures', `${accountId} ${host}`]),
        ...(isRenewal ? [] : domainsOf(hosts).map((domain): [Name, string] => ['domain', domain])),
        ['set', setOf(hosts)],
      ]
      const [worst] = checked
        .map(([name, key]) => ({ name, key, wait: waitMs(name, key) }))
        .sort((a, b) => b.wait - a.wait)
      if (areOn() && !isExempt && worst && worst.wait > 0) {
        hit(worst.name)
        const seconds = Math.ceil(worst.wait / 1000)
        const until = new Date(now() + seconds * 1000).toISOString().replace('T', ' ').replace(/\..*/, ' UTC')
        const words = LIMITS[worst.name].text(worst.key.replace(/^.* /, ''), until)
        throw new Problem('rateLimited', words, 429, { retryAfter: String(seconds) })
      }
      if (!isExempt && !isRenewal) spend('orders', accountId)
    },
    noteIssued(hosts) {
      const last = issuedAt.get(setOf(hosts)) ?? Number.NEGATIVE_INFINITY
      // also where it replaces another: what is exempt is the order
      if (now() - last >= RENEWAL_OF_MS) for (const domain of domainsOf(hosts)) spend('domain', domain)
      spend('set', setOf(hosts))
      issuedAt.set(setOf(hosts), now())
    },
    noteValidation(accountId, host, isGood) {
      const key = `${accountId} ${host}`
      const count = isGood ? 0 : (failures.get(key) ?? 0) + 1
      failures.set(key, count)
      if (!isGood) spend('failures', key)
      if (areOn() && count >= FAILURES_UNTIL_PAUSED) paused.add(host)
    },
  }
}

function setOf(hosts: readonly string[]): string {
  return [...hosts].sort().join(',')
}

function domainsOf(hosts: readonly string[]): string[] {
  const names = hosts.map((host) => host.replace(/^\*\./, ''))
  return [...new Set(names.map((name) => getDomain(name, { allowPrivateDomains: true }) ?? name))]
}
