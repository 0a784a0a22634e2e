/** What the CA is told that a new certificate replaces (RFC 9773 §5). Pure. */
import type { Certificate, EpochMs, Observed, StoredCertificate } from '../domain/model.ts'
import { specificationHash } from '../domain/names.ts'
import type { Renewal } from '../domain/remembered.ts'
import { TAG, tagValue } from '../domain/tags.ts'
import { isNewest } from './newest.ts'
import { isIn } from './window.ts'

export interface Predecessor {
  /** Its ARI identifier. */
  readonly id: string
  /** URL of the account that it was issued to; `null` when that is not known. */
  readonly account: string | null
  /** The window that the CA gave is open: then the order counts against no limit. */
  readonly isInWindow: boolean
}

/** @returns `null` when the CA would refuse it as a predecessor */
export function predecessorOf(
  desired: Certificate,
  stored: StoredCertificate,
  observed: Observed,
  renewal: Renewal | null,
  now: EpochMs,
): Predecessor | null {
  if (renewal?.serial !== stored.serial || renewal.id === null || stored.notAfter <= now) return null
  if (!isNewest(stored, observed)) return null
  if (!isOfItsCa(desired, stored, observed) || !sharesHost(desired, stored, observed)) return null
  const { id, account, window } = renewal
  return { id, account, isInWindow: isIn(window, now) }
}

/** It was issued by the CA that is configured now. */
export function isOfItsCa(desired: Certificate, stored: StoredCertificate, { details }: Observed): boolean {
  if (stored.specificationHash === specificationHash(desired)) return true
  return details.get(stored.arn)?.tags[TAG.directory] === tagValue(desired.directoryUrl)
}

function sharesHost(
  desired: Certificate,
  { arn, specificationHash: had }: StoredCertificate,
  { details }: Observed,
): boolean {
  if (had === specificationHash(desired)) return true
  return details.get(arn)?.leaf.hosts.some((host) => desired.hosts.includes(host)) ?? false
}
