/** Settings with which a slow machine is waited for. */
import type { Settings } from '../../lambda/domain/defaults.ts'

const LONG_MS = 600_000

/**
 * The function's waits for an answer run by our clock, not by the sandbox's: where all that is asked does answer, they
 * must never be over. A test of something that hangs shortens the one that it is about, for the run that it is about.
 */
export const PATIENT = {
  acmeRequestTimeoutMs: LONG_MS,
  awsConnectTimeoutMs: LONG_MS,
  awsRequestTimeoutMs: LONG_MS,
  probeTimeoutMs: LONG_MS,
} as const satisfies Partial<Settings>
