/** Time-outs that a slow machine does not reach. */
import type { Settings } from '../../lambda/domain/defaults.ts'

const LONG_MS = 600_000

/**
 * The function's time-outs run on the real clock, not the sandbox's. As long as everything answers, they must never expire.
 * A test of something that hangs shortens the one that it is about, for the run that it is about.
 */
export const PATIENT = {
  acmeRequestTimeoutMs: LONG_MS,
  awsConnectTimeoutMs: LONG_MS,
  awsRequestTimeoutMs: LONG_MS,
  probeTimeoutMs: LONG_MS,
} as const satisfies Partial<Settings>
