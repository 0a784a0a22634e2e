/** Ask again until there is an answer, with an injected clock. */
import type { EpochMs } from './domain/model.ts'
import type { Time } from './ports.ts'

/** @returns what `ask` returned, or `null` when there was no answer within `timeoutMs`, or before the run's time was over */
export async function poll<T>(
  time: Time,
  bounds: { readonly intervalMs: number; readonly timeoutMs: number },
  ask: () => Promise<T | null>,
): Promise<T | null> {
  const end: EpochMs = Math.min(time.now() + bounds.timeoutMs, time.stopAt)
  for (;;) {
    const answer = await ask()
    if (answer !== null) return answer
    if (time.now() >= end) return null
    await time.sleep(bounds.intervalMs)
  }
}
