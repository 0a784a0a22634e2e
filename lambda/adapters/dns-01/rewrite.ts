/**
 * Edit TXT record sets without losing what others write to them.
 *
 * Route53 has no compare-and-swap, but a DELETE of an exact set and a CREATE in one batch is refused as a whole
 * when the set is not what was expected. So: assume, change, and only when that is refused, read and try again. The first
 * assumption costs no call: at challenge names there is nearly always nothing.
 *
 * @see https://docs.amazonaws.cn/Route53/latest/APIReference/API_ChangeResourceRecordSets.html
 */

import type { HostedZone } from '../../domain/model.ts'
import { RotationError, rotationErrorOrThrow } from '../../domain/rotation-error.ts'
import type { Time } from '../../ports.ts'
import type { HostedZones, TxtRecordSet } from './hosted-zones.ts'

export interface Edit {
  readonly name: string
  /** What is assumed to be there now. */
  readonly assumed: TxtRecordSet | null
  /** From the existing set to the wanted one. `null` means no set; returning the set it was given leaves it alone. */
  readonly apply: (existing: TxtRecordSet | null) => TxtRecordSet | null
}

export interface Rewritten {
  readonly changeIds: readonly string[]
  /** What is there now, by name; names that failed are left out. */
  readonly sets: ReadonlyMap<string, TxtRecordSet | null>
  readonly failed: ReadonlyMap<string, RotationError>
}

/** Route53 takes 1,000 records a change; an edit is at most a DELETE and a CREATE of a few values each. */
const EDITS_PER_CHANGE = 100
/** Long enough for another writer to finish, and short compared with everything else. */
const PAUSE_MS = 500

export interface RewriteBounds {
  readonly dnsChangeAttempts: number
}

/**
 * Apply all edits, a hundred names a change. When a batch keeps being refused, its names are tried one by one, so that a
 * name that cannot be written fails alone.
 *
 * @returns in `failed` what could not be done: dns/record-unsupported, dns/change-refused, or why Route53 could not be
 *   asked. Throws only for a bug: what was changed before a failure must not be lost.
 */
export async function rewrite(
  zones: HostedZones,
  zone: HostedZone,
  edits: readonly Edit[],
  time: Time,
  bounds: RewriteBounds,
): Promise<Rewritten> {
  const changeIds: string[] = []
  const sets = new Map<string, TxtRecordSet | null>()
  const failed = new Map<string, RotationError>()
  for (let at = 0; at < edits.length; at += EDITS_PER_CHANGE) {
    const chunk = edits.slice(at, at + EDITS_PER_CHANGE)
    const refused = await attempted(chunk)
    if (refused && refused.left.length === 1) fail(refused.left, refused.why)
    else
      for (const edit of refused?.left ?? []) {
        const alone = await attempted([edit])
        if (alone) fail(alone.left, alone.why)
      }
  }
  return { changeIds, sets, failed }

  /** As `attempt`; when Route53 could not be asked, all its names fail. */
  async function attempted(chunk: readonly Edit[]): ReturnType<typeof attempt> {
    try {
      return await attempt(chunk)
    } catch (thrown) {
      const error = rotationErrorOrThrow(thrown)
      for (const { name } of chunk) if (!sets.has(name) && !failed.has(name)) failed.set(name, error)
      return null
    }
  }

  /** @returns the edits that could not be made, and Route53's message; `null` when all were made. */
  async function attempt(chunk: readonly Edit[]): Promise<{ left: readonly Edit[]; why: string } | null> {
    let left = chunk
    let why = ''
    for (let attempts = 0; attempts < bounds.dnsChangeAttempts && left.length > 0; attempts++) {
      const answer = await changeAll(left)
      if (answer === null) return null
      why = answer
      const looked = await readAll(left)
      const unchanged = looked.every((edit, index) => sameSet(edit.assumed, left[index]?.assumed ?? null))
      left = looked.filter(({ name }) => !failed.has(name))
      // refused although the zone is as was assumed: reading again will not help
      if (unchanged && left.length === looked.length) break
      await time.sleep(PAUSE_MS)
    }
    return left.length > 0 ? { left, why } : null
  }

  /** @returns `null` when done, or why Route53 refused. */
  async function changeAll(chunk: readonly Edit[]): Promise<string | null> {
    const moves = chunk.map((edit) => ({ from: edit.assumed, to: edit.apply(edit.assumed), name: edit.name }))
    const real = moves.filter(({ from, to }) => from !== to)
    if (real.length > 0) {
      const remove = real.flatMap(({ from }) => (from ? [from] : []))
      const create = real.flatMap(({ to }) => (to ? [to] : []))
      const answer = await zones.change(zone, remove, create)
      if ('refused' in answer) return answer.refused
      changeIds.push(answer.changeId)
    }
    for (const { name, to } of moves) sets.set(name, to)
    return null
  }

  /** What is at each name, as the new assumption; names with an obstacle fail here. */
  async function readAll(chunk: readonly Edit[]): Promise<Edit[]> {
    const looked: Edit[] = []
    for (const edit of chunk) {
      const { txt, obstacle } = await zones.read(zone, edit.name)
      // with nothing of ours to remove, what is there is not in the way
      if (obstacle && edit.apply(txt) !== null) failed.set(edit.name, unsupported(edit.name, zone, obstacle))
      looked.push({ ...edit, assumed: txt })
    }
    return looked
  }

  function fail(left: readonly Edit[], why: string): void {
    for (const { name } of left) {
      const what = `Route53 refused to change TXT ${name} in ${zone.name} (${zone.id}): ${why}`
      failed.set(name, new RotationError('dns/change-refused', what, { name, zone: zone.id }))
    }
  }
}

function unsupported(name: string, zone: HostedZone, obstacle: string): RotationError {
  const what = `${name} in ${zone.name} (${zone.id}) has ${obstacle}, so that no challenge value can be written there`
  return new RotationError('dns/record-unsupported', what, { name, zone: zone.id })
}

function sameSet(a: TxtRecordSet | null, b: TxtRecordSet | null): boolean {
  if (a === null || b === null) return a === b
  return (
    a.ttlSeconds === b.ttlSeconds &&
    a.values.length === b.values.length &&
    a.values.every((value) => b.values.includes(value))
  )
}
