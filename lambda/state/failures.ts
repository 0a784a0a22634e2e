/**
 * What failed for a certificate, and when it is tried again: `failures`, `failedOrders`, `nextTry` and `postponed` of
 * what is remembered. They are written here and nowhere else.
 */
import type { ErrorCode } from '../domain/errors.ts'
import { DAY_MS } from '../domain/instant.ts'
import { type Certificate, type EpochMs, isFailure, type Outcome } from '../domain/model.ts'
import { hostsLedger, specificationHash } from '../domain/names.ts'
import type { CertificateState, Renewal } from '../domain/remembered.ts'
import type { RotationError } from '../domain/rotation-error.ts'
import type { Failure } from '../parallel.ts'
import type { Memory } from './memory.ts'

const LONGEST_WHY = 1_000

/** Someone must change something; until then, each order would end in the same way. */
const HOPELESS: readonly ErrorCode[] = ['acme/account-refused', 'acme/no-dns-challenge']

/** Orders that the CA did not fulfil: the next ones come later and later (`limits/backoff.ts`). */
export async function noteFailedOrders(
  failed: readonly Failure[],
  desired: ReadonlyMap<string, Certificate>,
  memory: Memory,
  now: EpochMs,
): Promise<void> {
  for (const { certId, error } of failed) {
    const certificate = desired.get(certId)
    if (!certificate || !isOfAnOrder(error)) continue
    const hash = specificationHash(certificate)
    const { failedOrders: before } = memory.of(certId)
    const count = before?.specificationHash === hash ? before.count + 1 : 1
    const why = `${error.message} (${error.code})`.slice(0, LONGEST_WHY)
    await memory.note(certId, { failedOrders: { count, last: now, specificationHash: hash, why } })
  }
}

function isOfAnOrder({ code, retry, refusal }: RotationError): boolean {
  // that the directory does not offer a profile is seen without an order
  if (code === 'acme/profile-not-offered') return refusal !== null
  return retry === 'backoff' || HOPELESS.includes(code)
}

/** The order is done and its certificate stored: earlier failures of orders are over. */
export async function noteStored(certId: string, renewal: Renewal, memory: Memory): Promise<void> {
  await memory.note(certId, { order: null, failedOrders: null, renewal })
}

/** There was no time left for it: it goes first in the next run. */
export async function notePostponed(certId: string, memory: Memory): Promise<void> {
  await memory.note(certId, { postponed: true })
}

/** How each certificate ended the run. One whose record does not change costs no write. */
export async function noteOutcomes(
  outcomes: readonly Outcome[],
  certificates: ReadonlyMap<string, Certificate>,
  memory: Memory,
  now: EpochMs,
): Promise<void> {
  for (const outcome of outcomes) {
    const change = changeBy(outcome, certificates.get(outcome.certId), memory.of(outcome.certId), now)
    if (change) await memory.note(outcome.certId, change)
  }
}

function changeBy(
  outcome: Outcome,
  certificate: Certificate | undefined,
  { failures, failedOrders, nextTry, postponed }: CertificateState,
  now: EpochMs,
): Partial<CertificateState> | null {
  if (outcome.state === 'held-back') return null
  if (outcome.state === 'postponed') return postponed ? null : { postponed: true }
  if (!isFailure(outcome))
    return failures || failedOrders || nextTry || postponed
      ? { failures: null, failedOrders: null, nextTry: null, postponed: false }
      : null
  const [first] = outcome.errors
  return {
    failures: {
      count: (failures?.count ?? 0) + 1,
      since: failures?.since ?? now,
      last: now,
      code: first?.code ?? 'bug/unexpected',
    },
    nextTry: waitUntil(outcome, certificate, now) ?? nextTry,
    postponed: outcome.errors.some(({ code }) => code === 'run/out-of-time'),
  }
}

/** The longest of Let's Encrypt's limits; a CA that asks for more has made a mistake. */
const LONGEST_WAIT_MS = 7 * DAY_MS

/** How long the CA asked to wait when it refused, or said that it is down. */
function waitUntil(
  { errors }: Outcome,
  certificate: Certificate | undefined,
  now: EpochMs,
): CertificateState['nextTry'] {
  const waits = errors.flatMap(({ refusal }) => refusal?.retryAfterMs ?? [])
  if (waits.length === 0 || !certificate) return null
  const at = now + Math.min(Math.max(...waits), LONGEST_WAIT_MS)
  return { at, since: now, set: hostsLedger(certificate.directoryUrl, certificate.hosts) }
}
