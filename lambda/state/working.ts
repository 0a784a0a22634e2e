/** Who was seen working where: what a listener gets back when its next certificate breaks it, and what supersedes. Pure. */
import type { Certificate, EpochMs, Observed, ReachableTarget } from '../model.ts'
import { targetKey } from '../model.ts'
import { servesEverywhere } from '../verify/judge.ts'
import type { CertificateState } from './items.ts'

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
    return [[targetKey(target), { arn, seen, since: known?.arn === arn ? known.since : now }]]
  })
  return changed.length === 0 ? before.working : { ...before.working, ...Object.fromEntries(changed) }
}

/**
 * @returns whether it was seen by a handshake; `null` when it does not work. A listener that never answers is believed
 *   by what the API says; one that did answer and is silent now is not.
 */
function howItWorks(
  { attached, probe }: ReachableTarget,
  known: Working[string] | undefined,
): boolean | null {
  if (attached.origin === 'unreadable') return null
  const { serial } = attached.origin === 'ours' ? attached.stored : attached.leaf
  if (servesEverywhere(probe, serial)) return true
  const isSilent = probe.every((answer) => 'failure' in answer)
  if (!isSilent) return null
  if (known?.arn === attached.arn) return known.seen
  return known?.seen ? null : false
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
