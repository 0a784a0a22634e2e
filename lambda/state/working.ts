/** Who was seen working where: what a listener gets back when its next certificate breaks it, and what supersedes. Pure. */
import type { Certificate, EpochMs, Observed, Probe, ReachableTarget } from '../model.ts'
import { targetKey } from '../model.ts'
import { isSilent, servesEverywhere } from '../verify/judge.ts'
import type { CertificateState } from './items.ts'
import type { Memory } from './memory.ts'

type Working = CertificateState['working']

/**
 * @param before of the same certificate
 * @returns `before` itself when nothing changed; what does not work now stays as it was last seen working
 */
export function seenWorking(
  { targets }: Certificate,
  observed: Observed,
  before: Pick<CertificateState, 'working' | 'rejected'>,
  now: EpochMs,
): Working {
  const changed = targets.flatMap((target): [string, Working[string]][] => {
    const facts = observed.targets.get(targetKey(target))
    if (facts?.problem !== null) return []
    const known = before.working[targetKey(target)]
    const { arn } = facts.attached
    const seen = howItWorks(facts, known)
    if (seen === null || isBroken(facts, before.rejected)) return []
    if (known?.arn === arn && known.seen === seen) return []
    const isSame = known?.arn === arn
    const since = isSame ? known.since : now
    const previous = isSame ? known.before : (known?.arn ?? null)
    return [[targetKey(target), { arn, seen, since, before: previous }]]
  })
  return changed.length === 0 ? before.working : { ...before.working, ...Object.fromEntries(changed) }
}

/** @returns ARNs of what worked at some listener before the one that it was last seen working with */
export function workedBefore({ certificates }: Pick<Memory, 'certificates'>): ReadonlySet<string> {
  const all = [...certificates.values()].flatMap(({ working }) => Object.values(working))
  return new Set(all.flatMap(({ before }) => before ?? []))
}

/**
 * A listener that nobody can reach is believed by what the API says, as long as it was so before its certificate came:
 * one that answered with the last certificate and is silent with this one may be broken by it.
 *
 * @returns whether a handshake saw it; `null` when it does not work, or nobody knows
 */
function howItWorks(
  { attached, probe }: ReachableTarget,
  known: Working[string] | undefined,
): boolean | null {
  if (attached.origin === 'unreadable') return null
  const { serial } = attached.origin === 'ours' ? attached.stored : attached.leaf
  if (servesEverywhere(probe, serial)) return true
  if (!isSilent(probe)) return null
  return known?.seen && known.arn !== attached.arn ? null : false
}

function isBroken(
  { target, attached, probe }: ReachableTarget,
  rejected: CertificateState['rejected'],
): boolean {
  const isRejected = rejected.some(
    ({ listener, arn }) => listener === targetKey(target) && arn === attached.arn,
  )
  return isRejected && (attached.origin !== 'ours' || !servesEverywhere(probe, attached.stored.serial))
}

/** It answered with another certificate at the last look, and answers nobody with this one: who has just swapped it died. */
export function wentSilent(known: Working[string] | undefined, arn: string, probe: Probe): boolean {
  return known?.seen === true && known.arn !== arn && isSilent(probe)
}
