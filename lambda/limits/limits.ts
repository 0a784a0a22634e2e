/** What holds an action back that the plan wants. Pure; what is held back is reported, never dropped in silence. */
import { RotationError } from '../errors.ts'
import type { StoreQuota } from '../model.ts'
import type { Action } from '../plan/plan.ts'

export interface Limited {
  readonly run: readonly Action[]
  /** By certificate; its issue and all that would follow are left out of `run`. */
  readonly heldBack: ReadonlyMap<string, RotationError>
}

/**
 * Hold back orders for which the store has no room: a certificate that cannot be uploaded is an order wasted.
 * The plan's order decides who gets the room that is left.
 *
 * @param quota `null` when it was not asked because nothing is to be issued
 */
export function limit(actions: readonly Action[], quota: StoreQuota | null): Limited {
  const heldBack = new Map<string, RotationError>()
  let room = quota ? quota.limit - quota.used : Number.POSITIVE_INFINITY
  for (const action of actions) {
    if (action.kind !== 'issue') continue
    if (room > 0) room--
    else if (quota) heldBack.set(action.certId, quotaFull(quota))
  }
  return { run: actions.filter(({ certId }) => !heldBack.has(certId)), heldBack }
}

function quotaFull({ used, limit }: StoreQuota): RotationError {
  const what = `no room for a new server certificate: ${used} of ${limit} are used in this account`
  return new RotationError('store/quota-full', what, { used, limit })
}
