/** Which host names a certificate and a hosted zone cover. Pure. */
import type { HostedZone } from './model.ts'

/** @returns the wildcard of `hosts` that covers `host` already (one label deep), or `null`. */
export function coveringWildcard(host: string, hosts: readonly string[]): string | null {
  if (host.startsWith('*.')) return null
  const wildcard = `*.${host.slice(host.indexOf('.') + 1)}`
  return hosts.includes(wildcard) ? wildcard : null
}

/** Whether a certificate for `have` serves every one of `wanted`. */
export function covers(have: readonly string[], wanted: readonly string[]): boolean {
  const lower = have.map((host) => host.toLowerCase())
  return wanted.every((host) => lower.includes(host) || coveringWildcard(host, lower) !== null)
}

/** @returns the zones of the longest name that ends at a label boundary of `host`, by id; several when they are twins. */
export function closest<Z extends HostedZone>(host: string, zones: readonly Z[]): Z[] {
  const base = host.replace(/^\*\./, '')
  const matching = zones.filter(({ name }) => base === name || base.endsWith(`.${name}`))
  const length = Math.max(0, ...matching.map(({ name }) => name.length))
  return matching.filter(({ name }) => name.length === length).sort((a, b) => (a.id < b.id ? -1 : 1))
}

/** The name that a client would ask for: the first host, with `www` instead of a wildcard. */
export function serverNameOf(hosts: readonly string[]): string {
  return (hosts[0] ?? '').replace(/^\*/, 'www')
}
