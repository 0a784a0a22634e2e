/**
 * What a listener needs, as lists of rules of which the first that speaks wins. The order is the contract. Pure.
 *
 * LISTENER_RULES says whether a listener is left alone, repaired at once, or is to have a certificate of ours.
 * OURS_RULES says what one that is to have ours needs, while no new certificate is issued.
 */

import { covers } from '../domain/hosts.ts'
import { toDay } from '../domain/instant.ts'
import type {
  Certificate,
  Observed,
  ReachableTarget,
  StoredCertificate,
  TargetFacts,
} from '../domain/model.ts'
import { specificationHash } from '../domain/names.ts'
import { leavesOf } from '../domain/probes.ts'
import type { CertificateState } from '../domain/remembered.ts'
import { RotationError } from '../domain/rotation-error.ts'
import { TAG } from '../domain/tags.ts'
import type { Action } from './actions.ts'
import type { Reason } from './checks.ts'
import { fallbackAfterSwap, fallbackFor, isBrokenBy, lastWorking, listenerState } from './listener-state.ts'
import type { PlanContext } from './plan-context.ts'
import { brokenBy, failed, type Status } from './statuses.ts'
import { dueAt, ownWindow, pointIn } from './window.ts'

/** One certificate, as far as its listeners have to know. */
export interface ListenerCase {
  readonly desired: Certificate
  /** The newest of ours. */
  readonly ours: StoredCertificate | null
  /** Why `ours` is to be replaced; `null` when it is not, or there is none. */
  readonly ownReason: Reason | null
  readonly forced: boolean
  readonly observed: Observed
  readonly remembered: CertificateState
  readonly context: Pick<PlanContext, 'now' | 'intervalMs'>
}

export type Need =
  | { readonly kind: 'left-alone'; readonly status: Status }
  | { readonly kind: 'repair'; readonly action: Action }
  | { readonly kind: 'wants-ours'; readonly facts: ReachableTarget }

type ListenerRule = (facts: ReachableTarget, of: ListenerCase) => Need | null

/** What broke it is still attached, and what worked before is known. */
const putBack: ListenerRule = (facts, { desired, ours, forced, remembered, observed }) => {
  if (!ours || forced || !isBrokenBy(ours, facts, observed, remembered)) return null
  const restore = lastWorking(facts, remembered)
  if (!hasAttached(facts, ours) || restore === null) return null
  const { target } = facts
  const reason: Reason = {
    code: 'not-served',
    detail: `${target.key} is still broken by the newest certificate`,
  }
  return {
    kind: 'repair',
    action: { kind: 'undo', certId: desired.id, reason, target, stored: ours, restore },
  }
}

/** Ours broke it, and there is nothing else to give it. */
const keepFromRejected: ListenerRule = (facts, { desired, ours, ownReason, forced, observed, remembered }) =>
  ours && !forced && ownReason === null && isBrokenBy(ours, facts, observed, remembered)
    ? { kind: 'left-alone', status: brokenBy(desired, facts, ours) }
    : null

/** Looked at before anything else: it is down, and what is issued may be held back. */
const lookAgainWhenSilent: ListenerRule = (facts, { desired, ours, forced, observed, remembered }) => {
  if (!ours || forced || !hasAttached(facts, ours)) return null
  if (listenerState(facts, observed, remembered) !== 'fell-silent') return null
  const what = 'answered with the previous certificate, and is silent with this one'
  return { kind: 'repair', action: lookAgain(desired, facts, ours, what, observed, remembered) }
}

