/**
 * ACME profiles known by name, as of 2026-11-23: how long their certificates live and how many hosts they hold.
 * @see https://letsencrypt.org/docs/profiles/
 */
import { DAY_MS, HOUR_MS } from '../instant.ts'

export const PROFILES: Readonly<Record<string, { lifetimeMs: number; mostHosts: number }>> = {
  classic: { lifetimeMs: 90 * DAY_MS, mostHosts: 100 },
  tlsserver: { lifetimeMs: 45 * DAY_MS, mostHosts: 25 },
  shortlived: { lifetimeMs: 160 * HOUR_MS, mostHosts: 25 },
}

const MOST_HOSTS_OF_UNKNOWN = 100

export function mostHosts(profile: string | null): number {
  return (profile === null ? undefined : PROFILES[profile]?.mostHosts) ?? MOST_HOSTS_OF_UNKNOWN
}
