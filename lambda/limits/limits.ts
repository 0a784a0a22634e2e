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
 * @param quota `null` when it was not asked because nothing is to be issued; an error when it could not be asked
 */
export function limit(actions: readonly Action[], quota: StoreQuota | RotationError | null): Limited {
  const heldBack = new Map<string, RotationError>()
  const unknown = quota instanceof RotationError ? quota : null
  const known = quota instanceof RotationError ? null : quota
  let room = known ? known.limit - known.used : Number.POSITIVE_INFINITY
  for (const action of actions) {
    if (action.kind !== 'issue') continue
    if (unknown) heldBack.set(action.certId, unknown)
    else if (room > 0) room--
    else if (known) heldBack.set(action.certId, quotaFull(known))
  }
  return { run: actions.filter(({ certId }) => !heldBack.has(certId)), heldBack }
}

function quotaFull({ used, limit }: StoreQuota): RotationError {
  const what = `no room for a new server certificate: ${used} of ${limit} are used in this account`
  return new RotationError('store/quota-full', what, { used, limit })
}
