/** Of our certificates in the store: what has to be read one by one. */
import type { Settings } from '../defaults.ts'
import { RotationError } from '../errors.ts'
import type { Certificate, CertificateDetail, Observed, StoredCertificate, TargetFacts } from '../model.ts'
import { targetKey } from '../model.ts'
import { idHash, specificationHash } from '../names.ts'
import { inParallel } from '../parallel.ts'
import type { Ports } from '../ports.ts'

/**
 * A settled certificate costs no call, nor does the one that worked before it: only where the specification differs, or a
 * target has another or serves none.
 */
export async function readDetails(
  desired: readonly Certificate[],
  targets: ReadonlyMap<string, TargetFacts>,
  stored: readonly StoredCertificate[],
  workedBefore: ReadonlySet<string>,
  { store }: Pick<Ports, 'store'>,
  settings: Settings,
): Promise<Pick<Observed, 'details' | 'unread'>> {
  const details = new Map<string, CertificateDetail>()
  const unread = new Map<string, RotationError>()
  const asked = desired.flatMap((certificate) => {
    const wanted = specificationHash(certificate)
    const here = certificate.targets.flatMap((target) => targets.get(targetKey(target)) ?? [])
    const own = stored.filter(({ idHash: hash }) => hash === idHash(certificate.id))
    const isServedBy = ({ arn, specificationHash: hash }: StoredCertificate) =>
      hash === wanted && here.every((facts) => isServed(facts, arn))
    const isSettled = own.some(isServedBy)
    return own.filter((one) => !isServedBy(one) && !(isSettled && workedBefore.has(one.arn)))
  })
  await inParallel(asked, settings.concurrency, async ({ arn }) => {
    try {
      const detail = await store.read(arn)
      if (detail) details.set(arn, detail)
      else unread.set(arn, unreadable(arn, 'IAM lists it, and does not know it'))
    } catch (thrown) {
      if (!(thrown instanceof RotationError)) throw thrown
      unread.set(arn, thrown)
    }
  })
  return { details, unread }
}

function isServed(facts: TargetFacts, arn: string): boolean {
  return (
    facts.problem !== null || (facts.attached.arn === arn && facts.probe.every((answer) => 'leaf' in answer))
  )
}

export function unreadable(arn: string, why: string): RotationError {
  return new RotationError('store/certificate-unreadable', `${arn} cannot be read: ${why}`, { arn })
}
