/**
 * Challenge names divided into groups that each fit into one policy statement. IAM evaluates a DNS change against one
 * statement, so a change must stay within one group: the policy and the changes are both made from these groups. Pure.
 */

import { closest } from './hosts.ts'
import type { Certificate, HostedZone } from './model.ts'
import { challengeName } from './names.ts'

export interface ChallengeGroup {
  /** Ids of the zones of these names; empty when the configuration does not give them. */
  readonly zoneIds: readonly string[]
  /** Sorted. */
  readonly names: readonly string[]
}

/**
 * Leaves room in a managed policy of 6,144 characters for the rest of its statement.
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
 */
const GROUP_CHARACTERS = 5_590
/** The quotes around a name, and a comma. */
const AROUND = 3
/** `"arn:aws-us-gov:route53:::hostedzone/…",` */
const ZONE_CHARACTERS = 40

/**
 * Zones share a group only if none is nested in another: then each name can be written in just one of them, and the
 * statement still allows exactly these names.
 *
 * @returns groups in a fixed order, whatever the order of the configuration
 */
export function challengeGroups(of: {
  readonly zones: readonly HostedZone[]
  readonly certificates: readonly Pick<Certificate, 'hosts'>[]
}): ChallengeGroup[] {
  const groups: OpenGroup[] = []
  for (const [zone, names] of namesByZone(of))
    for (const name of names) {
      const open = groups.find((group) => group.isOfZones === (zone !== null) && fits(group, zone, name))
      if (open) add(open, zone, name)
      else groups.push(add({ isOfZones: zone !== null, zones: [], names: [], characters: 0 }, zone, name))
    }
  return groups.map(({ zones, names }) => ({ zoneIds: zones.map(({ id }) => id), names: names.sort() }))
}

/** @returns the number of the group that a challenge name is in */
export function groupFinder(groups: readonly ChallengeGroup[]): (name: string) => number {
  const numbers = new Map(
    groups.flatMap(({ names }, at) => names.map((name): [string, number] => [name, at])),
  )
  return (name) => {
    const number = numbers.get(name)
    if (number === undefined) throw new Error(`${name} is not a challenge name of this configuration`)
    return number
  }
}

interface OpenGroup {
  readonly isOfZones: boolean
  readonly zones: HostedZone[]
  readonly names: string[]
  characters: number
}

function fits(group: OpenGroup, zone: HostedZone | null, name: string): boolean {
  return (
    group.characters + costOf(group, zone, name) <= GROUP_CHARACTERS &&
    !group.zones.some((other) => zone !== null && isNested(zone, other))
  )
}

function add(group: OpenGroup, zone: HostedZone | null, name: string): OpenGroup {
  group.characters += costOf(group, zone, name)
  if (zone && !group.zones.includes(zone)) group.zones.push(zone)
  group.names.push(name)
  return group
}

function costOf(group: OpenGroup, zone: HostedZone | null, name: string): number {
  const forZone = zone && !group.zones.includes(zone) ? zone.id.length + ZONE_CHARACTERS : 0
  return name.length + AROUND + forZone
}

function isNested(zone: HostedZone, other: HostedZone): boolean {
  return zone !== other && (zone.name.endsWith(`.${other.name}`) || other.name.endsWith(`.${zone.name}`))
}

/** Zones by name, names by name; those without a zone last. */
function namesByZone({
  zones,
  certificates,
}: Parameters<typeof challengeGroups>[0]): [HostedZone | null, string[]][] {
  const byZone = new Map<HostedZone | null, Set<string>>()
  const ordered = [...zones].sort((a, b) => (a.name < b.name ? -1 : 1))
  for (const zone of [...ordered, null]) byZone.set(zone, new Set())
  for (const host of certificates.flatMap(({ hosts }) => hosts))
    byZone.get(closest(host, zones)[0] ?? null)?.add(challengeName(host))
  return [...byZone].map(([zone, names]) => [zone, [...names].sort()])
}
