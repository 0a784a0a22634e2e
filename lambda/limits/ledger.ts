/**
 * The CA's limits, counted as Let's Encrypt counts them: a bucket that refills one by one, kept as the instant at which it
 * is full again (GCRA). What others spend of the same limits is not known here: then the CA refuses, and names a time.
 *
 * @see https://letsencrypt.org/docs/rate-limits/#how-it-works
 */
import { getDomain } from 'tldts'
import type { Allowance, CaLimits } from '../domain/ca-limits.ts'
import { DAY_MS } from '../domain/instant.ts'
import type { Certificate, EpochMs } from '../domain/model.ts'
import { domainLedger, hostsLedger, ordersLedger } from '../domain/names.ts'
import type { Ledger } from '../domain/remembered.ts'

/** One limit that a certificate or an order counts against. */
export interface Bucket {
  /** Its item in the table. */
  readonly item: string
  readonly allowance: Allowance
  /** For people: what it counts. */
  readonly counts: string
}

/** Within this time, a certificate for the same hosts counts as a renewal. */
const RENEWAL_OF_MS = 120 * DAY_MS

type Hosts = Pick<Certificate, 'hosts' | 'directoryUrl'>

export interface Spending {
  /** It replaces another certificate inside the window that the CA gave. */
  readonly isReplacement: boolean
  /** When the CA last issued for exactly these hosts; `null` when that is not known. */
  readonly lastIssued: EpochMs | null
  readonly now: EpochMs
}

export function spendingOf(
  { directoryUrl, hosts }: Hosts,
  isReplacement: boolean,
  ledger: (item: string) => Ledger,
  now: EpochMs,
): Spending {
  return { isReplacement, lastIssued: ledger(hostsLedger(directoryUrl, hosts)).lastIssued, now }
}

/** The limits that must have room before an order is placed. */
export function neededBuckets(hosts: Hosts, limits: CaLimits, spending: Spending): Bucket[] {
  if (isFree(limits, spending)) return []
  return [...orderBuckets(hosts, limits, spending), ...issueBuckets(hosts, limits, spending)]
}

/** The limits that a new order counts against. */
export function orderBuckets({ directoryUrl }: Hosts, limits: CaLimits, spending: Spending): Bucket[] {
  if (!limits.orders || isFree(limits, spending) || isRenewal(limits, spending)) return []
  return [{ item: ordersLedger(directoryUrl), allowance: limits.orders, counts: 'new orders' }]
}

/** The limits that a certificate counts against once it is issued, even if its order needed no room. */
export function issueBuckets({ directoryUrl, hosts }: Hosts, limits: CaLimits, spending: Spending): Bucket[] {
  const { sameHosts, registeredDomain } = limits
  const counts = 'certificates for the same hosts'
  const set = sameHosts ? [{ item: hostsLedger(directoryUrl, hosts), allowance: sameHosts, counts }] : []
  if (!registeredDomain || isRenewal(limits, spending)) return set
  return [
    ...set,
    ...registeredDomains(hosts).map((domain) => ({
      item: domainLedger(directoryUrl, domain),
      allowance: registeredDomain,
      counts: `certificates for ${domain}`,
    })),
  ]
}

/** @returns when a bucket has room for so many more; `now` or before when it has now */
export function roomAt({ most, perMs }: Allowance, fullAt: EpochMs, more: number, now: EpochMs): EpochMs {
  return Math.max(fullAt, now) + (more * perMs) / most - perMs
}

/** @returns when the bucket is full again after one was taken out of it */
export function spend({ most, perMs }: Allowance, fullAt: EpochMs, now: EpochMs): EpochMs {
  return Math.max(fullAt, now) + perMs / most
}

/** As Let's Encrypt defines it: one label more than a public suffix, private suffixes included. */
function registeredDomains(hosts: readonly string[]): string[] {
  const domains = hosts.map((host) => {
    const name = host.replace(/^\*\./, '')
    return getDomain(name, { allowPrivateDomains: true }) ?? name
  })
  return [...new Set(domains)].sort()
}

function isFree({ areRenewalsFree }: CaLimits, { isReplacement }: Spending): boolean {
  return areRenewalsFree && isReplacement
}

function isRenewal({ areRenewalsFree }: CaLimits, { lastIssued, now }: Spending): boolean {
  return areRenewalsFree && lastIssued !== null && lastIssued > now - RENEWAL_OF_MS
}
