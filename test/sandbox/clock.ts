/** The one clock of a sandbox. It may run faster than ours and be put forward, so that minutes and years pass in a test. */
import type { Time } from '../../lambda/ports.ts'

export interface Clock extends Time {
  advance(ms: number): void
}

/**
 * @param startAt epoch milliseconds
 * @param speed seconds of the sandbox in one of ours; `sleep` is shortened alike
 */
export function createClock(startAt: number = Date.now(), speed = 1): Clock {
  const begun = performance.now()
  let ahead = 0
  return {
    now: () => Math.floor(startAt + (performance.now() - begun) * speed + ahead),
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms / speed)),
    stopAt: Number.POSITIVE_INFINITY,
    advance(ms) {
      ahead += ms
    },
  }
}
