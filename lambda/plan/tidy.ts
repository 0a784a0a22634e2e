/** What an earlier run left behind, because it died or could not finish. Pure. */
import type { Certificate, Observed } from '../model.ts'
import { idHash, specificationHash } from '../names.ts'
import { type CertificateState, NOTHING_KNOWN, type OrderInFlight } from '../state/items.ts'
import type { Reason } from './checks.ts'
import type { Placement } from './placement.ts'
import type { Action } from './plan.ts'

type Tidy = Extract<Action, { kind: 'tidy' }>

/** Challenge values always go; an order goes when nothing will come of it that is needed. */
export function leftBehind(
  desired: Certificate,
  observed: Observed,
  state: CertificateState = NOTHING_KNOWN,
  placed: Placement,
): Tidy[] {
  const { order } = state
  const isOver = order !== null && (isStored(order, desired, observed) || !isNeeded(order, desired, placed))
  return tidy(desired.id, state, isOver, false)
}

/** All that is remembered of an entry that is in the configuration no more. */
export function forgotten(certId: string, state: CertificateState = NOTHING_KNOWN): Tidy[] {
  return tidy(certId, state, state.order !== null, true)
}

/** Its certificate came to the store: going on with it would bring the same one again. */
function isStored(order: OrderInFlight, { id }: Certificate, { stored }: Observed): boolean {
  const ids = idHash(id)
  return stored.some(
    (one) =>
      one.idHash === ids &&
      one.specificationHash === order.specificationHash &&
      // IAM counts whole seconds
      one.uploadedAt >= order.since - 1_000,
  )
}

/** Where a target cannot be judged in this run, it may be needed in the next. */
function isNeeded(order: OrderInFlight, desired: Certificate, { actions, standings }: Placement): boolean {
  if (actions.some(({ kind }) => kind === 'issue')) return true
  if (order.specificationHash !== specificationHash(desired)) return false
  return standings.some(({ state }) => state === 'failed' || state === 'held-back')
}

function tidy(certId: string, { values }: CertificateState, order: boolean, forget: boolean): Tidy[] {
  const names = [...new Set(values.map(({ name }) => name))]
  const found = [
    ...(names.length > 0 ? [`challenge values at ${names.join(', ')}`] : []),
    ...(order ? ['an order that is not needed any more'] : []),
    ...(forget ? ['it is in the configuration no more'] : []),
  ]
  if (found.length === 0) return []
  const reason: Reason = { code: 'left-behind', detail: found.join('; ') }
  return [{ kind: 'tidy', certId, reason, order, forget }]
}
