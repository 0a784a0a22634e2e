/** Which hosted zone a host's challenge belongs to. */
import { RotationError } from '../errors.ts'
import type { HostedZone, ListedZone, Zones } from '../ports.ts'

export type FindZone = (host: string) => Promise<HostedZone>

/**
 * @param explicit zones given by the configuration: they win, and where they cover every host, none are listed
 * @returns a finder that lists the account's zones at most once
 */
export function zoneFinder(zones: Zones, explicit: readonly HostedZone[]): FindZone {
  let listed: Promise<readonly ListedZone[]> | null = null
  return async (host) => {
    const given = longest(host, explicit)[0]
    if (given) return given
    listed ??= zones.list()
    return choose(host, await listed)
  }
}

/**
 * The longest public zone that ends at a label boundary of `host`.
 *
 * @throws RotationError dns/zone-not-found, dns/zone-ambiguous
 */
export function choose(host: string, listed: readonly ListedZone[]): HostedZone {
  const [zone, twin] = longest(
    host,
    listed.filter(({ isPrivate }) => !isPrivate),
  )
  if (!zone) throw notFound(host, listed)
  if (twin)
    throw new RotationError(
      'dns/zone-ambiguous',
      `two public hosted zones named ${zone.name} cover ${host}: ${zone.id} and ${twin.id}`,
      { host, zone: zone.name },
    )
  return { id: zone.id, name: zone.name }
}

/** @returns all zones of the longest matching name, by id. */
function longest<Z extends HostedZone>(host: string, zones: readonly Z[]): Z[] {
  const base = host.replace(/^\*\./, '')
  const matching = zones.filter(({ name }) => base === name || base.endsWith(`.${name}`))
  const length = Math.max(0, ...matching.map(({ name }) => name.length))
  return matching.filter(({ name }) => name.length === length).sort((a, b) => (a.id < b.id ? -1 : 1))
}

function notFound(host: string, listed: readonly ListedZone[]): RotationError {
  const labels = host.replace(/^\*\./, '').split('.')
  const looked = labels.slice(0, -1).map((_, at) => labels.slice(at).join('.'))
  const [hidden] = longest(host, listed)
  const only = hidden ? `; ${hidden.name} (${hidden.id}) is private, which no CA can see` : ''
  return new RotationError(
    'dns/zone-not-found',
    `no public hosted zone covers ${host}, looked for ${looked.join(', ')}${only}`,
    { host },
  )
}