/** A foreign certificate that is good, or that cannot be read, stays. */
const keepForeign: ListenerRule = ({ target, attached }, { desired, forced, context }) => {
  if (forced || attached.origin === 'ours' || desired.takeOver === 'now') return null
  const about = { certId: desired.id, listener: target.key }
  if (attached.origin === 'unreadable') {
    // where AWS refused to show it, that would last until the certificate ends: it must be seen
    const state = attached.why.code === 'store/certificate-unreadable' ? 'held-back' : 'failed'
    const detail = `what ${target.key} has attached cannot be read: ${attached.why.message}`
    return { kind: 'left-alone', status: { ...about, state, detail, error: attached.why } }
  }
  const { leaf } = attached
  const window = ownWindow(leaf)
  if (!covers(leaf.hosts, desired.hosts) || dueAt(leaf, window, context.now, context.intervalMs)) return null
  const until = toDay(pointIn(window, leaf.serial))
  const detail = `foreign certificate at ${target.key} stays until ${until}, it ends ${toDay(leaf.notAfter)}`
  return { kind: 'left-alone', status: { ...about, state: 'settled', detail, error: null } }
}

/** No client trusts a staging CA: it replaces one of its own kind only, unless the entry allows it. */
const refuseStaging: ListenerRule = ({ target, attached }, { desired, observed }) => {
  if (!desired.isStaging || desired.allowStaging) return null
  if (attached.origin === 'ours' && isOfStaging(attached.stored, desired, observed)) return null
  const what = `${desired.directoryUrl} is a staging CA, and what ${target.key} has is not known to be of one`
  const facts = { directory: desired.directoryUrl }
  const error = new RotationError('plan/staging-over-production', what, facts)
  return { kind: 'left-alone', status: failed(desired, target.key, error) }
}

/** The order is the contract. */
export const LISTENER_RULES: readonly ListenerRule[] = [
  putBack,
  keepFromRejected,
  lookAgainWhenSilent,
  keepForeign,
  refuseStaging,
]

export function needOf(facts: TargetFacts, of: ListenerCase): Need {
  if (facts.problem !== null)
    return { kind: 'left-alone', status: failed(of.desired, facts.target.key, facts.problem) }
  for (const rule of LISTENER_RULES) {
    const need = rule(facts, of)
    if (need) return need
  }
  return { kind: 'wants-ours', facts }
}

type OursRule = (facts: ReachableTarget, ours: StoredCertificate, of: ListenerCase) => Action | null

const attachOurs: OursRule = (facts, ours, { desired, observed, remembered }) => {
  const { target } = facts
  if (hasAttached(facts, ours)) return null
  const reason: Reason = { code: 'not-attached', detail: `${target.key} has another certificate` }
  const fallback = fallbackFor(facts, observed, remembered)
  return { kind: 'attach', certId: desired.id, reason, target, stored: ours, ...fallback }
}

const lookAgainWhenOtherIsServed: OursRule = (facts, ours, { desired, observed, remembered }) => {
  const other = leavesOf(facts.probe).find(({ serial }) => serial !== ours.serial)
  if (!other) return null
  const what = `serves serial ${other.serial.slice(0, 12)}… by ${other.issuer}`
  return lookAgain(desired, facts, ours, what, observed, remembered)
}

/** The order is the contract. */
export const OURS_RULES: readonly OursRule[] = [attachOurs, lookAgainWhenOtherIsServed]

export function actionWithOurs(
  facts: ReachableTarget,
  ours: StoredCertificate,
  of: ListenerCase,
): Action | null {
  for (const rule of OURS_RULES) {
    const action = rule(facts, ours, of)
    if (action) return action
  }
  return null
}

export function hasAttached({ attached }: ReachableTarget, { arn }: Pick<StoredCertificate, 'arn'>): boolean {
  return attached.arn === arn
}

function lookAgain(
  { id }: Certificate,
  facts: ReachableTarget,
  stored: StoredCertificate,
  what: string,
  observed: Observed,
  remembered: CertificateState,
): Action {
  const { target } = facts
  const reason: Reason = { code: 'not-served', detail: `${target.key} ${what}` }
  const fallback = fallbackAfterSwap(facts, stored, observed, remembered)
  return { kind: 'verify', certId: id, reason, target, stored, ...fallback }
}

function isOfStaging(
  { arn, specificationHash: had }: StoredCertificate,
  desired: Certificate,
  { details }: Observed,
): boolean {
  return had === specificationHash(desired) || details.get(arn)?.tags[TAG.staging] === 'true'
}
