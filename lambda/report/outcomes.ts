/** From what was planned and done to one outcome for each certificate. Pure. */

import { DAY_MS, toDay } from '../domain/instant.ts'
import type {
  Certificate,
  CertificateResult,
  EpochMs,
  Lifetime,
  Observed,
  Outcome,
  OutcomeState,
  ReachableTarget,
} from '../domain/model.ts'
import { isFailure } from '../domain/model.ts'
import { leavesOf } from '../domain/probes.ts'
import type { RotationError } from '../domain/rotation-error.ts'
import { isWait } from '../limits/limits.ts'
import type { Plan } from '../plan/plan.ts'
import type { Status } from '../plan/statuses.ts'
import { type Advised, isOverdue, windowOf } from '../plan/window.ts'

export interface Evidence {
  readonly plan: Plan
  readonly observed: Observed
  readonly result: CertificateResult | undefined
  readonly heldBack: RotationError | undefined
  /** What the CA said about the newest certificate. */
  readonly renewal: Advised | null
  /** In a dry run nothing that was planned is done, and the outcome says what it would be. */
  readonly dryRun: boolean
  readonly now: EpochMs
}

/** What the outcome of one certificate depends on. */
interface OutcomeCase {
  readonly statuses: readonly Status[]
  /** Kinds of the actions that a dry run would do. */
  readonly planned: readonly string[]
  readonly errors: readonly RotationError[]
  /** Those of them that make it a failure. */
  readonly failures: readonly RotationError[]
  /** It has to wait, and what is installed is good for a while. */
  readonly waits: readonly RotationError[]
  readonly result: CertificateResult | undefined
}

type OutcomeRule = readonly [OutcomeState, (of: OutcomeCase) => boolean]

/** The first rule that holds decides. The order is the contract: from the worst, to what was done, to nothing. */
export const OUTCOME_RULES: readonly OutcomeRule[] = [
  ['held-back', isPlannedOnly],
  ['failed', ({ failures }) => failures.some(({ code }) => code !== 'verify/rejected')],
  ['rejected', ({ failures }) => failures.length > 0],
  ['held-back', ({ statuses }) => statuses.some(({ state }) => state === 'held-back')],
  ['postponed', ({ waits }) => waits.some(({ code }) => code === 'run/out-of-time')],
  ['held-back', ({ waits }) => waits.length > 0],
  ['renewed', ({ result }) => (result?.stored ?? null) !== null],
  ['attached', ({ result }) => placedEnds(result).length > 0],
  ['settled', () => true],
]

/** How a certificate ended the run. */
export function outcomeOf(certificate: Certificate, evidence: Evidence): Outcome {
  const installed = installedNow(certificate, evidence)
  const of = caseOf(certificate.id, evidence, installed)
  const [state] = OUTCOME_RULES.find(([, holds]) => holds(of)) ?? (['settled'] as const)
  const detail = isPlannedOnly(of)
    ? `dry run: would ${of.planned.join(', ')}`
    : detailOf(state, of, installed.notAfter)
  return { certId: certificate.id, state, detail, errors: of.errors, ...installed }
}

type Installed = Pick<Outcome, 'notAfter' | 'isOverdue'>

function installedNow(certificate: Certificate, evidence: Evidence): Installed {
  const { result, renewal, now } = evidence
  const kept = keptLifetimes(certificate, evidence)
  const ends = [...kept.map(({ notAfter }) => notAfter), ...placedEnds(result)]
  return {
    notAfter: ends.length === 0 ? null : Math.min(...ends),
    isOverdue: kept.some((lifetime) => isOverdue(lifetime, windowOf(lifetime, renewal), now)),
  }
}

function caseOf(id: string, evidence: Evidence, installed: Installed): OutcomeCase {
  const { plan, result, heldBack, dryRun } = evidence
  const statuses = plan.statuses.filter((status) => status.certId === id && !isFixed(status, result))
  const own = [...(heldBack ? [heldBack] : []), ...(result?.errors ?? [])]
  const mayWait = canWait(id, evidence) && isGood(installed, evidence.now)
  const waits = mayWait ? own.filter(isWait) : []
  return {
    statuses,
    planned: dryRun ? plan.actions.filter(({ certId }) => certId === id).map(({ kind }) => kind) : [],
    errors: [...own, ...statuses.flatMap(({ error }) => error ?? [])],
    failures: [
      ...own.filter((error) => !waits.includes(error)),
      ...statuses.flatMap(({ state, error }) => (error && state !== 'held-back' ? [error] : [])),
    ],
    waits,
    result,
  }
}

function isPlannedOnly({ planned, errors }: OutcomeCase): boolean {
  return planned.length > 0 && errors.length === 0
}

/** A listener that the previous certificate broke, and that serves its successor now. */
function isFixed({ state, listener }: Status, result: CertificateResult | undefined): boolean {
  return state === 'rejected' && listener !== null && (result?.inPlace.get(listener) ?? null) !== null
}

/** A renewal can wait; what somebody has changed or asked for, or what is missing, is wanted now. */
function canWait(certId: string, { plan }: Evidence): boolean {
  return plan.actions.every(
    (action) => action.certId !== certId || action.kind !== 'issue' || action.reason.code === 'renewal-due',
  )
}

/** What is installed is still valid, and not long past its due time. */
function isGood({ notAfter, isOverdue }: Installed, now: EpochMs): boolean {
  return notAfter !== null && notAfter > now && !isOverdue
}

/** The ends of what this run put in place. */
function placedEnds(result: CertificateResult | undefined): EpochMs[] {
  return [...(result?.inPlace.values() ?? [])].flatMap((end) => end ?? [])
}

/** What was observed at the targets where this run put nothing in place. */
function keptLifetimes({ targets }: Certificate, { observed, result }: Evidence): Lifetime[] {
  return targets.flatMap(({ key }) => {
    const facts = observed.targets.get(key)
    if (result?.inPlace.get(key) || facts?.problem !== null) return []
    return lifetimeAt(facts) ?? []
  })
}

/** What is served counts, and of several the one that ends first; when nothing answers, what is attached. */
function lifetimeAt({ attached, probe }: ReachableTarget): Lifetime | null {
  const [first] = leavesOf(probe).sort((a, b) => a.notAfter - b.notAfter)
  if (first) return first
  if (attached.origin === 'unreadable') return null
  return attached.origin === 'ours' ? attached.stored : attached.leaf
}

/** It failed, or what is installed should have been replaced long ago. */
export function isFailing(outcome: Outcome): boolean {
  return isFailure(outcome) || outcome.isOverdue
}

function detailOf(state: OutcomeState, { errors, statuses }: OutcomeCase, notAfter: EpochMs | null): string {
  if (errors.length > 0) return errors.map((error) => `${error.message} (${error.code})`).join('; ')
  if (state === 'settled' && statuses.length > 0) return statuses.map(({ detail }) => detail).join('; ')
  return notAfter === null ? 'nothing to do' : `good until ${toDay(notAfter)}`
}

export function countByState(outcomes: readonly Outcome[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { state } of outcomes) counts[state] = (counts[state] ?? 0) + 1
  return counts
}

/** @returns days with one decimal, or `null` when no end is known */
export function soonestExpiryDays(outcomes: readonly Outcome[], now: EpochMs): number | null {
  const ends = outcomes.flatMap(({ notAfter }) => (notAfter === null ? [] : [notAfter]))
  return ends.length === 0 ? null : Math.round(((Math.min(...ends) - now) / DAY_MS) * 10) / 10
}
