/**
 * Challenge values of a whole wave: published in one change a zone, awaited together, removed in the same way. Where
 * the names of a zone do not fit one statement of the policy, it is one change for each group of them.
 */

import type { Settings } from '../defaults.ts'
import { type ErrorCode, RotationError } from '../errors.ts'
import { poll } from '../poll.ts'
import type { Ports, TxtRecordSet } from '../ports.ts'
import { type Edit, rewrite } from './rewrite.ts'
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

export interface ZoneChange {
  readonly zone: ChallengeZone
  readonly changeId: string
}

export interface Presented {
  readonly written: readonly WrittenValues[]
  readonly changes: readonly ZoneChange[]
  /** By zone id and name: why nothing could be written there. */
  readonly failed: ReadonlyMap<string, RotationError>
}

type World = Pick<Ports, 'zones' | 'time'>

/**
 * Publish all values, one change a zone; returns without waiting. Repeating it with the same values is a no-op.
 * A zone that cannot be changed fails the names in it, and leaves the other zones alone.
 */
export async function present(
  wanted: readonly WantedValue[],
  { zones, time }: World,
  settings: Settings,
): Promise<Presented> {
  const written: WrittenValues[] = []
  const changes: ZoneChange[] = []
  const failed = new Map<string, RotationError>()
  for (const { zone, names } of byZone(wanted)) {
    const edits = [...names].map(([name, ours]): Edit => {
      return {
        name,
        assumed: null,
        apply: (set) => withValues(set, name, ours, settings.challengeTtlSeconds),
      }
    })
    const result = await rewrite(zones, zone, edits, time, settings)
    changes.push(...result.changeIds.map((changeId) => ({ zone, changeId })))
    for (const [name, set] of result.sets) written.push({ zone, name, ours: names.get(name) ?? [], set })
    for (const [name, error] of result.failed) {
      failed.set(placeKey(zone, name), error)
      const ours = names.get(name) ?? []
      if (mayHaveArrived(error))
        written.push({ zone, name, ours, set: withValues(null, name, ours, settings.challengeTtlSeconds) })
    }
  }
  return { written, changes, failed }
}

/**
 * Block until all of Route53's servers have every change.
 *
 * @returns by `batchKey`: why its changes are not known to be there, dns/not-in-sync or that they could not be asked for
 */
export async function waitInSync(
  changes: readonly ZoneChange[],
  { zones, time }: World,
  settings: Settings,
): Promise<ReadonlyMap<string, RotationError>> {
  const late = new Map<string, RotationError>()
  const bounds = { intervalMs: settings.dnsSyncIntervalMs, timeoutMs: settings.dnsSyncTimeoutMs }
  for (const { zone, changeId } of changes) {
    try {
      const inSync = await poll(time, bounds, async () => ((await zones.isInSync(changeId)) ? true : null))
      if (inSync) continue
      const what = `Route53's change ${changeId} was still PENDING after ${settings.dnsSyncTimeoutMs / 1000} s`
      late.set(batchKey(zone), new RotationError('dns/not-in-sync', what, { changeId }))
    } catch (error) {
      if (!(error instanceof RotationError)) throw error
      late.set(batchKey(zone), error)
    }
  }
  return late
}

/**
 * Take away our values and nothing else. Nothing there is success.
 *
 * @returns what could not be removed, one error a zone and cause
 */
export async function cleanUp(
  written: readonly WrittenValues[],
  { zones, time }: World,
  settings: Settings,
): Promise<readonly RotationError[]> {
  const errors: RotationError[] = []
  for (const key of new Set(written.map(({ zone }) => batchKey(zone)))) {
    const here = written.filter(({ zone }) => batchKey(zone) === key)
    const zone = here[0]?.zone
    if (!zone) continue
    const edits = here.map(({ name, ours, set }): Edit => {
      return { name, assumed: set, apply: (existing) => withoutValues(existing, ours) }
    })
    const { failed } = await rewrite(zones, zone, edits, time, settings)
    for (const error of new Set(failed.values())) {
      const names = [...failed].flatMap(([name, why]) => (why === error ? [name] : []))
      errors.push(notCleaned(zone, names, error))
    }
  }
  return errors
}

/** What may be in one change. */
export function batchKey({ id, group }: ChallengeZone): string {
  return `${id} ${group}`
}

export function placeKey(zone: ChallengeZone, name: string): string {
  return `${zone.id} ${name}`
}

/** The last of several tries may be throttled or refused although the first one was made. */
const MAY_HAVE_ARRIVED: readonly ErrorCode[] = [
  'aws/unreachable',
  'aws/unavailable',
  'aws/throttled',
  'aws/refused',
]

/** A change whose answer was lost may have been made: the clean-up then looks what is there. */
function mayHaveArrived(error: RotationError): boolean {
  return MAY_HAVE_ARRIVED.includes(error.code)
}

interface ZoneValues {
  readonly zone: ChallengeZone
  readonly names: ReadonlyMap<string, readonly string[]>
}

/** Zones and names in a fixed order; equal values of two certificates once. */
function byZone(wanted: readonly WantedValue[]): ZoneValues[] {
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
function withValues(
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

function withoutValues(set: TxtRecordSet | null, ours: readonly string[]): TxtRecordSet | null {
  if (set === null || !set.values.some((value) => ours.includes(value))) return set
  const rest = set.values.filter((value) => !ours.includes(value))
  return rest.length === 0 ? null : { ...set, values: rest }
}

function notCleaned(zone: ChallengeZone, names: readonly string[], cause: RotationError): RotationError {
  const what = `challenge values stay at ${names.join(', ')} in ${zone.name} (${zone.id}): ${cause.message}`
  return new RotationError('dns/clean-up-failed', what, { zone: zone.id, names }, { cause })
}

function quoted(value: string): string {
  return `"${value}"`
}
