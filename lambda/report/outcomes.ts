/** From what was planned and done to one outcome for each certificate. Pure. */
import type { Deed } from '../act.ts'
import type { RotationError } from '../errors.ts'
import { DAY_MS, toDay } from '../instant.ts'
import { isWait } from '../limits/limits.ts'
import type { Certificate, EpochMs, Observed, Outcome, OutcomeState, ReachableTarget } from '../model.ts'
import { isFailure, targetKey } from '../model.ts'
import type { Plan } from '../plan/plan.ts'
import type { Standing } from '../plan/standings.ts'
import { type Advised, isOverdue, type Lifetime, windowOf } from '../plan/window.ts'

export interface Evidence {
  readonly plan: Plan
  readonly observed: Observed
  readonly deed: Deed | undefined
  readonly heldBack: RotationError | undefined
  /** What the CA said of the newest one. */
  readonly renewal: Advised | null
  /** Then what the plan wants is not done, and the outcome says what that is. */
  readonly dryRun: boolean
  readonly now: EpochMs
}

/** How a certificate ended the run: the worst of what was found and done; what was done where nothing is wrong. */
export function outcomeOf(certificate: Certificate, evidence: Evidence): Outcome {
  const { id } = certificate
  const { plan, deed, heldBack, renewal, dryRun, now } = evidence
  const standings = plan.standings.filter((standing) => standing.certId === id && !isMended(standing, deed))
  const errors = [
    ...(heldBack ? [heldBack] : []),
    ...(deed?.errors ?? []),
    ...standings.flatMap(({ error }) => (error ? [error] : [])),
  ]
  const kept = keptLifetimes(certificate, evidence)
  const ends = [...kept.map((lifetime) => lifetime.notAfter), ...placedEnds(evidence)]
  const installed = {
    notAfter: ends.length === 0 ? null : Math.min(...ends),
    isOverdue: kept.some((lifetime) => isOverdue(lifetime, windowOf(lifetime, renewal), now)),
  }
  const planned = dryRun ? plan.actions.filter(({ certId }) => certId === id).map(({ kind }) => kind) : []
  if (planned.length > 0 && errors.length === 0)
    return {
      certId: id,
      state: 'held-back',
      detail: `dry run: would ${planned.join(', ')}`,
      errors,
      ...installed,
    }
  const placed = [...(deed?.inPlace.values() ?? [])].some((end) => end !== null)
  const done: OutcomeState = deed?.stored ? 'renewed' : placed ? 'attached' : 'settled'
  const mayWait = canWait(id, evidence) && isGood(installed, now)
  const [soft, deedErrors] = mayWait ? split(deed) : [[], deed?.errors ?? []]
  const waits = mayWait && heldBack !== undefined && isWait(heldBack)
  const hard = [...(heldBack && !waits ? [heldBack] : []), ...deedErrors, ...hardErrors(standings)]
  const isPostponed = heldBack?.code === 'run/out-of-time' || soft.length > 0
  const state = worst(hard, standings) ?? (isPostponed ? 'postponed' : waits ? 'held-back' : done)
  const detail = detailOf(state, errors, standings, installed.notAfter)
  return { certId: id, state, detail, errors, ...installed }
}

/** A listener that broke with the last one, and now serves its successor. */
function isMended({ state, error }: Standing, deed: Deed | undefined): boolean {
  if (state !== 'rejected' || !error) return false
  return (deed?.inPlace.get(String(error.facts['listener'])) ?? null) !== null
}

/** A renewal can; what somebody has changed or asked for, or what is missing, is wanted now. */
function canWait(certId: string, { plan }: Evidence): boolean {
  return plan.actions.every(
    (action) => action.certId !== certId || action.kind !== 'issue' || action.reason.code === 'renewal-due',
  )
}

/** What had no time left, and what really failed. */
function split(deed: Deed | undefined): [RotationError[], RotationError[]] {
  const errors = deed?.errors ?? []
  return [errors.filter(isWait), errors.filter((error) => !isWait(error))]
}

/** What is installed can wait: its due time has not passed by long. */
function isGood({ notAfter, isOverdue }: Pick<Outcome, 'notAfter' | 'isOverdue'>, now: EpochMs): boolean {
  return notAfter !== null && notAfter > now && !isOverdue
}

/** What was put in place in this run ends then. */
function placedEnds({ deed }: Evidence): EpochMs[] {
  return [...(deed?.inPlace.values() ?? [])].flatMap((end) => end ?? [])
}

/** What was observed at the targets where nothing was put in place. */
function keptLifetimes({ targets }: Certificate, { observed, deed }: Evidence): Lifetime[] {
  return targets.flatMap((target) => {
    const facts = observed.targets.get(targetKey(target))
    if (deed?.inPlace.get(targetKey(target)) || facts?.problem !== null) return []
    return lifetimeAt(facts) ?? []
  })
}

/** What is served counts, and of several what ends first; where nothing answers, what is attached. */
function lifetimeAt({ attached, probe }: ReachableTarget): Lifetime | null {
  const served = probe.flatMap((answer) => ('leaf' in answer ? [answer.leaf] : []))
  const [first] = served.sort((a, b) => a.notAfter - b.notAfter)
  if (first) return first
  if (attached.origin === 'unreadable') return null
  return attached.origin === 'ours' ? attached.stored : attached.leaf
}

/** Red until mended: it failed, or what is installed should have been replaced long ago. */
export function isFailing(outcome: Outcome): boolean {
  return isFailure(outcome) || outcome.isOverdue
}

function hardErrors(standings: readonly Standing[]): RotationError[] {
  return standings.flatMap(({ state, error }) => (error && state !== 'held-back' ? [error] : []))
}

function worst(hard: readonly RotationError[], standings: readonly Standing[]): OutcomeState | null {
  if (hard.length > 0) return hard.some(({ code }) => code !== 'verify/rejected') ? 'failed' : 'rejected'
  return standings.some(({ state }) => state === 'held-back') ? 'held-back' : null
}

function detailOf(
  state: OutcomeState,
  errors: readonly RotationError[],
  standings: readonly Standing[],
  notAfter: EpochMs | null,
): string {
  if (errors.length > 0) return errors.map((error) => `${error.message} (${error.code})`).join('; ')
  if (state === 'settled' && standings.length > 0) return standings.map(({ detail }) => detail).join('; ')
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
