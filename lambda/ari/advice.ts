/**
 * What the CA says of when to replace a certificate, and when to ask again. Pure.
 * @see RFC 9773 §4.2, §4.3
 */
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../instant.ts'
import type { EpochMs } from '../model.ts'
import type { Lifetime, Window } from '../plan/window.ts'
import type { RenewalAnswer } from '../ports.ts'
import type { CertificateState } from '../state/items.ts'

export type Renewal = NonNullable<CertificateState['renewal']>

const SOONEST_MS = MINUTE_MS
const LATEST_MS = DAY_MS
/** For what does not pass by itself. */
const LONG_TERM_MS = 6 * HOUR_MS
/** Then a failure that ought to pass is taken for one that does not. */
const MOST_PASSING = 8

/** @param id its name in ARI */
export function neverAsked({ serial }: { readonly serial: string }, id: string | null): Renewal {
  return { serial, id, account: null, window: null, explanation: null, askAfter: 0, failures: 0 }
}

/** What says so far ahead that it cannot be ours does not keep from asking. */
export function isTimeToAsk({ askAfter }: Renewal, now: EpochMs): boolean {
  return askAfter <= now || askAfter > now + LATEST_MS
}

/** The CA has no such thing, or the certificate has no name in it. */
export function withoutAri(before: Renewal, now: EpochMs): Renewal {
  return { ...before, failures: 0, askAfter: now + LATEST_MS }
}

/** @returns what to remember; an answer that makes no sense leaves the window as it was */
export function advisedBy(answer: RenewalAnswer, before: Renewal, lifetime: Lifetime, now: EpochMs): Renewal {
  if ('failure' in answer) {
    const failures = answer.isPassing ? before.failures + 1 : 0
    const isPassing = answer.isPassing && failures <= MOST_PASSING
    const waitMs = isPassing ? Math.min(SOONEST_MS * 2 ** (failures - 1), LONG_TERM_MS) : LONG_TERM_MS
    return { ...before, failures, askAfter: now + Math.max(waitMs, clamp(answer.retryAfterMs ?? 0)) }
  }
  const { window, explanation, retryAfterMs } = answer
  if (isNonsense(window, lifetime)) return { ...before, failures: 0, askAfter: now + LONG_TERM_MS }
  return { ...before, window, explanation, failures: 0, askAfter: now + clamp(retryAfterMs ?? LONG_TERM_MS) }
}

function clamp(waitMs: number): number {
  return Math.min(Math.max(waitMs, SOONEST_MS), LATEST_MS)
}

/**
 * Over before it begins; or long before the certificate began, so that each new one would be replaced at once. For "now"
 * CAs say a window of the last hour, which may be older than the certificate.
 */
function isNonsense({ start, end }: Window, { notBefore }: Lifetime): boolean {
  return !(end > start) || end <= notBefore - DAY_MS
}
