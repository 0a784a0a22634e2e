/** Which hosted zone a host's challenge belongs to, and which names of it may be changed together. */
import { challengeGroups, groupFinder } from '../../domain/challenge-groups.ts'
import type { Config } from '../../domain/config.ts'
import { closest } from '../../domain/hosts.ts'
import type { HostedZone } from '../../domain/model.ts'
import { challengeName } from '../../domain/names.ts'
import { RotationError } from '../../domain/rotation-error.ts'
import type { ChallengeZone } from '../../ports.ts'
import type { HostedZones, ListedZone } from './hosted-zones.ts'

/**
 * @param config the zones it names win; when they cover every host, the account's zones are never listed
 * @returns a finder that lists the account's zones at most once
 */
export function zoneFinder(
  zones: Pick<HostedZones, 'list'>,
  config: Pick<Config, 'zones' | 'certificates'>,
): (host: string) => Promise<ChallengeZone> {
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
  const only = hidden ? `; ${hidden.name} (${hidden.id}) is private, so no CA can see it` : ''
  return new RotationError(
    'dns/zone-not-found',
    `no public hosted zone covers ${host}, looked for ${looked.join(', ')}${only}`,
    { host },
  )
}
