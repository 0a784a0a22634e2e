/** When a certificate that failed is tried again. Pure. @see https://letsencrypt.org/docs/integration-guide/ "Retrying failures" */
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../domain/instant.ts'
import type { EpochMs } from '../domain/model.ts'
import type { FailedOrders } from '../domain/remembered.ts'

/** After the first failure, the second, the third; then daily. */
const STEPS_MS = [MINUTE_MS, 10 * MINUTE_MS, 100 * MINUTE_MS]
/** Of the time that is left: the nearer the end, the sooner. */
const PART_OF_REST = 1 / 10
/** But not sooner, also after the end: Let's Encrypt pauses an account for a host that fails for weeks. */
const SOONEST_MS = 3 * HOUR_MS

/**
 * @param ends of what is installed; `null` when nothing of use is
 * @returns the earliest next try
 */
export function nextTryAfter({ count, last }: FailedOrders, ends: EpochMs | null, now: EpochMs): EpochMs {
  return last + (STEPS_MS[count - 1] ?? shortened(DAY_MS, ends, now))
}

/** A wait that is not longer than what is left allows. */
export function shortened(waitMs: number, ends: EpochMs | null, now: EpochMs): number {
  const rest = ends === null ? Number.POSITIVE_INFINITY : Math.max(ends - now, 0)
  return Math.min(waitMs, Math.max(rest * PART_OF_REST, SOONEST_MS))
}
