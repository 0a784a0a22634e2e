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

/**
 * A clock that passes as ours does, and leaps over whatever is slept. What takes long only because the machine is busy
 * then costs no minutes of the sandbox, so that nothing in it times out for that. It must be the only clock there is: who
 * sleeps and who looks at it share a process.
 *
 * @param speed how much shorter than in the sandbox a sleep is here
 */
export function createLeapingClock(startAt: number = Date.now(), speed = 1): Clock {
  const begun = performance.now()
  const sleepers = new Set<{ readonly until: number; readonly wake: () => void }>()
  let ahead = 0
  const now = () => Math.floor(startAt + performance.now() - begun + ahead)

  function leap(ms: number): void {
    ahead += ms
    for (const sleeper of [...sleepers])
      if (sleeper.until <= now()) {
        sleepers.delete(sleeper)
        sleeper.wake()
      }
  }

  return {
    now,
    sleep(ms) {
      const until = now() + ms
      return new Promise((wake) => {
        sleepers.add({ until, wake })
        setTimeout(() => leap(Math.max(0, until - now())), ms / speed)
      })
    },
    stopAt: Number.POSITIVE_INFINITY,
    advance: leap,
  }
}
