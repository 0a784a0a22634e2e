/** What came of a run, as later runs have to know it. */
import type { Certificate, EpochMs, Outcome } from '../model.ts'
import { isFailure } from '../model.ts'
import { hostsLedger } from '../names.ts'
import type { CertificateState } from './items.ts'
import type { Memory } from './memory.ts'

/** A certificate that is as it was costs no write. */
export async function noteOutcomes(
  outcomes: readonly Outcome[],
  certificates: ReadonlyMap<string, Certificate>,
  memory: Memory,
  now: EpochMs,
): Promise<void> {
  for (const outcome of outcomes) {
    const change = changeBy(outcome, certificates.get(outcome.certId), memory.of(outcome.certId), now)
    if (change) await memory.note(outcome.certId, change)
  }
}

function changeBy(
  outcome: Outcome,
  certificate: Certificate | undefined,
  { failures, tries, nextTry, postponed }: CertificateState,
  now: EpochMs,
): Partial<CertificateState> | null {
  if (outcome.state === 'held-back') return null
  if (outcome.state === 'postponed') return postponed ? null : { postponed: true }
  if (!isFailure(outcome))
    return failures || tries || nextTry || postponed
      ? { failures: null, tries: null, nextTry: null, postponed: false }
      : null
  const [first] = outcome.errors
  return {
    failures: {
      count: (failures?.count ?? 0) + 1,
      since: failures?.since ?? now,
      last: now,
      code: first?.code ?? 'bug/unexpected',
    },
    nextTry: waitUntil(outcome, certificate, now) ?? nextTry,
    postponed: outcome.errors.some(({ code }) => code === 'run/out-of-time'),
  }
}

/** The longest of Let's Encrypt's limits; what asks for more is a mistake. */
const LONGEST_WAIT_MS = 7 * 86_400_000

/** What the CA asked for when it said no, or that it is down for so long. */
function waitUntil(
  { errors }: Outcome,
  certificate: Certificate | undefined,
  now: EpochMs,
): CertificateState['nextTry'] {
  const waits = errors.flatMap(({ code, facts: { retryAfterMs } }) =>
    code.startsWith('acme/') && typeof retryAfterMs === 'number' ? [retryAfterMs] : [],
  )
  if (waits.length === 0 || !certificate) return null
  const at = now + Math.min(Math.max(...waits), LONGEST_WAIT_MS)
  return { at, since: now, set: hostsLedger(certificate.directoryUrl, certificate.hosts) }
}
