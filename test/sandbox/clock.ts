/** The only clock of a sandbox: real time, or time of its own, so that minutes and years pass in a test. */
import type { Time } from '../../lambda/ports.ts'

export interface Clock extends Time {
  advance(ms: number): void
  /** AWS was called, which takes some time. */
  noteCall(): void
  /** No sleep ends before `work` is done: it takes no time of this clock. */
  during<T>(work: Promise<T>): Promise<T>
}

/** Long enough that calls one after the other stay below the rate limit of Route53. */
const CALL_MS = 100

/**
 * @param startAt epoch milliseconds
 * @param speed when left out, the clock shows real time. Otherwise it is moved only by sleeps, by calls and by `advance`,
 *   not by what the machine computes, so that no time-out of the function depends on how busy the machine is. A second
 *   of sleep takes 1/speed of a real second.
 * @param callMs how long a call to AWS takes
 */
export function createClock(startAt: number = Date.now(), speed?: number, callMs: number = CALL_MS): Clock {
  return speed === undefined ? ourClock(startAt) : ownClock(startAt, speed, callMs)
}

function ourClock(startAt: number): Clock {
  const begun = performance.now()
  let ahead = 0
  return {
    now: () => Math.floor(startAt + performance.now() - begun + ahead),
    sleep: pause,
    stopAt: Number.POSITIVE_INFINITY,
    advance(ms) {
      ahead += ms
    },
    noteCall: () => undefined,
    during: (work) => work,
  }
}

function ownClock(startAt: number, speed: number, callMs: number): Clock {
  const unfinished = new Set<Promise<unknown>>()
  const sleepers = new Set<{ readonly until: number; readonly wake: () => void }>()
  let now = startAt

  function move(ms: number): void {
    now += ms
    for (const sleeper of sleepers)
      if (sleeper.until <= now) {
        sleepers.delete(sleeper)
        sleeper.wake()
      }
  }

  return {
    now: () => Math.floor(now),
    async sleep(ms) {
      const until = now + ms
      const woken = new Promise<void>((wake) => sleepers.add({ until, wake }))
      await Promise.race([woken, pause(ms / speed)])
      while (unfinished.size > 0) await Promise.allSettled(unfinished)
      move(Math.max(0, until - now))
    },
    stopAt: Number.POSITIVE_INFINITY,
    advance: move,
    noteCall: () => move(callMs),
    during(work) {
      unfinished.add(work)
      return work.finally(() => unfinished.delete(work))
    },
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
