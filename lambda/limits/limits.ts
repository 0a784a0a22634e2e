/** Holds back planned orders that would be refused. Pure; whatever is held back is reported, never dropped. */

import type { CaLimits } from '../domain/ca-limits.ts'
import { toIso, toSpan } from '../domain/instant.ts'
import type { Certificate, EpochMs, StoreQuota } from '../domain/model.ts'
import { hostsLedger, specificationHash } from '../domain/names.ts'
import { type CertificateState, type Ledger, NOTHING_KNOWN } from '../domain/remembered.ts'
import { RotationError } from '../domain/rotation-error.ts'
import type { Action } from '../plan/actions.ts'
import { nextTryAfter, shortened } from './backoff.ts'
import { type Bucket, neededBuckets, roomAt, spendingOf } from './ledger.ts'

export interface Budget {
  readonly now: EpochMs
  /** Time to the next run. */
  readonly intervalMs: number
  /** Ids to issue because somebody asked for it: our own back-off does not apply to them. */
  readonly force: ReadonlySet<string>
  /** An error when IAM could not be asked: then nothing is issued. */
  readonly quota: StoreQuota | RotationError
  /** How many certificates are deleted before anything is issued. */
  readonly freed: number
  readonly states: ReadonlyMap<string, CertificateState>
  readonly certificates: ReadonlyMap<string, Certificate>
  readonly limits: CaLimits
  /** What was spent of a limit, by its item in the table. */
  readonly ledger: (item: string) => Ledger
}

export interface Limited {
  readonly run: readonly Action[]
  /** By certificate; its issue and what would follow are left out of `run`. */
  readonly heldBack: ReadonlyMap<string, RotationError>
}

type Issue = Extract<Action, { kind: 'issue' }>

/**
 * Hold back orders that the CA would refuse, and those for which the store has no room: an order whose certificate
 * cannot be uploaded is wasted. The order of the plan decides which certificate gets what is left.
 */
export function limit(actions: readonly Action[], budget: Budget): Limited {
  const heldBack = new Map<string, RotationError>()
  const ordered = new Map<string, number>()
  const { quota, freed, certificates } = budget
  let room = quota instanceof RotationError ? 0 : quota.limit - quota.used + freed
  for (const action of actions) {
    const certificate = certificates.get(action.certId)
    if (action.kind !== 'issue' || !certificate) continue
    const buckets = bucketsOf(action, certificate, budget)
    const why =
      askedToWait(action, certificate, budget) ??
      backingOff(action, certificate, budget) ??
      spent(action, buckets, ordered, budget) ??
      noRoom(quota, room)
    if (why) {
      heldBack.set(action.certId, why)
      continue
    }
    room--
    for (const { item } of buckets) ordered.set(item, (ordered.get(item) ?? 0) + 1)
  }
  return { run: actions.filter((action) => !(heldBack.has(action.certId) && isOfIssue(action))), heldBack }
}

function isOfIssue(action: Action): boolean {
  return action.kind === 'issue' || (action.kind === 'attach' && action.stored === null)
}

/** The wait holds for this CA and these hosts only. Near the end, the CA is asked again sooner. */
function askedToWait(
  { certId, isUrgent, ends }: Issue,
  { directoryUrl, hosts }: Certificate,
  { states, force, now }: Budget,
): RotationError | null {
  const { nextTry } = states.get(certId) ?? NOTHING_KNOWN
  if (nextTry === null || nextTry.set !== hostsLedger(directoryUrl, hosts) || force.has(certId)) return null
  const asked = nextTry.at - nextTry.since
  const until = nextTry.since + (isUrgent ? shortened(asked, ends, now) : asked)
  if (until <= now) return null
  const at = toIso(until)
  const what = `the CA asked to wait: no order for ${certId} before ${at}`
  return new RotationError('limits/asked-to-wait', what, { retryAfter: at })
}

/** The run nearest to the time of the next attempt makes it; runs by hand come closer together than scheduled ones. */
function backingOff(
  { certId, ends }: Issue,
  certificate: Certificate,
  { states, force, now, intervalMs }: Budget,
): RotationError | null {
  const { failedOrders } = states.get(certId) ?? NOTHING_KNOWN
  if (failedOrders?.specificationHash !== specificationHash(certificate) || force.has(certId)) return null
  const next = nextTryAfter(failedOrders, ends, now)
  if (next <= now + Math.min(intervalMs, next - failedOrders.last) / 2) return null
  const times = failedOrders.count === 1 ? 'once' : `${failedOrders.count} times`
  const what = `orders for ${certId} have failed ${times}; the next attempt is not before ${toIso(next)}; the last error was: ${failedOrders.why}`
  return new RotationError('limits/backing-off', what, { retryAfter: toIso(next) })
}

/** An order in flight is resumed, and was counted when it was placed. */
function bucketsOf(
  { certId, predecessor }: Issue,
  certificate: Certificate,
  { states, limits, ledger, now }: Budget,
): Bucket[] {
  const { order } = states.get(certId) ?? NOTHING_KNOWN
  if (order?.specificationHash === specificationHash(certificate)) return []
  const spending = spendingOf(certificate, predecessor?.isInWindow ?? false, ledger, now)
  return neededBuckets(certificate, limits, spending)
}

/**
 * Near the end, the order is placed anyway, and the CA itself may refuse it.
 *
 * @param ordered how many this plan takes out of each bucket already
 */
function spent(
  { certId, isUrgent }: Issue,
  buckets: readonly Bucket[],
  ordered: ReadonlyMap<string, number>,
  { ledger, now }: Budget,
): RotationError | null {
  if (isUrgent) return null
  const [last] = buckets
    .map((bucket) => {
      const { fullAt } = ledger(bucket.item)
      return { bucket, at: roomAt(bucket.allowance, fullAt, (ordered.get(bucket.item) ?? 0) + 1, now) }
    })
    .sort((a, b) => b.at - a.at)
  if (!last || last.at <= now) return null
  const { counts, allowance } = last.bucket
  const until = toIso(last.at)
  const what = `the CA allows ${allowance.most} ${counts} in ${toSpan(allowance.perMs)}, and the order for ${certId} would exceed that; the next one is possible at ${until}`
  return new RotationError('limits/ledger-full', what, { retryAfter: until })
}

function noRoom(quota: StoreQuota | RotationError, room: number): RotationError | null {
  if (quota instanceof RotationError) return quota
  if (room > 0) return null
  const { used, limit } = quota
  const what = `no room for a new server certificate: ${used} of ${limit} are used in this account`
  return new RotationError('store/quota-full', what, { used, limit })
}

/** Only time helps: not a failure while what is installed is good for a while. */
export function isWait({ code }: RotationError): boolean {
  return code === 'limits/asked-to-wait' || code === 'limits/ledger-full' || code === 'run/out-of-time'
}
