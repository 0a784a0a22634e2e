/** What an earlier run left behind, because it died or could not finish. Pure. */
import type { CertificateState } from '../state/items.ts'
import type { Reason } from './checks.ts'
import type { Action } from './plan.ts'

/**
 * Challenge values always go; an order in flight goes when this plan does not go on with it.
 *
 * @param planned what else is planned for this certificate
 * @param isForgotten it is in the configuration no more: then all that is remembered of it goes as well
 */
export function leftBehind(
  certId: string,
  states: ReadonlyMap<string, CertificateState>,
  planned: readonly Action[],
  isForgotten: boolean,
): Action[] {
  const state = states.get(certId)
  if (!state) return []
  const names = [...new Set(state.values.map(({ name }) => name))]
  const order = state.order !== null && !planned.some(({ kind }) => kind === 'issue')
  const found = [
    ...(names.length > 0 ? [`challenge values at ${names.join(', ')}`] : []),
    ...(order ? ['an order that is not needed any more'] : []),
    ...(isForgotten ? ['it is in the configuration no more'] : []),
  ]
  if (found.length === 0) return []
  const reason: Reason = { code: 'left-behind', detail: found.join('; ') }
  return [{ kind: 'tidy', certId, reason, order, forget: isForgotten }]
}
