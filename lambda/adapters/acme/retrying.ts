/** One request to the CA, repeated when that can help, within bounds. */
import type { Settings } from '../../domain/defaults.ts'
import type { Time } from '../../ports.ts'
import { explain } from './problem.ts'
import { AcmeProblem, AcmeSilence } from './transport.ts'

/**
 * @returns a function that does one thing with the CA:
 *   - after a refused nonce, it is repeated at once: the request had no effect (RFC 8555 §6.5);
 *   - after silence, a 5xx or a 429, it is repeated after Retry-After or a growing wait, a few times;
 *   - a Retry-After beyond `acmeLongestWaitMs` ends it;
 *   - anything else is thrown as a RotationError with the CA's own message.
 */
export function retrying(time: Time, settings: Settings) {
  return async <T>(doing: string, request: () => Promise<T>): Promise<T> => {
    let nonces = 0
    let attempts = 1
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
        const waitMs = waitBefore(thrown, attempts, settings)
        const isOver = waitMs !== null && time.now() + waitMs > time.stopAt
        if (waitMs === null || isOver || attempts >= settings.acmeAttempts)
          throw explain(thrown, doing, time.now())
        await time.sleep(waitMs)
        attempts++
      }
    }
  }
}

/** @returns how long to wait, or `null` when repeating cannot help in this run */
function waitBefore(thrown: unknown, attempts: number, settings: Settings): number | null {
  const growing = settings.acmeRetryBaseMs * 2 ** (attempts - 1)
  if (thrown instanceof AcmeSilence) return growing
  if (!(thrown instanceof AcmeProblem)) return null
  const passing = thrown.status >= 500 || thrown.status === 429
  // a rate limit without Retry-After means a paused account: no wait ends that
  if (!passing || (thrown.status === 429 && thrown.retryAfterMs === null)) return null
  const waitMs = thrown.retryAfterMs ?? growing
  return waitMs <= settings.acmeLongestWaitMs ? waitMs : null
}
