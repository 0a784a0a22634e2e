/** From what was planned and done to one outcome for each certificate. Pure. */
import type { Deed } from '../act.ts'
import type { RotationError } from '../errors.ts'
import { DAY_MS, toDay } from '../instant.ts'
import type { Certificate, EpochMs, Outcome, OutcomeState } from '../model.ts'
import type { Plan, Standing } from '../plan/plan.ts'

export interface Evidence {
  readonly plan: Plan
  readonly deed: Deed | undefined
  readonly heldBack: RotationError | undefined
  /** Then what the plan wants is not done, and the outcome says what that is. */
  readonly dryRun: boolean
}

/** How a certificate ended the run: the worst of what was found and done; what was done where nothing is wrong. */
export function outcomeOf({ id }: Certificate, { plan, deed, heldBack, dryRun }: Evidence): Outcome {
  const standings = plan.standings.filter(({ certId }) => certId === id)
  const errors = [
    ...(heldBack ? [heldBack] : []),
    ...(deed?.errors ?? []),
    ...standings.flatMap(({ error }) => (error ? [error] : [])),
  ]
  const planned = dryRun ? plan.actions.filter(({ certId }) => certId === id).map(({ kind }) => kind) : []
  if (planned.length > 0 && errors.length === 0)
    return {
      certId: id,
      state: 'held-back',
      detail: `dry run: would ${planned.join(', ')}`,
      errors,
      notAfter: null,
    }
  const state =
    worst(errors, standings) ?? (deed?.issued ? 'renewed' : deed?.attached ? 'attached' : 'settled')
  const known = deed?.notAfter ?? plan.ends.get(id) ?? null
  const notAfter = known === 0 || known === Number.MAX_SAFE_INTEGER ? null : known
  return { certId: id, state, detail: detailOf(state, errors, standings, notAfter), errors, notAfter }
}

function worst(errors: readonly RotationError[], standings: readonly Standing[]): OutcomeState | null {
  const hard = errors.filter(({ code }) => code !== 'store/certificate-unreadable')
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
