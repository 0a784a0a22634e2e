/**
 * Ask the CA when it wants the certificates in force replaced, each as often as the CA wants to be asked. Its word is
 * advice: where there is none, the plan goes by its own window.
 *
 * @see RFC 9773 §4.3
 */
import { X509Certificate } from 'node:crypto'
import type { Settings } from '../defaults.ts'
import { RotationError } from '../errors.ts'
import { toIso } from '../instant.ts'
import type { Certificate, Observed, StoredCertificate } from '../model.ts'
import { inParallel } from '../parallel.ts'
import { newestOfOurs } from '../plan/newest.ts'
import { isOfItsCa } from '../plan/predecessor.ts'
import { isRejected } from '../plan/rejected.ts'
import type { Ports, RenewalAnswer } from '../ports.ts'
import type { Memory } from '../state/memory.ts'
import { advisedBy, isTimeToAsk, neverAsked, type Renewal, withoutAri } from './advice.ts'
import { renewalIdOf } from './renewal-id.ts'

type World = Pick<Ports, 'authority' | 'store' | 'time' | 'emit'>

/** A CA that is down is not waited for once for each certificate. */
const MOST_FAILURES = 3

/** What is learnt is in `memory` afterwards. Never throws but for a bug. */
export async function askRenewals(
  desired: readonly Certificate[],
  observed: Observed,
  world: World,
  memory: Memory,
  settings: Settings,
): Promise<void> {
  const { time } = world
  const inForce = desired.flatMap((certificate) => {
    const stored = askedAbout(certificate, observed, memory, time.now())
    return stored ? [{ certificate, stored }] : []
  })
  let isDown: RenewalAnswer | null = null
  let failures = 0
  await inParallel(inForce, settings.concurrency, async ({ certificate, stored }) => {
    if (time.now() >= time.stopAt) return false
    const { id: certId } = certificate
    const before = await known(certificate, stored, observed, world, memory)
    const answer: RenewalAnswer | null = before.id === null ? null : (isDown ?? (await ask(before.id, world)))
    if (answer && 'failure' in answer && answer.isPassing && ++failures >= MOST_FAILURES) isDown = answer
    const after = answer ? advisedBy(answer, before, stored, time.now()) : withoutAri(before, time.now())
    tell(certId, answer, before, after, world)
    await memory.note(certId, { renewal: after })
    return true
  })
}

async function known(
  certificate: Certificate,
  stored: StoredCertificate,
  observed: Observed,
  world: World,
  memory: Memory,
): Promise<Renewal> {
  const { renewal } = memory.of(certificate.id)
  if (renewal?.serial === stored.serial) return renewal
  return neverAsked(stored, await renewalId(stored, observed, world))
}

/** @returns the one in force when it is time to ask; not one that is over, that broke a listener, or of another CA */
function askedAbout(
  certificate: Certificate,
  observed: Observed,
  memory: Memory,
  now: number,
): StoredCertificate | null {
  const stored = newestOfOurs(certificate, observed)
  const state = memory.of(certificate.id)
  if (!stored || stored.notAfter <= now || !isOfItsCa(certificate, stored, observed)) return null
  if (certificate.targets.some((target) => isRejected(stored, target, observed, state))) return null
  const { renewal } = state
  return renewal?.serial !== stored.serial || isTimeToAsk(renewal, now) ? stored : null
}

/** It is remembered from the issuance; where that was lost, the store has it. */
async function renewalId(
  { arn }: StoredCertificate,
  observed: Observed,
  { store }: World,
): Promise<string | null> {
  const detail =
    observed.details.get(arn) ??
    (await store.read(arn).catch((thrown: unknown) => {
      if (thrown instanceof RotationError) return null
      throw thrown
    }))
  return detail ? renewalIdOf(new X509Certificate(detail.pem)) : null
}

async function ask(id: string, { authority }: World): Promise<RenewalAnswer | null> {
  try {
    return await authority.renewalInfo(id)
  } catch (thrown) {
    if (!(thrown instanceof RotationError)) throw thrown
    return { failure: thrown.message, isPassing: true }
  }
}

function tell(
  certId: string,
  answer: RenewalAnswer | null,
  before: Renewal,
  { window, explanation, askAfter }: Renewal,
  { emit }: World,
): void {
  const isNew = window?.start !== before.window?.start || window?.end !== before.window?.end
  if (answer && 'failure' in answer)
    emit({ event: 'renewal.unknown', certId, why: answer.failure, askAfter: toIso(askAfter) })
  else if (answer && window === null)
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
