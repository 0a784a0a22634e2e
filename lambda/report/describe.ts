/** Errors, plans, unreachable listeners and the end of a run as events. Pure. */
import { RotationError } from '../errors.ts'
import { HOUR_MS } from '../instant.ts'
import type { Limited } from '../limits/limits.ts'
import type { Certificate, EpochMs, Observed, Outcome, StoreQuota } from '../model.ts'
import { targetKey } from '../model.ts'
import type { Plan } from '../plan/plan.ts'
import { firstFailure } from '../verify/judge.ts'
import type { RotationEvent } from './events.ts'
import { countByState, soonestExpiryDays } from './outcomes.ts'

export function describeError(error: RotationError): {
  code: string
  message: string
  hint: string
  facts: Record<string, unknown>
} {
  return { code: error.code, message: error.message, hint: error.hint, facts: { ...error.facts } }
}

/** The last event of every run, also of one that could not begin. */
export function describeEnd(
  { ok, outcomes }: { readonly ok: boolean; readonly outcomes: readonly Outcome[] },
  dryRun: boolean,
  startedAt: EpochMs,
  now: EpochMs,
): RotationEvent {
  return {
    event: 'run.finished',
    ok,
    dryRun,
    durationMs: Math.round(now - startedAt),
    counts: countByState(outcomes),
    outcomes: outcomes.map(({ certId, state, detail }) => ({ certId, state, detail })),
    soonestExpiryDays: soonestExpiryDays(outcomes, now),
  }
}

/** What is worth saying of one pass, before it acts. */
export function describePass(
  pass: number,
  { made, limited, desired, observed, quota }: PassFacts,
  intervalMs: number,
): RotationEvent[] {
  const isNeeded = made.actions.some(({ kind }) => kind === 'issue')
  return [
    ...(quota instanceof RotationError && !isNeeded && pass === 1
      ? [{ event: 'quota.unread' as const, error: describeError(quota) }]
      : []),
    describePlan(pass, made, limited),
    ...(pass > 1
      ? []
      : [
          ...outpacedCertificates(made, intervalMs),
          ...unreachableListeners(desired, observed),
          ...refusedReads(desired, observed),
        ]),
  ]
}

interface PassFacts {
  readonly made: Plan
  readonly limited: Limited
  readonly desired: readonly Certificate[]
  readonly observed: Observed
  readonly quota: StoreQuota | RotationError
}

function describePlan(pass: number, plan: Plan, limited: Limited): RotationEvent {
  return {
    event: 'plan.made',
    pass,
    actions: plan.actions.map((action) => ({
      kind: action.kind,
      certId: action.certId,
      ...('target' in action ? { listener: targetKey(action.target) } : {}),
      ...(action.kind === 'prune' ? { name: action.stored.name } : {}),
      reason: action.reason.code,
      detail: action.reason.detail,
    })),
    heldBack: [...limited.heldBack].map(([certId, { code, message }]) => ({ certId, code, message })),
    standings: plan.standings.map(({ certId, state, detail }) => ({ certId, state, detail })),
    kept: plan.kept.map(({ certId, stored, why }) => ({ certId, name: stored.name, why })),
  }
}

function outpacedCertificates({ outpaced }: Plan, intervalMs: number): RotationEvent[] {
  return outpaced.map(({ certId, windowMs }) => ({
    event: 'schedule.outpaced',
    certId,
    windowHours: hours(windowMs),
    intervalHours: hours(intervalMs),
  }))
}

function unreachableListeners(desired: readonly Certificate[], observed: Observed): RotationEvent[] {
  return desired.flatMap(({ id, targets }) =>
    targets.flatMap((target): RotationEvent[] => {
      const facts = observed.targets.get(targetKey(target))
      if (facts?.problem !== null || facts.probe.some((answer) => 'leaf' in answer)) return []
      const failure = firstFailure(facts.probe)
      return [{ event: 'listener.unreachable', certId: id, listener: targetKey(target), failure }]
    }),
  )
}

function refusedReads(desired: readonly Certificate[], observed: Observed): RotationEvent[] {
  return desired.flatMap(({ id, targets }) =>
    targets.flatMap((target): RotationEvent[] => {
      const facts = observed.targets.get(targetKey(target))
      if (facts?.problem !== null || facts.attached.origin !== 'foreign' || !facts.attached.refusal) return []
      const error = describeError(facts.attached.refusal)
      return [{ event: 'store.unread', certId: id, listener: targetKey(target), error }]
    }),
  )
}

/** With one decimal. */
function hours(ms: number): number {
  return Math.round((ms / HOUR_MS) * 10) / 10
}
