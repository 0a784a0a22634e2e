/** Where a certificate of ours broke a listener. Its tag says so, and the state where the tag could not be written. Pure. */
import type { Observed, StoredCertificate, Target } from '../model.ts'
import { targetKey } from '../model.ts'
import { isRejectedAt, TAG } from '../names.ts'
import type { CertificateState } from '../state/items.ts'

export function isRejected(
  { arn }: StoredCertificate,
  target: Target,
  { details }: Observed,
  { rejected }: Pick<CertificateState, 'rejected'>,
): boolean {
  return (
    isRejectedAt(details.get(arn)?.tags[TAG.rejected], target) ||
    rejected.some((one) => one.arn === arn && one.listener === targetKey(target))
  )
}
