/**
 * Which certificates of ours go, and why the others stay.
 *
 * A certificate is superseded once a newer one of the same entry is seen working on all targets of the entry; a
 * one that every target has rejected is so at once (but while it is the newest). It goes when it has been superseded for the grace period, and no listener of the region
 * has it. One that worked is kept, for rollback. Pure.
 */
import { toIso } from '../instant.ts'
import type { Certificate, EpochMs, Observed, StoredCertificate, StoreQuota, Target } from '../model.ts'
import { targetKey } from '../model.ts'
import { idHash } from '../names.ts'
import { type CertificateState, NOTHING_KNOWN } from '../state/items.ts'
import type { Reason } from './checks.ts'
import { newestFirst, newestOfOurs } from './newest.ts'
import { isRejected } from './rejected.ts'

/** Beside two runs. */
const GRACE_MS = 86_400_000
/** Where the store is nearly full: every load balancer has the new one by then. */
const SHORT_GRACE_MS = 3_600_000
/** Of the account's quota, whoever uses it. */
const NEARLY_FULL = 0.9

export interface PruneContext {
  readonly now: EpochMs
  readonly intervalMs: number
  readonly states: ReadonlyMap<string, CertificateState>
  readonly quota: StoreQuota | null
  /** ARNs that IAM has refused to delete in this run. */
  readonly inUse: ReadonlySet<string>
}

export interface Judged {
  readonly certId: string
  readonly stored: StoredCertificate
  /** Then it goes; else `why` it stays. */
  readonly reason: Reason | null
  readonly why: string
}

/** @returns a judgement of every stored certificate of this entry but those that its listeners have */
export function judgeStored(desired: Certificate, observed: Observed, context: PruneContext): Judged[] {
  const state = context.states.get(desired.id) ?? NOTHING_KNOWN
  const id = idHash(desired.id)
  const ours = observed.stored.filter((stored) => stored.idHash === id).sort(newestFirst)
  const newest = newestOfOurs(desired, observed)
  const force = inForce(desired, ours, state)
  const older = force ? ours.slice(ours.indexOf(force.stored) + 1) : []
  const good = older
    .filter(({ notAfter }) => notAfter > context.now)
    .filter((one) => !desired.targets.some(rejects(one)))
  // what is remembered to have worked, else what looks as if it had
  const rollback = good.find(({ arn }) => workedBefore(arn)) ?? good[0]
  return ours.flatMap((stored): Judged[] => {
    if (stored === force?.stored) return []
    const stays = (why: string): Judged[] => [{ certId: desired.id, stored, reason: null, why }]
    const user = observed.users.get(stored.arn)
    if (user && desired.targets.some((target) => targetKey(target) === user)) return []
    if (user) return stays(`${user} has it`)
    if (context.inUse.has(stored.arn)) return stays('IAM says that something uses it')
    if (observed.unread.has(stored.arn)) return stays('whether it was rejected could not be read')
    const wasRejected = desired.targets.every(rejects(stored))
    // what the next plan stands on: without it, nobody would know of the rejection
    if (wasRejected && stored === newest) return stays('rejected, and kept until its successor is stored')
    if (!wasRejected && stored === rollback) return stays('kept for rollback')
    const since = wasRejected ? stored.uploadedAt : older.includes(stored) ? force?.since : undefined
    if (since === undefined) return stays('nothing newer was seen working on all targets')
    const code = wasRejected ? 'rejected' : 'superseded'
    const until = since + graceMs(context)
    if (until > context.now) return stays(`${code}, and kept until ${toIso(until)}`)
    return [{ certId: desired.id, stored, reason: { code, detail: `since ${toIso(since)}` }, why: '' }]
  })

  function workedBefore(arn: string): boolean {
    return desired.targets.some((target) => state.working[targetKey(target)]?.before === arn)
  }

  function rejects(stored: StoredCertificate): (target: Target) => boolean {
    return (target) => isRejected(stored, target, observed, state)
  }
}

/** The one that was last seen working on every target, and since when it was on all of them. */
function inForce(
  { targets }: Certificate,
  ours: readonly StoredCertificate[],
  { working }: CertificateState,
): { readonly stored: StoredCertificate; readonly since: EpochMs } | null {
  const seen = targets.map((target) => working[targetKey(target)])
  const stored = ours.find(({ arn }) => seen.every((one) => one?.arn === arn))
  if (!stored) return null
  return { stored, since: Math.max(...seen.map((one) => one?.since ?? 0)) }
}

function graceMs({ intervalMs, quota }: PruneContext): number {
  const isNearlyFull = quota !== null && quota.used >= quota.limit * NEARLY_FULL
  return isNearlyFull ? SHORT_GRACE_MS : Math.max(GRACE_MS, 2 * intervalMs)
}
