/** Challenge values: wanted, written, and the record sets that hold them. Pure. */
import type { Settings } from '../defaults.ts'
import type { TxtRecordSet } from '../ports.ts'
import type { NotedValues } from '../state/items.ts'
import type { ChallengeZone } from './zones.ts'

/** A value that one certificate needs at one name. */
export interface WantedValue {
  readonly certId: string
  readonly zone: ChallengeZone
  readonly name: string
  /** As the CA computes it, unquoted. */
  readonly value: string
}

/** What was written at one name, to be taken away again. */
export interface WrittenValues {
  readonly zone: ChallengeZone
  readonly name: string
  readonly ours: readonly string[]
  readonly set: TxtRecordSet | null
}

/** One for each name: an edit of a name must not stand beside another of the same name. */
export function mergedByName(written: readonly WrittenValues[]): WrittenValues[] {
  const merged = new Map<string, WrittenValues>()
  for (const one of written) {
    const key = placeKey(one.zone, one.name)
    const other = merged.get(key)
    if (!other) merged.set(key, one)
    else {
      const ours = [...new Set([...other.ours, ...one.ours])]
      const set = one.set && withValues(other.set, one.name, one.set.values, one.set.ttlSeconds)
      merged.set(key, { ...one, ours, set: set ?? other.set })
    }
  }
  return [...merged.values()]
}

/** What may be in one change. */
export function batchKey({ id, group }: ChallengeZone): string {
  return `${id} ${group}`
}

export function placeKey(zone: ChallengeZone, name: string): string {
  return `${zone.id} ${name}`
}

/** What an earlier run has noted, as it has written it where nothing else was there. */
export function asWritten({ zone, name, ours }: NotedValues, settings: Settings): WrittenValues {
  return { zone, name, ours, set: withValues(null, name, ours, settings.challengeTtlSeconds) }
}

/** What `present` is about to write, to be noted first. */
export function toNote(wanted: readonly WantedValue[]): NotedValues[] {
  return byZone(wanted).flatMap(({ zone, names }) =>
    [...names].map(([name, ours]) => ({ zone, name, ours: [...ours] })),
  )
}

export interface ZoneValues {
  readonly zone: ChallengeZone
  readonly names: ReadonlyMap<string, readonly string[]>
}

/** Zones and names in a fixed order; equal values of two certificates once. */
export function byZone(wanted: readonly WantedValue[]): ZoneValues[] {
  const zones = new Map<string, { zone: ChallengeZone; names: Map<string, string[]> }>()
  for (const { zone, name, value } of [...wanted].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const entry = zones.get(batchKey(zone)) ?? { zone, names: new Map<string, string[]>() }
    zones.set(batchKey(zone), entry)
    const values = entry.names.get(name) ?? []
    entry.names.set(name, values)
    if (!values.includes(quoted(value))) values.push(quoted(value))
  }
  return [...zones.values()]
}

/** Always a set of its own: values that are there already are written once more, for a change that can be waited for. */
export function withValues(
  set: TxtRecordSet | null,
  name: string,
  ours: readonly string[],
  ttlSeconds: number,
): TxtRecordSet {
  const there = set?.values ?? []
  return {
    name,
    ttlSeconds: set?.ttlSeconds ?? ttlSeconds,
    values: [...there, ...ours.filter((value) => !there.includes(value))],
  }
}

export function withoutValues(set: TxtRecordSet | null, ours: readonly string[]): TxtRecordSet | null {
  if (set === null || !set.values.some((value) => ours.includes(value))) return set
  const rest = set.values.filter((value) => !ours.includes(value))
  return rest.length === 0 ? null : { ...set, values: rest }
}

function quoted(value: string): string {
  return `"${value}"`
}
