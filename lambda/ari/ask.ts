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
import { isNewest, newestOfOurs } from '../plan/newest.ts'
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
    const { renewal } = memory.of(certId)
    const known = renewal?.serial === stored.serial ? renewal : neverAsked(stored, null)
    const id = known.id ?? (await renewalId(stored, observed, world))
    const before = { ...known, id: id instanceof RotationError ? null : id }
    const answer = await answerFor(id)
    const after = answer ? advisedBy(answer, before, stored, time.now()) : withoutAri(before, time.now())
    tell(certId, answer, before, after, world)
    await memory.note(certId, { renewal: after })
    return true
  })

  /** @param id its name, `null` when it has none, or why that could not be read */
  async function answerFor(id: string | null | RotationError): Promise<RenewalAnswer | null> {
    if (id === null) return null
    if (id instanceof RotationError) return unknown(id)
    const answer = isDown ?? (await ask(id, world))
    if (answer && 'failure' in answer && answer.isPassing && ++failures >= MOST_FAILURES) isDown = answer
    return answer
  }
}

/**
 * @returns the one in force when it is time to ask; not one that is over, that broke a listener, of another CA, or that
 *   another has replaced before its specification was wanted again
 */
function askedAbout(
  certificate: Certificate,
  observed: Observed,
  memory: Memory,
  now: number,
): StoredCertificate | null {
  const stored = newestOfOurs(certificate, observed)
  const state = memory.of(certificate.id)
  if (!stored || stored.notAfter <= now || !isOfItsCa(certificate, stored, observed)) return null
  if (!isNewest(stored, observed)) return null
  if (certificate.targets.some((target) => isRejected(stored, target, observed, state))) return null
  const { renewal } = state
  return renewal?.serial !== stored.serial || isTimeToAsk(renewal, now) ? stored : null
}

/** It is remembered from the issuance; where that was lost, the store has it. */
async function renewalId(
  { arn }: StoredCertificate,
  observed: Observed,
  { store }: World,
): Promise<string | null | RotationError> {
  try {
    const detail = observed.details.get(arn) ?? (await store.read(arn))
    return detail ? renewalIdOf(new X509Certificate(detail.pem)) : null
  } catch (thrown) {
    if (thrown instanceof RotationError) return thrown
    throw thrown
  }
}

async function ask(id: string, { authority }: World): Promise<RenewalAnswer | null> {
  try {
    return await authority.renewalInfo(id)
  } catch (thrown) {
    if (!(thrown instanceof RotationError)) throw thrown
    return unknown(thrown)
  }
}

function unknown({ message }: RotationError): RenewalAnswer {
  return { failure: message, isPassing: true, retryAfterMs: null }
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
