/** Which hosted zone a host's challenge belongs to, and with which others it may be written. */
import { challengeGroups, groupFinder } from '../config/challenge-groups.ts'
import { closest } from '../config/hosts.ts'
import type { Config } from '../config/parse.ts'
import { RotationError } from '../errors.ts'
import { challengeName } from '../names.ts'
import type { HostedZone, ListedZone, Zones } from '../ports.ts'

/** A zone, and the group of names that one change of it may hold. */
export interface ChallengeZone extends HostedZone {
  readonly group: number
}

export type FindZone = (host: string) => Promise<ChallengeZone>

/**
 * @param config zones that it gives win, and where they cover every host, none are listed
 * @returns a finder that lists the account's zones at most once
 */
export function zoneFinder(zones: Zones, config: Pick<Config, 'zones' | 'certificates'>): FindZone {
  const groupOf = groupFinder(challengeGroups(config))
  let listed: Promise<readonly ListedZone[]> | null = null
  return async (host) => {
    const group = groupOf(challengeName(host))
    const given = closest(host, config.zones)[0]
    if (given) return { ...given, group }
    listed ??= zones.list()
    return { ...choose(host, await listed), group }
  }
}

/**
 * The longest public zone that ends at a label boundary of `host`.
 *
 * @throws RotationError dns/zone-not-found, dns/zone-ambiguous
 */
export function choose(host: string, listed: readonly ListedZone[]): HostedZone {
  const [zone, twin] = closest(
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

function notFound(host: string, listed: readonly ListedZone[]): RotationError {
  const labels = host.replace(/^\*\./, '').split('.')
  const looked = labels.slice(0, -1).map((_, at) => labels.slice(at).join('.'))
  const [hidden] = closest(host, listed)
  const only = hidden ? `; ${hidden.name} (${hidden.id}) is private, which no CA can see` : ''
  return new RotationError(
    'dns/zone-not-found',
    `no public hosted zone covers ${host}, looked for ${looked.join(', ')}${only}`,
    { host },
  )
}
