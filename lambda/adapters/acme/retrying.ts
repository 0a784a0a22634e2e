/** One request to the CA, tried again where that can help, within bounds. */
import type { Settings } from '../../domain/defaults.ts'
import type { Time } from '../../ports.ts'
import { explain } from './problem.ts'
import { AcmeProblem, AcmeSilence } from './transport.ts'

/**
 * @returns a function that does one thing with the CA:
 *   - a refused nonce is tried again at once: the request had no effect (RFC 8555 §6.5);
 *   - silence, a 5xx and a 429 are tried again after Retry-After or a growing wait, a few times;
 *   - a Retry-After beyond `acmeLongestWaitMs` is obeyed by giving up;
 *   - all else is thrown as a RotationError with the CA's own words.
 */
export function retrying(time: Time, settings: Settings) {
  return async <T>(doing: string, request: () => Promise<T>): Promise<T> => {
    let nonces = 0
    let tries = 1
    for (;;) {
      try {
        return await request()
      } catch (thrown) {
        if (
          thrown instanceof AcmeProblem &&
          thrown.type === 'badNonce' &&
          nonces++ < settings.acmeNonceAttempts
        )
          continue
        const waitMs = waitBefore(thrown, tries, settings)
        const isOver = waitMs !== null && time.now() + waitMs > time.stopAt
        if (waitMs === null || isOver || tries >= settings.acmeAttempts)
          throw explain(thrown, doing, time.now())
        await time.sleep(waitMs)
        tries++
      }
    }
  }
}

/** @returns how long to wait, or `null` when trying again cannot help in this run */
function waitBefore(thrown: unknown, tries: number, settings: Settings): number | null {
  const growing = settings.acmeRetryBaseMs * 2 ** (tries - 1)
  if (thrown instanceof AcmeSilence) return growing
  if (!(thrown instanceof AcmeProblem)) return null
  const passing = thrown.status >= 500 || thrown.status === 429
  // a rate limit without Retry-After is a paused account: no wait of ours ends that
  if (!passing || (thrown.status === 429 && thrown.retryAfterMs === null)) return null
  const waitMs = thrown.retryAfterMs ?? growing
  return waitMs <= settings.acmeLongestWaitMs ? waitMs : null
}
