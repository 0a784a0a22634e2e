/**
 * Whether a listener works, broke or fell silent with what it has attached. All code that needs to know that asks here.
 * Pure.
 */
import type {
  Attached,
  Certificate,
  EpochMs,
  Observed,
  ReachableTarget,
  StoredCertificate,
  Target,
} from '../domain/model.ts'
import { isServedEverywhere, isSilent, leavesOf } from '../domain/probes.ts'
import { type CertificateState, NOTHING_KNOWN, type WorkingRecord } from '../domain/remembered.ts'
import { isRejectedAt, TAG } from '../domain/tags.ts'

export type ListenerState =
  /** Every address serves what is attached. */
  | 'works'
  /** No address answers, and nothing is known against it: it cannot be reached from here, and the API is believed. */
  | 'works-unseen'
  /** What it has attached broke it in an earlier swap, and nobody has fixed it since. */
  | 'broke'
  /** It answered with another certificate at the last look, and no address answers with this one. */
  | 'fell-silent'
  /** It serves something else, only some addresses answer, or what it has attached cannot be read. */
  | 'unclear'

/** @param remembered of the certificate that the target belongs to */
export function listenerState(
  { target, attached, probe }: ReachableTarget,
  observed: Pick<Observed, 'details'>,
  remembered: Remembered,
): ListenerState {
  const serial = serialOf(attached)
  if (serial !== null && isServedEverywhere(probe, serial)) return 'works'
  if (isRejected(attached.arn, target, observed, remembered)) return 'broke'
  if (!isSilent(probe)) return 'unclear'
  const known = remembered.working[target.key]
  if (known?.seen && known.arn !== attached.arn) return 'fell-silent'
  return serial === null ? 'unclear' : 'works-unseen'
}

type Remembered = Pick<CertificateState, 'working' | 'rejected'>

/** A certificate broke a listener. Its tag says so, and the table where the tag could not be written. */
export function isRejected(
  arn: string,
  target: Target,
  { details }: Pick<Observed, 'details'>,
  { rejected }: Pick<CertificateState, 'rejected'>,
): boolean {
  return (
    isRejectedAt(details.get(arn)?.tags[TAG.rejected], target) ||
    rejected.some((one) => one.arn === arn && one.listener === target.key)
  )
}

/** It was rejected here. When it is attached and served all the same, somebody has fixed the listener. */
export function isBrokenBy(
  { arn, serial }: StoredCertificate,
  { target, attached, probe }: ReachableTarget,
  observed: Observed,
  remembered: Pick<CertificateState, 'rejected'>,
): boolean {
  if (!isRejected(arn, target, observed, remembered)) return false
  return !(attached.arn === arn && isServedEverywhere(probe, serial))
}

/** What to put back should the next swap break the listener, and whether it is broken already. */
export function fallbackFor(
  facts: ReachableTarget,
  observed: Observed,
  remembered: Remembered,
): { readonly restore: string | null; readonly wasBroken: boolean } {
  const { attached } = facts
  const state = listenerState(facts, observed, remembered)
  const wasBroken = attached.origin === 'ours' && (state === 'broke' || state === 'fell-silent')
  return { restore: wasBroken ? lastWorking(facts, remembered) : attached.arn, wasBroken }
}

/**
 * As `fallbackFor`, for a swap that an earlier run made: what was there before is remembered, or known because it is
 * still served.
 */
export function fallbackAfterSwap(
  facts: ReachableTarget,
  stored: StoredCertificate,
  observed: Observed,
  remembered: Remembered,
): { readonly restore: string | null; readonly wasBroken: boolean } {
  const served = new Set(leavesOf(facts.probe).map(({ serial }) => serial))
  const stillServed = observed.stored.find(({ serial }) => serial !== stored.serial && served.has(serial))
  return {
    restore: lastWorking(facts, remembered) ?? stillServed?.arn ?? null,
    wasBroken: listenerState(facts, observed, remembered) === 'fell-silent',
  }
}

/** @returns what was last seen working at the target, when that is not what it has attached now */
export function lastWorking(
  { target, attached }: ReachableTarget,
  { working }: Pick<Remembered, 'working'>,
): string | null {
  const arn = working[target.key]?.arn
  return arn === undefined || arn === attached.arn ? null : arn
}

/**
 * What works where, to be remembered: a listener gets it back when its next certificate breaks it, and it supersedes
 * what is older.
 *
 * @returns `before.working` itself when nothing changed; what does not work now stays as it was last seen working
 */
export function seenWorking(
  { targets }: Certificate,
  observed: Observed,
  before: Remembered,
  now: EpochMs,
): CertificateState['working'] {
  const changed = targets.flatMap((target): [string, WorkingRecord][] => {
    const facts = observed.targets.get(target.key)
    if (facts?.problem !== null) return []
    const state = listenerState(facts, observed, before)
    if (state !== 'works' && state !== 'works-unseen') return []
    const seen = state === 'works'
    const known = before.working[target.key]
    const { arn } = facts.attached
    if (known?.arn !== arn) return [[target.key, { arn, seen, since: now, before: known?.arn ?? null }]]
    return known.seen === seen ? [] : [[target.key, { ...known, seen }]]
  })
  return changed.length === 0 ? before.working : { ...before.working, ...Object.fromEntries(changed) }
}

/** @returns ARNs of what worked at some listener before what it was last seen working with */
export function workedBefore(states: ReadonlyMap<string, CertificateState>): ReadonlySet<string> {
  const all = [...states.values()].flatMap(({ working }) => Object.values(working))
  return new Set(all.flatMap(({ before }) => before ?? []))
}

export function rememberedOf(
  states: ReadonlyMap<string, CertificateState>,
  certId: string,
): CertificateState {
  return states.get(certId) ?? NOTHING_KNOWN
}

/** @returns `null` when what is attached cannot be read */
export function serialOf(attached: Attached): string | null {
  if (attached.origin === 'unreadable') return null
  return attached.origin === 'ours' ? attached.stored.serial : attached.leaf.serial
}
