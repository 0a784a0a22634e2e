/** What a new certificate replaces in the eyes of the CA (RFC 9773 §5). Pure. */
import type { Certificate, EpochMs, Observed, StoredCertificate } from '../model.ts'
import { specificationHash, TAG, tagValue } from '../names.ts'
import type { CertificateState } from '../state/items.ts'
import { isNewest } from './newest.ts'
import type { Window } from './window.ts'

export interface Predecessor {
  /** Its name in ARI. */
  readonly id: string
  /** URL of the account that it was issued to; `null` when that is not known. */
  readonly account: string | null
  /** The CA's; `null` when it gave none. */
  readonly window: Window | null
}

/** @returns `null` where the CA would refuse to hear of it */
export function predecessorOf(
  desired: Certificate,
  stored: StoredCertificate,
  observed: Observed,
  renewal: CertificateState['renewal'],
  now: EpochMs,
): Predecessor | null {
  if (renewal?.serial !== stored.serial || renewal.id === null || stored.notAfter <= now) return null
  if (!isNewest(stored, observed)) return null
  if (!isOfItsCa(desired, stored, observed) || !sharesHost(desired, stored, observed)) return null
  const { id, account, window } = renewal
  return { id, account, window }
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
