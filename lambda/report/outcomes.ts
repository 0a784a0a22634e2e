/** From what was planned and done to one outcome for each certificate. Pure. */
import type { Deed } from '../act.ts'
import type { RotationError } from '../errors.ts'
import { DAY_MS, toDay } from '../instant.ts'
import type { Certificate, EpochMs, Observed, Outcome, OutcomeState, ReachableTarget } from '../model.ts'
import { targetKey } from '../model.ts'
import type { Plan } from '../plan/plan.ts'
import type { Standing } from '../plan/standings.ts'

export interface Evidence {
  readonly plan: Plan
  readonly observed: Observed
  readonly deed: Deed | undefined
  readonly heldBack: RotationError | undefined
  /** Then what the plan wants is not done, and the outcome says what that is. */
  readonly dryRun: boolean
}

/** How a certificate ended the run: the worst of what was found and done; what was done where nothing is wrong. */
export function outcomeOf(certificate: Certificate, evidence: Evidence): Outcome {
  const { id } = certificate
  const { plan, deed, heldBack, dryRun } = evidence
  const standings = plan.standings.filter(({ certId }) => certId === id)
  const errors = [
    ...(heldBack ? [heldBack] : []),
    ...(deed?.errors ?? []),
    ...standings.flatMap(({ error }) => (error ? [error] : [])),
  ]
  const notAfter = installedEnd(certificate, evidence)
  const planned = dryRun ? plan.actions.filter(({ certId }) => certId === id).map(({ kind }) => kind) : []
  if (planned.length > 0 && errors.length === 0)
    return {
      certId: id,
      state: 'held-back',
      detail: `dry run: would ${planned.join(', ')}`,
      errors,
      notAfter,
    }
  const placed = [...(deed?.inPlace.values() ?? [])].some((end) => end !== null)
  const done: OutcomeState = deed?.stored ? 'renewed' : placed ? 'attached' : 'settled'
  const hard = [...(heldBack ? [heldBack] : []), ...(deed?.errors ?? []), ...hardErrors(standings)]
  const state = worst(hard, standings) ?? done
  return { certId: id, state, detail: detailOf(state, errors, standings, notAfter), errors, notAfter }
}

/** When the first of what is really in place ends: what was put there in this run, else what was observed. */
function installedEnd({ targets }: Certificate, { observed, deed }: Evidence): EpochMs | null {
  const ends = targets.flatMap((target) => {
    const inPlace = deed?.inPlace.get(targetKey(target))
    const facts = observed.targets.get(targetKey(target))
    return inPlace ?? (facts?.problem === null ? (attachedEnd(facts) ?? []) : [])
  })
  return ends.length === 0 ? null : Math.min(...ends)
}

/** What is served counts; where nothing answers, what is attached. */
function attachedEnd({ attached, probe }: ReachableTarget): EpochMs | null {
  const served = probe.flatMap((answer) => ('leaf' in answer ? [answer.leaf.notAfter] : []))
  if (served.length > 0) return Math.min(...served)
  if (attached.origin === 'unreadable') return null
  return attached.origin === 'ours' ? attached.stored.notAfter : attached.leaf.notAfter
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
