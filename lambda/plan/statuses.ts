/** Why a certificate, or one of its targets, is left as it is, so that the report can say why nothing was done. Pure. */

import { toDay } from '../domain/instant.ts'
import type { Certificate, ReachableTarget, StoredCertificate, Target } from '../domain/model.ts'
import type { Renewal } from '../domain/remembered.ts'
import { RotationError } from '../domain/rotation-error.ts'
import { type Current, lifetimeOf } from './checks.ts'
import { lastGuard, pointIn, windowOf } from './window.ts'

export interface Status {
  readonly certId: string
  /** Key of the target it is about; `null` for the whole certificate. */
  readonly listener: string | null
  readonly state: 'settled' | 'held-back' | 'rejected' | 'failed'
  readonly detail: string
  readonly error: RotationError | null
}

export function settled({ id }: Certificate, current: Current, renewal: Renewal | null): Status {
  const lifetime = lifetimeOf(current)
  const point = Math.min(pointIn(windowOf(lifetime, renewal), lifetime.serial), lastGuard(lifetime))
  const detail = `good until ${toDay(lifetime.notAfter)}, due ${toDay(point)}`
  return { certId: id, listener: null, state: 'settled', detail, error: null }
}

export function failed({ id }: Certificate, listener: string | null, error: RotationError): Status {
  return { certId: id, listener, state: 'failed', detail: error.message, error }
}

/**
 * A listener that broke with what is still the newest of ours does not get it again. That is a failure in every run
 * until a new certificate is due, the specification changes, or somebody fixes the listener.
 */
export function brokenBy(desired: Certificate, facts: ReachableTarget, ours: StoredCertificate): Status {
  const { target, attached } = facts
  return attached.arn === ours.arn ? stillBroken(desired, target, ours) : restored(desired, target, ours)
}

function restored({ id }: Certificate, { key }: Target, { name }: StoredCertificate): Status {
  const what = `${key} broke with ${name} and has its previous certificate back`
  const error = new RotationError('verify/rejected', what, { listener: key, name })
  return { certId: id, listener: key, state: 'rejected', detail: what, error }
}

function stillBroken({ id }: Certificate, { key }: Target, { name }: StoredCertificate): Status {
  const what = `${key} broke with ${name}, and still has it attached`
  const error = new RotationError('undo/failed', what, { listener: key, name })
  return { certId: id, listener: key, state: 'failed', detail: what, error }
}
