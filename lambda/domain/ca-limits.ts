/**
 * What CAs allow, as far as it is counted here. Let's Encrypt's figures are those of 2026-08-05 (production) and
 * 2026-04-10 (staging).
 *
 * @see https://letsencrypt.org/docs/rate-limits/
 * @see https://letsencrypt.org/docs/staging-environment/
 */
import { DAY_MS, HOUR_MS } from './instant.ts'

/** At most `most` in any `perMs`, refilled one by one. */
export interface Allowance {
  readonly most: number
  readonly perMs: number
}

/** `null` when there is no limit. */
export interface CaLimits {
  /** Certificates for exactly the same hosts. */
  readonly sameHosts: Allowance | null
  /** Certificates for hosts below one registered domain. */
  readonly registeredDomain: Allowance | null
  /** New orders of one account. */
  readonly orders: Allowance | null
  /**
   * A replacement inside the window that the CA gave is held to none of them, and a renewal for the same hosts only to
   * the first.
   */
  readonly areRenewalsFree: boolean
}

/** What the configuration may set instead. */
export interface WrittenLimits {
  readonly same_hosts_a_week?: number | undefined
  readonly registered_domain_a_week?: number | undefined
  readonly orders_in_three_hours?: number | undefined
  readonly renewals_are_free?: boolean | undefined
}

const WEEK_MS = 7 * DAY_MS
const THREE_HOURS_MS = 3 * HOUR_MS

const LETS_ENCRYPT: CaLimits = {
  sameHosts: { most: 5, perMs: WEEK_MS },
  registeredDomain: { most: 50, perMs: WEEK_MS },
  orders: { most: 300, perMs: THREE_HOURS_MS },
  areRenewalsFree: true,
}

const KNOWN: Readonly<Record<string, CaLimits>> = {
  'acme-v02.api.letsencrypt.org': LETS_ENCRYPT,
  'acme-staging-v02.api.letsencrypt.org': {
    ...LETS_ENCRYPT,
    sameHosts: { most: 30_000, perMs: WEEK_MS },
    registeredDomain: null,
    orders: { most: 1_500, perMs: THREE_HOURS_MS },
  },
}

/** An unknown CA: more of the same certificate is never needed, and this stops a loop. */
const UNKNOWN: CaLimits = {
  sameHosts: LETS_ENCRYPT.sameHosts,
  registeredDomain: null,
  orders: null,
  areRenewalsFree: false,
}

/** @returns what `limitsOf` reads to the same again */
export function writtenLimits({
  sameHosts,
  registeredDomain,
  orders,
  areRenewalsFree,
}: CaLimits): WrittenLimits {
  return {
    ...(sameHosts ? { same_hosts_a_week: sameHosts.most } : {}),
    ...(registeredDomain ? { registered_domain_a_week: registeredDomain.most } : {}),
    ...(orders ? { orders_in_three_hours: orders.most } : {}),
    renewals_are_free: areRenewalsFree,
  }
}

export function limitsOf(directoryUrl: string, written: WrittenLimits): CaLimits {
  const known = KNOWN[new URL(directoryUrl).hostname] ?? UNKNOWN
  const allow = (most: number | undefined, perMs: number, otherwise: Allowance | null) =>
    most === undefined ? otherwise : { most, perMs }
  return {
    sameHosts: allow(written.same_hosts_a_week, WEEK_MS, known.sameHosts),
    registeredDomain: allow(written.registered_domain_a_week, WEEK_MS, known.registeredDomain),
    orders: allow(written.orders_in_three_hours, THREE_HOURS_MS, known.orders),
    areRenewalsFree: written.renewals_are_free ?? known.areRenewalsFree,
  }
}
