/** What an earlier run left behind, because it died or could not finish. Pure. */
import type { Certificate, Observed } from '../domain/model.ts'
import { challengeName, idHash, specificationHash } from '../domain/names.ts'
import type { CertificateState, OrderInFlight } from '../domain/remembered.ts'
import type { ActionOfKind } from './actions.ts'
import type { Reason } from './checks.ts'
import type { ListenerDecisions } from './listeners.ts'

type CleanUp = ActionOfKind<'clean-up'>

/** Challenge values always go; an order goes when nothing that is needed will come of it. */
export function leftBehind(
  desired: Certificate,
  observed: Observed,
  remembered: CertificateState,
  decisions: ListenerDecisions,
): CleanUp[] {
  const { order } = remembered
  const isOver =
    order !== null && (isStored(order, desired, observed) || !isNeeded(order, desired, decisions))
  return cleanUp(desired.id, remembered, isOver, false)
}

/** Everything that is remembered of an entry that is no longer in the configuration. */
export function forgotten(certId: string, remembered: CertificateState): CleanUp[] {
  return cleanUp(certId, remembered, remembered.order !== null, true)
}

/**
 * Values that could not be removed and stay noted, to be tried again. Those that can never be reached are reported
 * once, and then forgotten.
 *
 * @param left by challenge name
 */
export function stillNoted<Value extends { readonly name: string }>(
  values: readonly Value[],
  left: ReadonlyMap<string, { readonly isOutOfReach: boolean }>,
  hosts: readonly string[],
): Value[] {
  const own = new Set(hosts.map(challengeName))
  return values.filter(({ name }) => left.has(name) && (own.has(name) || !left.get(name)?.isOutOfReach))
}

/** Its certificate is in the store: resuming the order would bring the same one again. */
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

/** When a listener cannot be judged in this run, the order may be needed in the next. */
function isNeeded(
  order: OrderInFlight,
  desired: Certificate,
  { actions, statuses }: ListenerDecisions,
): boolean {
  if (actions.some(({ kind }) => kind === 'issue')) return true
  if (order.specificationHash !== specificationHash(desired)) return false
  return statuses.some(({ state }) => state === 'failed' || state === 'held-back')
}

function cleanUp(certId: string, { values }: CertificateState, order: boolean, forget: boolean): CleanUp[] {
  const names = [...new Set(values.map(({ name }) => name))]
  const found = [
    ...(names.length > 0 ? [`challenge values at ${names.join(', ')}`] : []),
    ...(order ? ['an order that is no longer needed'] : []),
    ...(forget ? ['what is remembered of an entry that is no longer in the configuration'] : []),
  ]
  if (found.length === 0) return []
  const reason: Reason = { code: 'left-behind', detail: found.join('; ') }
  return [{ kind: 'clean-up', certId, reason, order, forget }]
}
