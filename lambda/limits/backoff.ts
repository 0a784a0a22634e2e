/** When a certificate that failed is tried again. Pure. @see https://letsencrypt.org/docs/integration-guide/ "Retrying failures" */
import { DAY_MS, MINUTE_MS } from '../instant.ts'
import type { EpochMs } from '../model.ts'
import type { CertificateState } from '../state/items.ts'

export type Tries = NonNullable<CertificateState['tries']>

/** After the first failure, the second, the third; then daily. */
const STEPS_MS = [MINUTE_MS, 10 * MINUTE_MS, 100 * MINUTE_MS]
const DAILY_MS = DAY_MS
/** Of the time that is left: the nearer the end, the sooner. */
const PART_OF_REST = 1 / 10

/**
 * @param ends of what is installed; `null` when nothing of use is
 * @returns the earliest next try
 */
export function nextTryAfter({ count, last }: Tries, ends: EpochMs | null, now: EpochMs): EpochMs {
  const step = STEPS_MS[count - 1] ?? DAILY_MS
  const rest = ends === null ? Number.POSITIVE_INFINITY : Math.max(ends - now, 0) * PART_OF_REST
  return last + Math.max(Math.min(step, rest), MINUTE_MS)
}
