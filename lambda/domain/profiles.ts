/**
 * ACME profiles known by name, as of 2026-11-23: how long their certificates live, how many hosts they hold, and how
 * often to run. A run should fall into each renewal window (2 % of the life); for classic also once its certificates live
 * for 45 days (from 2028-02-16).
 * @see https://letsencrypt.org/docs/profiles/
 */
import { DAY_MS, HOUR_MS } from './instant.ts'

export const PROFILES: Readonly<
  Record<string, { lifetimeMs: number; mostHosts: number; intervalMs: number }>
> = {
  classic: { lifetimeMs: 90 * DAY_MS, mostHosts: 100, intervalMs: 12 * HOUR_MS },
  tlsserver: { lifetimeMs: 45 * DAY_MS, mostHosts: 25, intervalMs: 6 * HOUR_MS },
  shortlived: { lifetimeMs: 160 * HOUR_MS, mostHosts: 25, intervalMs: HOUR_MS },
}

const MOST_HOSTS_OF_UNKNOWN = 100

export function mostHosts(profile: string | null): number {
  return (profile === null ? undefined : PROFILES[profile]?.mostHosts) ?? MOST_HOSTS_OF_UNKNOWN
}
