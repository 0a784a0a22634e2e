/**
 * Challenge values of a whole wave: published in one change a zone, awaited together, removed in the same way. Where
 * the names of a zone do not fit one statement of the policy, it is one change for each group of them.
 */

import type { Settings } from '../defaults.ts'
import { type ErrorCode, RotationError } from '../errors.ts'
import { toSpan } from '../instant.ts'
import { outOfTime } from '../parallel.ts'
import { poll } from '../poll.ts'
import type { Ports } from '../ports.ts'
import { type Edit, rewrite } from './rewrite.ts'
import {
  asWritten,
  batchKey,
  byZone,
  mergedByName,
  placeKey,
  type WantedValue,
  type WrittenValues,
  withoutValues,
  withValues,
} from './values.ts'
import type { ChallengeZone } from './zones.ts'

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
    if (time.now() >= time.stopAt) {
      for (const name of names.keys()) failed.set(placeKey(zone, name), outOfTime(name))
      continue
    }
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
      if (mayHaveArrived(error)) written.push(asWritten({ zone, name, ours: [...ours] }, settings))
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
    const begun = time.now()
    try {
      const inSync = await poll(time, bounds, async () => ((await zones.isInSync(changeId)) ? true : null))
      if (inSync) continue
      const what = `Route53's change ${changeId} was still PENDING after ${toSpan(time.now() - begun)}`
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
    const here = mergedByName(written.filter(({ zone }) => batchKey(zone) === key))
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

function notCleaned(zone: ChallengeZone, names: readonly string[], cause: RotationError): RotationError {
  const what = `challenge values stay at ${names.join(', ')} in ${zone.name} (${zone.id}): ${cause.message}`
  return new RotationError('dns/clean-up-failed', what, { zone: zone.id, names }, { cause })
}
