/**
 * Which certificates of ours are deleted, and why the others stay.
 *
 * A certificate is superseded once a newer one of the same entry was seen working on all targets of the entry. One that
 * every target rejected is so at once, unless it is the newest. It is deleted when it has been superseded for the grace
 * period and no listener has it. One that worked is kept for rollback. Pure.
 */
import { DAY_MS, HOUR_MS, toIso } from '../domain/instant.ts'
import type { Certificate, EpochMs, Observed, StoredCertificate, Target } from '../domain/model.ts'
import { idHash } from '../domain/names.ts'
import type { CertificateState } from '../domain/remembered.ts'
import type { Reason } from './checks.ts'
import { isRejected, rememberedOf } from './listener-state.ts'
import { newestFirst, newestOfOurs } from './newest.ts'
import type { PlanContext } from './plan-context.ts'

/** And at least two runs. */
const GRACE_MS = DAY_MS
/** When the store is nearly full: by then every load balancer has the new one. */
const SHORT_GRACE_MS = HOUR_MS
/** Of the account's quota, whoever uses it. */
const NEARLY_FULL = 0.9

/** Whether a stored certificate is deleted. */
export interface StoredDecision {
  readonly certId: string
  readonly stored: StoredCertificate
  /** Why it is deleted; `null` when it stays, which `why` explains. */
  readonly reason: Reason | null
  readonly why: string
}

type SupersededContext = Pick<PlanContext, 'now' | 'intervalMs' | 'states' | 'quota' | 'inUse'>

/** @returns a decision for every stored certificate of this entry, except those that its listeners have */
export function decideStored(
  desired: Certificate,
  observed: Observed,
  context: SupersededContext,
): StoredDecision[] {
  const remembered = rememberedOf(context.states, desired.id)
  const id = idHash(desired.id)
  const ours = observed.stored.filter((stored) => stored.idHash === id).sort(newestFirst)
  const newest = newestOfOurs(desired, observed)
  const current = lastSeenWorking(desired, ours, remembered)
  const older = current ? ours.slice(ours.indexOf(current.stored) + 1) : []
  const good = older
    .filter(({ notAfter }) => notAfter > context.now)
    .filter((one) => !desired.targets.some(rejects(one)))
  const rollback = rollbackAmong(good, desired, remembered)
  return ours.flatMap((stored): StoredDecision[] => {
    if (stored === current?.stored) return []
    const stays = (why: string): StoredDecision[] => [{ certId: desired.id, stored, reason: null, why }]
    const user = observed.users.get(stored.arn)
    if (user && desired.targets.some(({ key }) => key === user)) return []
    if (user) return stays(`${user} has it`)
    if (context.inUse.has(stored.arn)) return stays('IAM says that something uses it')
    if (observed.unread.has(stored.arn)) return stays('whether it was rejected could not be read')
    const wasRejected = desired.targets.every(rejects(stored))
    // the next plan needs it: without it, the rejection would be forgotten
    if (wasRejected && stored === newest) return stays('rejected, and kept until its successor is stored')
    if (!wasRejected && stored === rollback) return stays('kept for rollback')
    const since = wasRejected ? stored.uploadedAt : older.includes(stored) ? current?.since : undefined
    if (since === undefined) return stays('nothing newer was seen working on all targets')
    const code = wasRejected ? 'rejected' : 'superseded'
    const until = since + graceMs(context)
    if (!isOver(until, context.now)) return stays(`${code}, and kept until ${toIso(until)}`)
    return [{ certId: desired.id, stored, reason: { code, detail: `since ${toIso(since)}` }, why: '' }]
  })

  function rejects({ arn }: StoredCertificate): (target: Target) => boolean {
    return (target) => isRejected(arn, target, observed, remembered)
  }
}

/** What is remembered to have worked before, else what looks as if it had. */
export function rollbackAmong(
  good: readonly StoredCertificate[],
  { targets }: Certificate,
  { working }: CertificateState,
): StoredCertificate | undefined {
  return good.find(({ arn }) => targets.some(({ key }) => working[key]?.before === arn)) ?? good[0]
}

/** The one that was last seen working on every target, and since when it was on all of them. */
export function lastSeenWorking(
  { targets }: Certificate,
  ours: readonly StoredCertificate[],
  { working }: CertificateState,
): { readonly stored: StoredCertificate; readonly since: EpochMs } | null {
  const seen = targets.map(({ key }) => working[key])
  const stored = ours.find(({ arn }) => seen.every((one) => one?.arn === arn))
  if (!stored) return null
  return { stored, since: Math.max(...seen.map((one) => one?.since ?? 0)) }
}

export function isOver(until: EpochMs, now: EpochMs): boolean {
  return until <= now
}

function graceMs({ intervalMs, quota }: SupersededContext): number {
  const isNearlyFull = quota !== null && quota.used >= quota.limit * NEARLY_FULL
  return isNearlyFull ? SHORT_GRACE_MS : Math.max(GRACE_MS, 2 * intervalMs)
}
