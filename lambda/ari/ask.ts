/**
 * Ask the CA when it wants the certificates in use replaced, each as often as the CA wants to be asked. The answer is
 * advice: without one, the plan uses its own window.
 *
 * @see RFC 9773 §4.3
 */
import { X509Certificate } from 'node:crypto'
import type { Context } from '../context.ts'
import { toIso } from '../domain/instant.ts'
import type { Certificate, Observed, StoredCertificate } from '../domain/model.ts'
import type { Renewal } from '../domain/remembered.ts'
import { RotationError, rotationErrorOrThrow } from '../domain/rotation-error.ts'
import { inParallel } from '../parallel.ts'
import { isRejected } from '../plan/listener-state.ts'
import { isNewest, newestOfOurs } from '../plan/newest.ts'
import { isOfItsCa } from '../plan/predecessor.ts'
import type { Ports, RenewalAnswer } from '../ports.ts'
import type { Memory } from '../state/memory.ts'
import { advisedBy, isTimeToAsk, neverAsked, withoutAri } from './advice.ts'
import { renewalIdOf } from './renewal-id.ts'

/** A CA that is down is not asked once more for each certificate. */
const MOST_FAILURES = 3

/** The answers are in `memory` afterwards. Never throws but for a bug. */
export async function askRenewals(
  desired: readonly Certificate[],
  observed: Observed,
  { ports, memory, settings }: Context,
): Promise<void> {
  const { time } = ports
  const inUse = desired.flatMap((certificate) => {
    const stored = askedAbout(certificate, observed, memory, time.now())
    return stored ? [{ certId: certificate.id, stored }] : []
  })
  let outage: RenewalAnswer | null = null
  let failures = 0
  await inParallel(inUse, settings.concurrency, async ({ certId, stored }) => {
    if (time.now() >= time.stopAt) return
    const { renewal } = memory.of(certId)
    const known = renewal?.serial === stored.serial ? renewal : neverAsked(stored, null)
    const id = known.id ?? (await readRenewalId(stored, observed, ports))
    const before = { ...known, id: id instanceof RotationError ? null : id }
    const answer = await answerFor(id)
    const after = answer ? advisedBy(answer, before, stored, time.now()) : withoutAri(before, time.now())
    report(certId, answer, before, after, ports)
    await memory.note(certId, { renewal: after })
  })

  /** @param id ARI identifier, `null` when it has none, or why it could not be read */
  async function answerFor(id: string | null | RotationError): Promise<RenewalAnswer | null> {
    if (id === null) return null
    if (id instanceof RotationError) return unknown(id)
    const answer = outage ?? (await ask(id, ports))
    if (answer && 'failure' in answer && answer.isPassing && ++failures >= MOST_FAILURES) outage = answer
    return answer
  }
}

/**
 * @returns the certificate in use, when it is time to ask; not one that has ended, that broke a listener, that another
 *   CA issued, or that a newer one replaced before its specification was wanted again
 */
function askedAbout(
  certificate: Certificate,
  observed: Observed,
  memory: Memory,
  now: number,
): StoredCertificate | null {
  const stored = newestOfOurs(certificate, observed)
  const remembered = memory.of(certificate.id)
  if (!stored || stored.notAfter <= now || !isOfItsCa(certificate, stored, observed)) return null
  if (!isNewest(stored, observed)) return null
  if (certificate.targets.some((target) => isRejected(stored.arn, target, observed, remembered))) return null
  const { renewal } = remembered
  return renewal?.serial !== stored.serial || isTimeToAsk(renewal, now) ? stored : null
}

/** It is remembered from the issuance; if that was lost, it is read from the stored certificate. */
async function readRenewalId(
  { arn }: StoredCertificate,
  observed: Observed,
  { store }: Ports,
): Promise<string | null | RotationError> {
  try {
    const detail = observed.details.get(arn) ?? (await store.read(arn))
    return detail ? renewalIdOf(new X509Certificate(detail.pem)) : null
  } catch (thrown) {
    return rotationErrorOrThrow(thrown)
  }
}

async function ask(id: string, { authority }: Ports): Promise<RenewalAnswer | null> {
  try {
    return await authority.renewalInfo(id)
  } catch (thrown) {
    return unknown(rotationErrorOrThrow(thrown))
  }
}

function unknown({ message }: RotationError): RenewalAnswer {
  return { failure: message, isPassing: true, retryAfterMs: null }
}

function report(
  certId: string,
  answer: RenewalAnswer | null,
  before: Renewal,
  { window, explanation, askAfter }: Renewal,
  { emit }: Ports,
): void {
  const isNew = window?.start !== before.window?.start || window?.end !== before.window?.end
  if (answer && 'failure' in answer)
    emit({ event: 'renewal.unknown', certId, why: answer.failure, askAfter: toIso(askAfter) })
  else if (answer && window !== answer.window)
    emit({ event: 'renewal.unknown', certId, why: 'the window makes no sense', askAfter: toIso(askAfter) })
  else if (window && (isNew || explanation !== before.explanation))
    emit({
      event: 'renewal.advised',
      certId,
      start: toIso(window.start),
      end: toIso(window.end),
      ...(explanation === null ? {} : { explanation }),
    })
}
