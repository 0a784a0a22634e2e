/**
 * The decision, whole. For each certificate:
 *
 *   1. Some targets are left alone, and a standing says why (`standings.ts`): those with a problem, those where the
 *      newest of ours was rejected, and those with a foreign certificate that is good, or that cannot be read.
 *      Forcing a run leaves only the problems. From a staging CA, a target gets nothing over what is not of one,
 *      whatever is forced or taken over.
 *   2. For the targets that remain, the certificate stands on the newest stored one of ours that has the wanted
 *      specification, else on the newest of ours, else on the foreign one that ends first.
 *   3. The first of ISSUE_CHECKS that speaks orders a new one, to be attached to all of these targets.
 *   4. Else each target that has another one attached gets it, and each listener that has it attached but
 *      serves another is looked at again. One that is broken by it gets back what worked there before.
 *   5. Before all that, what an earlier run left behind is tidied up, and what is superseded goes (`prune.ts`).
 */
import type { Certificate, EpochMs, Observed, StoredCertificate, Target } from '../model.ts'
import { idHash } from '../names.ts'
import type { Reason } from './checks.ts'
import { newestFirst } from './newest.ts'
import { decidePlacement } from './placement.ts'
import type { Predecessor } from './predecessor.ts'
import { type Judged, judgeStored } from './prune.ts'
import type { PlanContext, Standing } from './standings.ts'
import { forgotten, leftBehind } from './tidy.ts'
import { isEarly, isOutpaced, windowOf } from './window.ts'

interface ActionOf<K extends string> {
  readonly kind: K
  readonly certId: string
  readonly reason: Reason
}

export type Action =
  /** Take away what an earlier run left behind: challenge values, an order with its key, or all that is remembered. */
  | (ActionOf<'tidy'> & { readonly order: boolean; readonly forget: boolean })
  | (ActionOf<'prune'> & { readonly stored: StoredCertificate })
  /**
   * `isUrgent`: the end of what is installed is so near that a full ledger does not hold it back. `predecessor`: what
   * the CA is told that it replaces.
   */
  | (ActionOf<'issue'> & {
      readonly isUrgent: boolean
      readonly predecessor: Predecessor | null
      /** The first end of what is installed; `null` where nothing is, or nobody knows. */
      readonly ends: EpochMs | null
    })
  /** `stored`: a stored certificate, or `null` for the one that this plan issues. */
  | (ActionOf<'attach'> & { readonly target: Target; readonly stored: StoredCertificate | null })
  | (ActionOf<'verify'> & { readonly target: Target; readonly stored: StoredCertificate })
  /** Put back what was last seen working, where `stored` broke the listener. */
  | (ActionOf<'undo'> & {
      readonly target: Target
      readonly stored: StoredCertificate
      readonly previous: string
    })

/** A certificate of ours that the schedule is too slow for. */
export interface Outpaced {
  readonly certId: string
  /** How long its renewal window is open. */
  readonly windowMs: number
}

export interface Plan {
  readonly actions: readonly Action[]
  readonly standings: readonly Standing[]
  readonly outpaced: readonly Outpaced[]
  /** Stored certificates beside those in force that stay, and why. */
  readonly kept: readonly Judged[]
}

/**
 * Decide what to do so that every listener serves a fresh certificate for its hosts.
 *
 * Pure: the same arguments give the same actions in the same order, whatever the order of `desired`. It reads
 * no clock, network, environment or randomness, so every case is a row in `test/lambda/plan/cases`.
 *
 * @param desired  certificates wanted; ids unique
 * @param observed what AWS and the listeners said in this pass
 * @returns actions: what had no time in the last run first, then nearest to expiry; none when nothing is due. Never
 *   throws.
 */
export function plan(desired: readonly Certificate[], observed: Observed, context: PlanContext): Plan {
  const decided = desired.map((certificate) => decide(certificate, observed, context))
  decided.sort(
    (a, b) =>
      Number(wasPostponed(b, context)) - Number(wasPostponed(a, context)) ||
      a.ends - b.ends ||
      (a.certId < b.certId ? -1 : 1),
  )
  return {
    actions: [
      ...context.forgotten.flatMap((certId) => forgotten(certId, context.states.get(certId))),
      ...decided.flatMap(({ actions }) => actions),
    ],
    standings: decided.flatMap(({ standings }) => standings),
    outpaced: desired.flatMap((certificate) => outpaced(certificate, observed, context)),
    kept: [...decided.flatMap(({ kept }) => kept), ...ofNoEntry(observed, context)],
  }
}

/** Nobody deletes them: the entry may come back. */
function ofNoEntry({ stored }: Observed, { entries }: PlanContext): Judged[] {
  if (entries === null) return []
  const known = new Set(entries.map(idHash))
  return stored
    .filter((one) => !known.has(one.idHash))
    .map((one) => ({ certId: '-', stored: one, reason: null, why: 'no entry of the configuration has it' }))
}

interface Decision {
  readonly certId: string
  readonly actions: readonly Action[]
  readonly standings: readonly Standing[]
  readonly kept: readonly Judged[]
  /** When what it stands on ends: the nearest goes first. */
  readonly ends: EpochMs
}

function wasPostponed({ certId }: Decision, { states }: PlanContext): boolean {
  return states.get(certId)?.postponed ?? false
}

function decide(desired: Certificate, observed: Observed, context: PlanContext): Decision {
  const placed = decidePlacement(desired, observed, context)
  const judged = judgeStored(desired, observed, context)
  const goes = judged.flatMap(({ certId, stored, reason }): Action[] =>
    reason ? [{ kind: 'prune', certId, reason, stored }] : [],
  )
  const left = leftBehind(desired, observed, context.states.get(desired.id), placed)
  const before = [...left, ...goes]
  const standings =
    before.length > 0 ? placed.standings.filter(({ state }) => state !== 'settled') : placed.standings
  return {
    certId: desired.id,
    actions: [...before, ...placed.actions],
    standings,
    kept: judged.filter(({ reason }) => reason === null),
    ends: placed.ends,
  }
}

/** Lifetimes shrink without a redeployment: what was really issued counts, not what a profile promised. */
function outpaced(
  { id }: Certificate,
  observed: Observed,
  { states, intervalMs, now }: PlanContext,
): Outpaced[] {
  const ids = idHash(id)
  const [newest] = observed.stored.filter((stored) => stored.idHash === ids).sort(newestFirst)
  if (!newest) return []
  const window = windowOf(newest, states.get(id)?.renewal ?? null)
  // the window of one that is to be replaced at once is no measure
  if (isEarly(newest, window, now)) return []
  return isOutpaced(window, intervalMs) ? [{ certId: id, windowMs: window.end - window.start }] : []
}
