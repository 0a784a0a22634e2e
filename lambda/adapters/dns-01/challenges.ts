/**
 * The challenge values of a whole wave: published in one change for each zone, awaited together, removed the same way.
 * Where the names of a zone do not fit into one statement of the policy, there is one change for each group of them.
 */
import type { Settings } from '../../domain/defaults.ts'
import type { ErrorCode } from '../../domain/errors.ts'
import { toSpan } from '../../domain/instant.ts'
import { recordKey } from '../../domain/names.ts'
import { outOfTime, RotationError, rotationErrorOrThrow } from '../../domain/rotation-error.ts'
import { poll } from '../../poll.ts'
import type { ChallengeValue, ChallengeZone, Time } from '../../ports.ts'
import type { HostedZones } from './hosted-zones.ts'
import { type Edit, rewrite } from './rewrite.ts'
import {
  asWritten,
  batchKey,
  byZone,
  mergedByName,
  type WrittenValues,
  withoutValues,
  withValues,
} from './values.ts'

export interface ZoneChange {
  readonly zone: ChallengeZone
  readonly changeId: string
}

export interface Published {
  readonly written: readonly WrittenValues[]
  readonly changes: readonly ZoneChange[]
  /** By `recordKey`: why nothing could be written there. */
  readonly failed: ReadonlyMap<string, RotationError>
}

export interface DnsContext {
  readonly zones: HostedZones
  readonly time: Time
  readonly settings: Settings
}

/** Write all values without waiting. A zone that cannot be changed fails its own names, and no others. */
export async function publish(
  values: readonly ChallengeValue[],
  { zones, time, settings }: DnsContext,
): Promise<Published> {
  const written: WrittenValues[] = []
  const changes: ZoneChange[] = []
  const failed = new Map<string, RotationError>()
  for (const { zone, names } of byZone(values)) {
    if (time.now() >= time.stopAt) {
      for (const name of names.keys()) failed.set(recordKey({ zone, name }), outOfTime(name))
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
      failed.set(recordKey({ zone, name }), error)
      const ours = names.get(name) ?? []
      if (mayHaveArrived(error)) written.push(asWritten({ zone, name, ours: [...ours] }, settings))
    }
  }
  return { written, changes, failed }
}

/**
 * Wait until all of Route53's servers have every change.
 *
 * @returns by `batchKey`: why its changes are not known to be there: dns/not-in-sync, or why Route53 could not be asked
 */
export async function waitInSync(
  changes: readonly ZoneChange[],
  { zones, time, settings }: DnsContext,
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
    } catch (thrown) {
      late.set(batchKey(zone), rotationErrorOrThrow(thrown))
    }
  }
  return late
}

/** Names that could not be cleaned, for one cause. */
export interface NotCleaned {
  readonly zone: ChallengeZone
  readonly names: readonly string[]
  readonly cause: RotationError
}

/** Remove our values and nothing else. One that is gone is success. */
export async function remove(
  written: readonly WrittenValues[],
  { zones, time, settings }: DnsContext,
): Promise<readonly NotCleaned[]> {
  const left: NotCleaned[] = []
  for (const key of new Set(written.map(({ zone }) => batchKey(zone)))) {
    const here = mergedByName(written.filter(({ zone }) => batchKey(zone) === key))
    const zone = here[0]?.zone
    if (!zone) continue
    const edits = here.map(({ name, ours, set }): Edit => {
      return { name, assumed: set, apply: (existing) => withoutValues(existing, ours) }
    })
    const { failed } = await rewrite(zones, zone, edits, time, settings)
    for (const cause of new Set(failed.values())) {
      const names = [...failed].flatMap(([name, why]) => (why === cause ? [name] : []))
      left.push({ zone, names, cause })
    }
  }
  return left
}

/** The last of several attempts may be throttled or refused although the first one succeeded. */
const MAY_HAVE_ARRIVED: readonly ErrorCode[] = [
  'aws/unreachable',
  'aws/unavailable',
  'aws/throttled',
  'aws/refused',
]

/** A change whose answer was lost may have been made: the clean-up then looks at what is there. */
function mayHaveArrived(error: RotationError): boolean {
  return MAY_HAVE_ARRIVED.includes(error.code)
}
