/**
 * Let's Encrypt's profiles, with what is published of the days on which they change.
 *
 * @see https://letsencrypt.org/docs/profiles/
 * @see https://letsencrypt.org/2025/12/02/from-90-to-45
 */
import { DAY_MS, HOUR_MS } from '../../../lambda/domain/instant.ts'

export interface CaProfile {
  readonly mostHosts: number
  /** How long an order waits to be finalized. */
  readonly orderMs: number
  /** From a day on: how long certificates live, and how long a valid authorization serves further orders. */
  readonly since: readonly { readonly from: number; readonly lifetimeMs: number; readonly reuseMs: number }[]
}

export const CA_PROFILES: Readonly<Record<string, CaProfile>> = {
  classic: {
    mostHosts: 100,
    orderMs: 7 * DAY_MS,
    since: [
      { from: 0, lifetimeMs: 90 * DAY_MS, reuseMs: 30 * DAY_MS },
      { from: Date.parse('2027-02-10'), lifetimeMs: 64 * DAY_MS, reuseMs: 10 * DAY_MS },
      { from: Date.parse('2028-02-16'), lifetimeMs: 45 * DAY_MS, reuseMs: 7 * HOUR_MS },
    ],
  },
  tlsserver: {
    mostHosts: 25,
    orderMs: 8 * HOUR_MS,
    since: [{ from: 0, lifetimeMs: 45 * DAY_MS, reuseMs: 7 * HOUR_MS }],
  },
  shortlived: {
    mostHosts: 25,
    orderMs: 8 * HOUR_MS,
    since: [{ from: 0, lifetimeMs: 160 * HOUR_MS, reuseMs: 7 * HOUR_MS }],
  },
}

/** @param name of a profile; a CA without profiles issues as by `classic` */
export function profileAt(name: string | null, now: number) {
  const profile = CA_PROFILES[name ?? 'classic'] ?? (CA_PROFILES['classic'] as CaProfile)
  const current = profile.since.findLast(({ from }) => from <= now) ?? profile.since[0]
  if (!current) throw new Error(`the profile ${name} has no lifetime`)
  return { ...profile, ...current }
}
