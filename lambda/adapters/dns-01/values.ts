/** Challenge values and the record sets that hold them. Pure. */
import type { Settings } from '../../domain/defaults.ts'
import { recordKey } from '../../domain/names.ts'
import type { NotedValues } from '../../domain/remembered.ts'
import type { ChallengeValue, ChallengeZone } from '../../ports.ts'
import type { TxtRecordSet } from './hosted-zones.ts'

/** What was written at one name, to be removed again. */
export interface WrittenValues {
  readonly zone: ChallengeZone
  readonly name: string
  readonly ours: readonly string[]
  readonly set: TxtRecordSet | null
}

/** One edit for each name: a change must not hold two of the same name. */
export function mergedByName(written: readonly WrittenValues[]): WrittenValues[] {
  const merged = new Map<string, WrittenValues>()
  for (const one of written) {
    const key = recordKey(one)
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

/** Values with the same key may be in one change. */
export function batchKey({ id, group }: ChallengeZone): string {
  return `${id} ${group}`
}

/** What an earlier run noted, as it wrote it if nothing else was at the name. */
export function asWritten({ zone, name, ours }: NotedValues, settings: Settings): WrittenValues {
  return { zone, name, ours, set: withValues(null, name, ours, settings.challengeTtlSeconds) }
}

/** What `publish` is about to write, to be noted first. */
export function toNote(wanted: readonly ChallengeValue[]): NotedValues[] {
  return byZone(wanted).flatMap(({ zone, names }) =>
    [...names].map(([name, ours]) => ({ zone, name, ours: [...ours] })),
  )
}

export interface ZoneValues {
  readonly zone: ChallengeZone
  readonly names: ReadonlyMap<string, readonly string[]>
}

/** Zones and names in a fixed order; equal values of two certificates once. */
export function byZone(wanted: readonly ChallengeValue[]): ZoneValues[] {
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

/** Always a new set: values that are there already are written once more, so that there is a change to wait for. */
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
