/** What came of a run, as later runs have to know it. */
import type { EpochMs, Outcome } from '../model.ts'
import { isFailure } from '../model.ts'
import type { CertificateState } from './items.ts'
import type { Memory } from './memory.ts'

/** A certificate that is as it was costs no write. */
export async function noteOutcomes(
  outcomes: readonly Outcome[],
  memory: Memory,
  now: EpochMs,
): Promise<void> {
  for (const outcome of outcomes) {
    const change = changeBy(outcome, memory.of(outcome.certId), now)
    if (change) await memory.note(outcome.certId, change)
  }
}

function changeBy(
  outcome: Outcome,
  { failures, nextTry, postponed }: CertificateState,
  now: EpochMs,
): Partial<CertificateState> | null {
  if (outcome.state === 'held-back' || outcome.state === 'postponed') return null
  if (!isFailure(outcome))
    return failures || nextTry || postponed ? { failures: null, nextTry: null, postponed: false } : null
  const [first] = outcome.errors
  return {
    failures: {
      count: (failures?.count ?? 0) + 1,
      since: failures?.since ?? now,
      last: now,
      code: first?.code ?? 'bug/unexpected',
    },
    nextTry: waitUntil(outcome, now) ?? nextTry,
    postponed: outcome.errors.some(({ code }) => code === 'run/out-of-time'),
  }
}

/** The longest of Let's Encrypt's limits; what asks for more is a mistake. */
const LONGEST_WAIT_MS = 7 * 86_400_000

/** What the CA asked for when it said no. */
function waitUntil({ errors }: Outcome, now: EpochMs): EpochMs | null {
  const instants = errors.flatMap(({ code, facts }) =>
    code === 'acme/rate-limited' && typeof facts['retryAfterMs'] === 'number'
      ? [now + Math.min(facts['retryAfterMs'], LONGEST_WAIT_MS)]
      : [],
  )
  return instants.length === 0 ? null : Math.max(...instants)
}
