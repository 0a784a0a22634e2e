/**
 * The whole decision. For each certificate:
 *
 *   1. Each listener is left alone, repaired at once, or is to have a certificate of ours (`listener-rules.ts`). Left
 *      alone are those with a problem, those that the newest of ours broke, and those with a foreign certificate that is
 *      good or cannot be read. A forced run leaves only the problems alone. A staging CA replaces nothing but its own.
 *   2. For the listeners that are to have ours, the certificate in use is the newest stored one of ours with the wanted
 *      specification, else the newest of ours, else the foreign one that ends first.
 *   3. The first of ISSUE_CHECKS that speaks orders a new one, to be attached to all of these listeners.
 *   4. If none speaks, each listener that has another certificate attached gets ours, and each that has ours attached
 *      but serves another is looked at again.
 *   5. Before all that, what an earlier run left behind is cleaned up, and what is superseded is deleted.
 *
 * What a swap is to put back should it break the listener is decided here as well, and is part of the action.
 */
import type { Certificate, EpochMs, Observed } from '../domain/model.ts'
import { idHash } from '../domain/names.ts'
import type { Action } from './actions.ts'
import { forgotten, leftBehind } from './left-behind.ts'
import { rememberedOf } from './listener-state.ts'
import { decideListeners } from './listeners.ts'
import { newestFirst } from './newest.ts'
import type { PlanContext } from './plan-context.ts'
import type { Status } from './statuses.ts'
import { decideStored, type StoredDecision } from './superseded.ts'
import { isEarly, isOutpaced, windowOf } from './window.ts'

/** A certificate of ours that the schedule is too slow for. */
export interface Outpaced {
  readonly certId: string
  /** How long its renewal window is open. */
  readonly windowMs: number
}

export interface Plan {
  readonly actions: readonly Action[]
  readonly statuses: readonly Status[]
  readonly outpaced: readonly Outpaced[]
  /** Stored certificates beside those in use that stay, and why. */
  readonly kept: readonly StoredDecision[]
}

/**
 * Decide what to do so that every listener serves a fresh certificate for its hosts.
 *
 * Pure: the same arguments give the same actions in the same order, whatever the order of `desired`. It reads no
 * clock, network, environment or randomness, so every case is a row in `test/lambda/plan/cases`.
 *
 * @param desired  certificates wanted; ids unique
 * @param observed what AWS and the listeners said in this pass
 * @returns actions: what the last run had no time for first, then nearest to expiry; none when nothing is due. Never
 *   throws.
 */
export function plan(desired: readonly Certificate[], observed: Observed, context: PlanContext): Plan {
  const decided = desired.map((certificate) => decide(certificate, observed, context))
  decided.sort((a, b) => compareUrgency(a, b, context))
  return {
    actions: [
      ...context.forgotten.flatMap((certId) => forgotten(certId, rememberedOf(context.states, certId))),
      ...decided.flatMap(({ actions }) => actions),
    ],
    statuses: decided.flatMap(({ statuses }) => statuses),
    outpaced: desired.flatMap((certificate) => outpaced(certificate, observed, context)),
    kept: [...decided.flatMap(({ kept }) => kept), ...ofNoEntry(observed, context)],
  }
}

/** They are never deleted: the entry may come back. */
function ofNoEntry({ stored }: Observed, { entries }: PlanContext): StoredDecision[] {
  if (entries === null) return []
  const known = new Set(entries.map(idHash))
  return stored
    .filter((one) => !known.has(one.idHash))
    .map((one) => ({ certId: '-', stored: one, reason: null, why: 'no entry of the configuration has it' }))
}

interface Decision {
  readonly certId: string
  readonly actions: readonly Action[]
  readonly statuses: readonly Status[]
  readonly kept: readonly StoredDecision[]
  /** When the certificate in use ends: the nearest goes first. */
  readonly ends: EpochMs
}

/** What the last run had no time for goes first, then what ends first; the id makes the order total. */
export function compareUrgency(a: Decision, b: Decision, context: PlanContext): number {
  return (
    Number(wasPostponed(b, context)) - Number(wasPostponed(a, context)) ||
    a.ends - b.ends ||
    (a.certId < b.certId ? -1 : 1)
  )
}

function wasPostponed({ certId }: Decision, { states }: PlanContext): boolean {
  return states.get(certId)?.postponed ?? false
}

function decide(desired: Certificate, observed: Observed, context: PlanContext): Decision {
  const listeners = decideListeners(desired, observed, context)
  const stored = decideStored(desired, observed, context)
  const deletions = stored.flatMap(({ certId, stored: one, reason }): Action[] =>
    reason ? [{ kind: 'delete', certId, reason, stored: one }] : [],
  )
  const remembered = rememberedOf(context.states, desired.id)
  const first = [...leftBehind(desired, observed, remembered, listeners), ...deletions]
  const { statuses } = listeners
  return {
    certId: desired.id,
    actions: [...first, ...listeners.actions],
    statuses: first.length > 0 ? statuses.filter(({ state }) => state !== 'settled') : statuses,
    kept: stored.filter(({ reason }) => reason === null),
    ends: listeners.ends,
  }
}

/** Lifetimes shrink without a new deployment: what was really issued counts, not what a profile promised. */
function outpaced(
  { id }: Certificate,
  observed: Observed,
  { states, intervalMs, now }: PlanContext,
): Outpaced[] {
  const ids = idHash(id)
  const [newest] = observed.stored.filter((stored) => stored.idHash === ids).sort(newestFirst)
  if (!newest) return []
  const window = windowOf(newest, states.get(id)?.renewal ?? null)
  // the window of a certificate that is to be replaced at once says nothing about the schedule
  if (isEarly(newest, window, now)) return []
  return isOutpaced(window, intervalMs) ? [{ certId: id, windowMs: window.end - window.start }] : []
}
