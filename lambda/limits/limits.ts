/** What holds an action back that the plan wants. Pure; what is held back is reported, never dropped in silence. */
import { RotationError } from '../errors.ts'
import { toIso } from '../instant.ts'
import type { EpochMs, StoreQuota } from '../model.ts'
import type { Action } from '../plan/plan.ts'
import { type CertificateState, NOTHING_KNOWN } from '../state/items.ts'

const WEEK_MS = 7 * 86_400_000

export interface Budget {
  readonly now: EpochMs
  /** An error where it could not be asked: then nothing is issued. */
  readonly quota: StoreQuota | RotationError
  readonly states: ReadonlyMap<string, CertificateState>
  /** When the CA issued for the hosts of a certificate in the last seven days. */
  readonly issued: (certId: string) => readonly EpochMs[]
  readonly mostOfOneSetAWeek: number
}

export interface Limited {
  readonly run: readonly Action[]
  /** By certificate; its issue and what would follow are left out of `run`. */
  readonly heldBack: ReadonlyMap<string, RotationError>
}

/**
 * Hold back orders that the CA would refuse, and those for which the store has no room: a certificate that cannot be
 * uploaded is an order wasted. The plan's order decides who gets the room that is left; what is pruned makes room.
 */
export function limit(actions: readonly Action[], budget: Budget): Limited {
  const heldBack = new Map<string, RotationError>()
  const { quota } = budget
  const freed = actions.filter(({ kind }) => kind === 'prune').length
  let room = quota instanceof RotationError ? 0 : quota.limit - quota.used + freed
  for (const action of actions) {
    if (action.kind !== 'issue') continue
    const why = askedToWait(action, budget) ?? ledgerFull(action, budget) ?? noRoom(quota, room)
    if (why) heldBack.set(action.certId, why)
    else room--
  }
  return { run: actions.filter((action) => !(heldBack.has(action.certId) && isOfIssue(action))), heldBack }
}

function isOfIssue(action: Action): boolean {
  return action.kind === 'issue' || (action.kind === 'attach' && action.stored === null)
}

function askedToWait({ certId }: Action, { states, now }: Budget): RotationError | null {
  const { nextTry } = states.get(certId) ?? NOTHING_KNOWN
  if (nextTry === null || nextTry <= now) return null
  const what = `the CA wants no order for ${certId} before ${toIso(nextTry)}`
  return new RotationError('limits/asked-to-wait', what, { retryAfter: toIso(nextTry) })
}

/** An order in flight is gone on with, and counts as one. Near the end, the CA itself may say no. */
function ledgerFull(
  { certId, isUrgent }: Extract<Action, { kind: 'issue' }>,
  { states, issued, mostOfOneSetAWeek }: Budget,
): RotationError | null {
  const recent = [...issued(certId)].sort((a, b) => a - b)
  const [oldest = 0] = recent.slice(-mostOfOneSetAWeek)
  const isResumed = (states.get(certId)?.order ?? null) !== null
  if (recent.length < mostOfOneSetAWeek || isUrgent || isResumed) return null
  const until = toIso(oldest + WEEK_MS)
  const what = `the hosts of ${certId} were issued ${recent.length} times in seven days; not before ${until}`
  return new RotationError('limits/ledger-full', what, { retryAfter: until })
}

function noRoom(quota: StoreQuota | RotationError, room: number): RotationError | null {
  if (quota instanceof RotationError) return quota
  if (room > 0) return null
  const { used, limit } = quota
  const what = `no room for a new server certificate: ${used} of ${limit} are used in this account`
  return new RotationError('store/quota-full', what, { used, limit })
}

/** What only time will help against: no failure as long as what is installed is good for a while. */
export function isWait({ code }: RotationError): boolean {
  return code === 'limits/asked-to-wait' || code === 'limits/ledger-full' || code === 'run/out-of-time'
}
