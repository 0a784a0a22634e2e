/** What holds an action back that the plan wants. Pure; what is held back is reported, never dropped in silence. */
import { RotationError } from '../errors.ts'
import { toIso } from '../instant.ts'
import type { Certificate, EpochMs, StoreQuota } from '../model.ts'
import { ledgerItem, specificationHash } from '../names.ts'
import type { Action } from '../plan/plan.ts'
import { type CertificateState, NOTHING_KNOWN } from '../state/items.ts'

const WEEK_MS = 7 * 86_400_000

export interface Budget {
  readonly now: EpochMs
  /** An error where it could not be asked: then nothing is issued. */
  readonly quota: StoreQuota | RotationError
  /** Certificates that are pruned before anything is issued. */
  readonly freed: number
  readonly states: ReadonlyMap<string, CertificateState>
  readonly certificates: ReadonlyMap<string, Certificate>
  /** When the CA issued for the hosts of a certificate in the last seven days. */
  readonly issued: (certificate: Certificate) => readonly EpochMs[]
  readonly mostOfOneSetAWeek: number
}

export interface Limited {
  readonly run: readonly Action[]
  /** By certificate; its issue and what would follow are left out of `run`. */
  readonly heldBack: ReadonlyMap<string, RotationError>
}

type Issue = Extract<Action, { kind: 'issue' }>

/**
 * Hold back orders that the CA would refuse, and those for which the store has no room: a certificate that cannot be
 * uploaded is an order wasted. The plan's order decides who gets what is left.
 */
export function limit(actions: readonly Action[], budget: Budget): Limited {
  const heldBack = new Map<string, RotationError>()
  const ordered = new Map<string, number>()
  const { quota, freed, certificates } = budget
  let room = quota instanceof RotationError ? 0 : quota.limit - quota.used + freed
  for (const action of actions) {
    if (action.kind !== 'issue') continue
    const certificate = certificates.get(action.certId)
    const set = certificate ? ledgerItem(certificate.directoryUrl, certificate.hosts) : ''
    const before = ordered.get(set) ?? 0
    const why =
      askedToWait(action, set, budget) ??
      ledgerFull(action, certificate, before, budget) ??
      noRoom(quota, room)
    if (why) heldBack.set(action.certId, why)
    else {
      room--
      ordered.set(set, before + 1)
    }
  }
  return { run: actions.filter((action) => !(heldBack.has(action.certId) && isOfIssue(action))), heldBack }
}

function isOfIssue(action: Action): boolean {
  return action.kind === 'issue' || (action.kind === 'attach' && action.stored === null)
}

/** Another CA, or other hosts, were not asked to wait. */
function askedToWait({ certId }: Issue, set: string, { states, now }: Budget): RotationError | null {
  const { nextTry } = states.get(certId) ?? NOTHING_KNOWN
  if (nextTry === null || nextTry.set !== set || nextTry.at <= now) return null
  const at = toIso(nextTry.at)
  const what = `the CA wants no order for ${certId} before ${at}`
  return new RotationError('limits/asked-to-wait', what, { retryAfter: at })
}

/**
 * An order in flight is gone on with, and counts as one. Near the end, the CA itself may say no.
 *
 * @param before how many of the same hosts are ordered by this plan already
 */
function ledgerFull(
  { certId, isUrgent }: Issue,
  certificate: Certificate | undefined,
  before: number,
  { states, issued, mostOfOneSetAWeek }: Budget,
): RotationError | null {
  if (!certificate || isUrgent) return null
  const { order } = states.get(certId) ?? NOTHING_KNOWN
  if (order?.specificationHash === specificationHash(certificate)) return null
  const recent = [...issued(certificate)].sort((a, b) => a - b)
  if (recent.length + before < mostOfOneSetAWeek) return null
  const [oldest = 0] = recent.slice(-mostOfOneSetAWeek)
  const until = toIso(oldest + WEEK_MS)
  const what = `the hosts of ${certId} were issued ${recent.length + before} times in seven days; not before ${until}`
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
