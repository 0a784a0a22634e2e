/**
 * What the CA's answer about a renewal means, and when to ask again. Pure.
 * @see RFC 9773 §4.2, §4.3
 */
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../domain/instant.ts'
import type { EpochMs, Lifetime, RenewalWindow } from '../domain/model.ts'
import type { Renewal } from '../domain/remembered.ts'
import type { RenewalAnswer } from '../ports.ts'

const SOONEST_MS = MINUTE_MS
const LATEST_MS = DAY_MS
/** After a failure that does not pass by itself. */
const LONG_TERM_MS = 6 * HOUR_MS
/** After so many failures in a row, one that ought to pass is treated as one that does not. */
const MOST_PASSING = 8

/** @param id its ARI identifier */
export function neverAsked({ serial }: { readonly serial: string }, id: string | null): Renewal {
  return { serial, id, account: null, window: null, explanation: null, askAfter: 0, failures: 0 }
}

/** An instant so far ahead cannot be one of ours, and is ignored. */
export function isTimeToAsk({ askAfter }: Renewal, now: EpochMs): boolean {
  return askAfter <= now || askAfter > now + LATEST_MS
}

/** The CA does not offer ARI, or the certificate has no identifier in it. */
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
 * It ends before it starts; or it ended long before the certificate began, so that each new one would be replaced at
 * once. To say "now", CAs give a window of the last hour, which may be older than the certificate.
 */
function isNonsense({ start, end }: RenewalWindow, { notBefore }: Lifetime): boolean {
  return !(end > start) || end <= notBefore - DAY_MS
}
