/** When a failed order is tried again. Pure. @see https://letsencrypt.org/docs/integration-guide/ "Retrying failures" */
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../domain/instant.ts'
import type { EpochMs } from '../domain/model.ts'
import type { FailedOrders } from '../domain/remembered.ts'

/** After the first failure, the second, the third; then daily. */
const STEPS_MS = [MINUTE_MS, 10 * MINUTE_MS, 100 * MINUTE_MS]
/** Share of the time left: the nearer the end, the sooner the next attempt. */
const PART_OF_REST = 1 / 10
/** Never sooner, not even after the end: Let's Encrypt pauses an account for a host that fails for weeks. */
const SOONEST_MS = 3 * HOUR_MS

/**
 * @param ends when what is installed ends; `null` when nothing usable is
 * @returns the earliest next attempt
 */
export function nextTryAfter({ count, last }: FailedOrders, ends: EpochMs | null, now: EpochMs): EpochMs {
  return last + (STEPS_MS[count - 1] ?? shortened(DAY_MS, ends, now))
}

/** A wait, shortened to what the time left allows. */
export function shortened(waitMs: number, ends: EpochMs | null, now: EpochMs): number {
  const rest = ends === null ? Number.POSITIVE_INFINITY : Math.max(ends - now, 0)
  return Math.min(waitMs, Math.max(rest * PART_OF_REST, SOONEST_MS))
}
