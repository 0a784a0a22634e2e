/** The clock of a sandbox for a process of its own: a sleep there is a sleep here, and returns the time afterwards. */
import type { ChildProcess } from 'node:child_process'
import type { Time } from '../../lambda/ports.ts'
import type { Clock } from './clock.ts'

interface Asleep {
  readonly sleepMs: number
  readonly sleeper: number
}

interface Awake {
  readonly awake: number
  readonly now: number
}

/** Let a child process sleep by this clock for as long as it lives. */
export function shareClock(child: ChildProcess, clock: Clock): void {
  child.on('message', async (message: object) => {
    if (!isAsleep(message)) return
    await clock.sleep(message.sleepMs)
    const awake: Awake = { awake: message.sleeper, now: clock.now() }
    // it may have been killed in the meantime
    if (child.connected) child.send(awake, () => undefined)
  })
}

export interface SharedTime extends Time {
  /** What the clock shows when this process is asked to work. */
  set(now: number): void
}

/** In the child process, once. */
export function sharedTime(): SharedTime {
  let now = 0
  let sleepers = 0
  const waking = new Map<number, () => void>()
  process.on('message', (message: object) => {
    if (!('awake' in message)) return
    const { awake, now: shown } = message as Awake
    now = shown
    waking.get(awake)?.()
    waking.delete(awake)
  })
  return {
    set(shown) {
      now = shown
    },
    now: () => now,
    sleep(sleepMs) {
      const asleep: Asleep = { sleepMs, sleeper: ++sleepers }
      return new Promise((resolve) => {
        waking.set(asleep.sleeper, resolve)
        process.send?.(asleep)
      })
    },
    stopAt: Number.POSITIVE_INFINITY,
  }
}

function isAsleep(message: object): message is Asleep {
  return 'sleeper' in message
}
