/** Plans, unreachable listeners and the end of a run as events. Pure. */

import type { RotationEvent } from '../domain/events.ts'
import { HOUR_MS } from '../domain/instant.ts'
import type { Certificate, EpochMs, Observed, Outcome, StoreQuota } from '../domain/model.ts'
import { firstFailure, isSilent } from '../domain/probes.ts'
import { describeError, RotationError } from '../domain/rotation-error.ts'
import type { Limited } from '../limits/limits.ts'
import type { Plan } from '../plan/plan.ts'
import { countByState, soonestExpiryDays } from './outcomes.ts'

/** The last event of every run, even of one that could not begin. */
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

/** The events of one pass, before it acts. */
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
      ...('target' in action ? { listener: action.target.key } : {}),
      ...(action.kind === 'delete' ? { name: action.stored.name } : {}),
      ...(action.kind === 'issue' ? { replaces: action.predecessor?.id ?? null } : {}),
      ...('restore' in action ? { restore: action.restore } : {}),
      ...('wasBroken' in action ? { wasBroken: action.wasBroken } : {}),
      reason: action.reason.code,
      detail: action.reason.detail,
    })),
    heldBack: [...limited.heldBack].map(([certId, { code, message }]) => ({ certId, code, message })),
    statuses: plan.statuses.map(({ certId, state, detail }) => ({ certId, state, detail })),
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
      const facts = observed.targets.get(target.key)
      if (facts?.problem !== null || !isSilent(facts.probe)) return []
      const failure = firstFailure(facts.probe)
      return [{ event: 'listener.unreachable', certId: id, listener: target.key, failure }]
    }),
  )
}

function refusedReads(desired: readonly Certificate[], observed: Observed): RotationEvent[] {
  return desired.flatMap(({ id, targets }) =>
    targets.flatMap((target): RotationEvent[] => {
      const facts = observed.targets.get(target.key)
      if (facts?.problem !== null || facts.attached.origin !== 'foreign' || !facts.attached.refusal) return []
      const error = describeError(facts.attached.refusal)
      return [{ event: 'store.unread', certId: id, listener: target.key, error }]
    }),
  )
}

/** With one decimal. */
function hours(ms: number): number {
  return Math.round((ms / HOUR_MS) * 10) / 10
}
