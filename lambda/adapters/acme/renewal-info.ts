/** Ask the CA when it wants a certificate replaced. One request without retries: the next run asks again. */
import type { RenewalAnswer } from '../../ports.ts'
import { AcmeProblem, AcmeSilence } from './transport.ts'

/** @param get the body of what is at a URL */
export async function askRenewalInfo(
  get: (url: string) => Promise<unknown>,
  url: string,
  retryAfterMs: (url: string) => number | null,
): Promise<RenewalAnswer> {
  try {
    const read = readRenewalInfo(await get(url))
    return read
      ? { ...read, retryAfterMs: retryAfterMs(url) }
      : failure('the answer is not renewal information')
  } catch (thrown) {
    if (thrown instanceof AcmeProblem)
      return failure(
        `${thrown.message} (${thrown.type}, HTTP ${thrown.status})`,
        thrown.status >= 500,
        thrown.retryAfterMs,
      )
    if (thrown instanceof AcmeSilence)
      return failure(`${thrown.message} (${thrown.code})`, PASSING.includes(thrown.code))
    if (thrown instanceof Error) return failure(thrown.message)
    throw thrown
  }
}

/** Time-outs, and errors that look like one from here (RFC 9773 §4.3.3). */
const PASSING = ['ETIMEDOUT', 'ECONNABORTED', 'ECONNRESET', 'EPIPE', 'EAI_AGAIN']

function failure(why: string, isPassing = false, retryAfterMs: number | null = null): RenewalAnswer {
  return { failure: why, isPassing, retryAfterMs }
}

/** @see RFC 9773 §4.2 */
function readRenewalInfo(
  body: unknown,
): Pick<Extract<RenewalAnswer, { window: object }>, 'window' | 'explanation'> | null {
  const { suggestedWindow, explanationURL } = (body ?? {}) as {
    suggestedWindow?: { start?: unknown; end?: unknown } | null
    explanationURL?: unknown
  }
  const [start, end] = [instant(suggestedWindow?.start), instant(suggestedWindow?.end)]
  if (start === null || end === null) return null
  const explanation = typeof explanationURL === 'string' ? explanationURL.slice(0, LONGEST_URL) : null
  return { window: { start, end }, explanation }
}

const LONGEST_URL = 500

/** @returns `null` for anything but an RFC 3339 instant since 1970 that `Date` can hold */
function instant(text: unknown): number | null {
  if (typeof text !== 'string' || !/^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d/.test(text)) return null
  const at = Date.parse(text)
  return at >= 0 ? at : null
}
