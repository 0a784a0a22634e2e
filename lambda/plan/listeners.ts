/** The decision for the listeners of one certificate. Pure. */
import type { Certificate, EpochMs, Lifetime, Observed, ReachableTarget } from '../domain/model.ts'
import type { Action } from './actions.ts'
import { type Current, firstReason, lifetimeOf, type Reason } from './checks.ts'
import { actionWithOurs, type ListenerCase, type Need, needOf } from './listener-rules.ts'
import { fallbackFor, isBrokenBy, rememberedOf } from './listener-state.ts'
import { newestOfOurs } from './newest.ts'
import type { PlanContext } from './plan-context.ts'
import { type Predecessor, predecessorOf } from './predecessor.ts'
import { brokenBy, failed, type Status, settled } from './statuses.ts'
import { nearItsEndFrom } from './window.ts'

export interface ListenerDecisions {
  readonly actions: readonly Action[]
  readonly statuses: readonly Status[]
  /** When the certificate in use ends. */
  readonly ends: EpochMs
}

/** What the listeners of one certificate need, by the rules that `plan.ts` lists. */
export function decideListeners(
  desired: Certificate,
  observed: Observed,
  context: PlanContext,
): ListenerDecisions {
  const { now, intervalMs, issued } = context
  const forced = context.force.has(desired.id)
  const remembered = rememberedOf(context.states, desired.id)
  const ours = newestOfOurs(desired, observed)
  const facts = desired.targets.flatMap((target) => observed.targets.get(target.key) ?? [])
  const reachable = facts.flatMap((one) => (one.problem === null ? [one] : []))
  const brokeAt = ours
    ? reachable.filter((one) => isBrokenBy(ours, one, observed, remembered)).map(({ target }) => target.key)
    : []
  const own: Current | null = ours && {
    origin: 'ours',
    stored: ours,
    detail: observed.details.get(ours.arn) ?? null,
  }
  // what broke a listener is not replaced on the CA's advice
  const renewal = brokeAt.length > 0 ? null : remembered.renewal
  const subject = { desired, forced, now, intervalMs, brokeAt, renewal }
  const ownReason = own && firstReason({ ...subject, current: own })

  const of: ListenerCase = { desired, ours, ownReason, forced, observed, remembered, context }
  const needs = facts.map((one) => needOf(one, of))
  const repairs = needs.flatMap((need) => (need.kind === 'repair' ? [need.action] : []))
  const wanting = needs.flatMap((need) => (need.kind === 'wants-ours' ? [need.facts] : []))
  const statuses = needs.flatMap((need) => statusesOf(need, of))
  const current = own ?? firstForeign(wanting)
  const ends = current ? lifetimeOf(current).notAfter : firstForeignEnd(reachable)
  if (wanting.length === 0) return { actions: repairs, statuses, ends }

  const reason = issued.has(desired.id) ? null : firstReason({ ...subject, current })
  // its tags say where it was rejected: while they cannot be read, it is attached nowhere
  const unread = ours && !reason ? observed.unread.get(ours.arn) : undefined
  if (unread) return { actions: repairs, statuses: [...statuses, failed(desired, null, unread)], ends }
  const predecessor = ours && predecessorOf(desired, ours, observed, renewal, now)
  const actions = reason
    ? [issue(reason, predecessor, reachable, of), ...attachNew(wanting, reason, of)]
    : wanting.flatMap((one) => (ours && actionWithOurs(one, ours, of)) ?? [])
  const isQuiet = actions.length + repairs.length + statuses.length === 0
  return {
    actions: [...repairs, ...actions],
    statuses: isQuiet && current ? [settled(desired, current, renewal)] : statuses,
    ends,
  }
}

/** A successor that is ordered because ours broke a listener does not make that listener good: it may be held back. */
function statusesOf(need: Need, of: ListenerCase): Status[] {
  const { desired, ours, ownReason, forced, observed, remembered } = of
  const status = need.kind === 'left-alone' ? [need.status] : []
  if (need.kind === 'repair' || !ours || forced || ownReason?.code !== 'broke-before') return status
  const key = need.kind === 'wants-ours' ? need.facts.target.key : need.status.listener
  const facts = key === null ? undefined : observed.targets.get(key)
  if (facts?.problem !== null || !isBrokenBy(ours, facts, observed, remembered)) return status
  return [brokenBy(desired, facts, ours), ...status]
}

function issue(
  reason: Reason,
  known: Predecessor | null,
  reachable: readonly ReachableTarget[],
  { desired, remembered, context }: ListenerCase,
): Action {
  const installed = reachable.flatMap(({ attached }): Lifetime[] => {
    if (attached.origin === 'unreadable') return []
    return [attached.origin === 'ours' ? attached.stored : attached.leaf]
  })
  const isUrgent = installed.some((one) => context.now > nearItsEndFrom(one))
  // near the end, when orders have failed: that claim may be the reason
  const predecessor = isUrgent && remembered.failedOrders !== null ? null : known
  const ends = installed.length === 0 ? null : Math.min(...installed.map(({ notAfter }) => notAfter))
  return { kind: 'issue', certId: desired.id, reason, predecessor, isUrgent, ends }
}

function attachNew(wanting: readonly ReachableTarget[], reason: Reason, of: ListenerCase): Action[] {
  const { desired, observed, remembered } = of
  return wanting.map((facts): Action => {
    const { target } = facts
    const fallback = fallbackFor(facts, observed, remembered)
    return { kind: 'attach', certId: desired.id, reason, target, stored: null, ...fallback }
  })
}

function firstForeign(wanting: readonly ReachableTarget[]): Current | null {
  const leaves = wanting.flatMap(({ attached }) => (attached.origin === 'foreign' ? [attached.leaf] : []))
  const [first] = leaves.sort((a, b) => a.notAfter - b.notAfter)
  return first ? { origin: 'foreign', leaf: first } : null
}

/** When nothing of ours is in use: the end of the foreign certificate that ends first. */
function firstForeignEnd(reachable: readonly ReachableTarget[]): EpochMs {
  const ends = reachable.flatMap(({ attached }) =>
    attached.origin === 'foreign' ? [attached.leaf.notAfter] : [],
  )
  return Math.min(...ends, Number.MAX_SAFE_INTEGER)
}
