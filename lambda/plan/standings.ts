/** Why a certificate, or one of its targets, is left as it is: so that the report can say why nothing was done. */
import { covers } from '../config/hosts.ts'
import { RotationError } from '../errors.ts'
import { toDay } from '../instant.ts'
import type {
  Certificate,
  EpochMs,
  Observed,
  ReachableTarget,
  StoredCertificate,
  StoreQuota,
  Target,
} from '../model.ts'
import { targetKey } from '../model.ts'
import { specificationHash, TAG } from '../names.ts'
import type { CertificateState } from '../state/items.ts'
import { type Current, lifetimeOf } from './checks.ts'
import { dueAt, lastGuard, ownWindow, pointIn, windowOf } from './window.ts'

export interface Standing {
  readonly certId: string
  readonly state: 'settled' | 'held-back' | 'rejected' | 'failed'
  readonly detail: string
  readonly error: RotationError | null
}

export interface PlanContext {
  readonly now: EpochMs
  /** Time to the next run. */
  readonly intervalMs: number
  /** Ids to issue even though nothing asks for it. */
  readonly force: ReadonlySet<string>
  /** Ids that this run has issued: they are not issued again in it, whatever asks for it. */
  readonly issued: ReadonlySet<string>
  /** What is remembered, by certificate id. */
  readonly states: ReadonlyMap<string, CertificateState>
  /** Ids of the configuration; `null` when the run is about some of them only. */
  readonly entries: readonly string[] | null
  /** Ids that are remembered and are in the configuration no more. */
  readonly forgotten: readonly string[]
  readonly quota: StoreQuota | null
  /** ARNs that IAM has refused to delete in this run. */
  readonly inUse: ReadonlySet<string>
}

/**
 * A listener that broke with what is still the newest of ours gets it not again. It is a failure at every run until a
 * new one is due, the specification changes, or somebody mends it.
 */
export function keepFromRejected(
  desired: Certificate,
  { target, attached }: ReachableTarget,
  ours: StoredCertificate,
): Standing {
  return attached.arn === ours.arn ? stillBroken(desired, target, ours) : rejected(desired, target, ours)
}

/** @returns why the foreign certificate at a target stays, or `null` when the target wants one of ours. */
export function keepForeign(
  desired: Certificate,
  facts: ReachableTarget,
  context: PlanContext,
): Standing | null {
  const { attached } = facts
  if (attached.origin === 'ours' || desired.takeOver === 'now') return null
  if (attached.origin === 'unreadable')
    return {
      certId: desired.id,
      // where AWS refused to tell, it would stay so until the certificate ends: that must be seen
      state: attached.why.code === 'store/certificate-unreadable' ? 'held-back' : 'failed',
      detail: `what ${targetKey(facts.target)} has attached cannot be read: ${attached.why.message}`,
      error: attached.why,
    }
  const { leaf } = attached
  const window = ownWindow(leaf)
  if (!covers(leaf.hosts, desired.hosts) || dueAt(leaf, window, context.now, context.intervalMs)) return null
  return {
    certId: desired.id,
    state: 'settled',
    detail: `foreign certificate at ${targetKey(facts.target)} stays until ${toDay(pointIn(window, leaf.serial))}, it ends ${toDay(leaf.notAfter)}`,
    error: null,
  }
}

/** A certificate of a staging CA replaces one of its own kind only, unless somebody said so: no client trusts it. */
export function refuseStaging(
  desired: Certificate,
  { target, attached }: ReachableTarget,
  observed: Observed,
): Standing | null {
  if (!desired.isStaging || desired.allowStaging) return null
  if (attached.origin === 'ours' && isOfStaging(attached.stored, desired, observed)) return null
  const what = `${desired.directoryUrl} is a staging CA, and what ${targetKey(target)} has is not known to be of one`
  return failed(
    desired,
    new RotationError('plan/staging-over-production', what, { directory: desired.directoryUrl }),
  )
}

function isOfStaging(
  { arn, specificationHash: had }: StoredCertificate,
  desired: Certificate,
  { details }: Observed,
): boolean {
  return had === specificationHash(desired) || details.get(arn)?.tags[TAG.staging] === 'true'
}

export function settled(
  desired: Certificate,
  current: Current,
  renewal: CertificateState['renewal'],
): Standing {
  const lifetime = lifetimeOf(current)
  const point = Math.min(pointIn(windowOf(lifetime, renewal), lifetime.serial), lastGuard(lifetime))
  return {
    certId: desired.id,
    state: 'settled',
    detail: `good until ${toDay(lifetime.notAfter)}, due ${toDay(point)}`,
    error: null,
  }
}

export function failed(desired: Certificate, error: RotationError): Standing {
  return { certId: desired.id, state: 'failed', detail: error.message, error }
}

function rejected(desired: Certificate, target: Target, stored: StoredCertificate): Standing {
  const what = `${targetKey(target)} broke with ${stored.name} and has its previous certificate back`
  const error = new RotationError('verify/rejected', what, { listener: targetKey(target), name: stored.name })
  return { certId: desired.id, state: 'rejected', detail: what, error }
}

function stillBroken(desired: Certificate, target: Target, stored: StoredCertificate): Standing {
  const what = `${targetKey(target)} broke with ${stored.name}, and still has it attached`
  const error = new RotationError('undo/failed', what, { listener: targetKey(target), name: stored.name })
  return { certId: desired.id, state: 'failed', detail: what, error }
}
