/** What a probe after a swap says. Pure. */
import type { Answer, Probe } from '../model.ts'

export type Verdict =
  | { readonly kind: 'serving' }
  | { readonly kind: 'unreachable'; readonly failure: string }
  /** Some address still serves what it served before the swap. */
  | { readonly kind: 'waiting' }
  /** An address that completed a handshake before fails it now, or serves a third certificate. */
  | { readonly kind: 'broken'; readonly failure: string }

/**
 * Judge a listener by what each of its addresses served before the swap and serves after it.
 *
 * @param serial the new certificate's
 * @param attached serial of what it had attached before, which it may not have come to serve yet; `null` when unknown
 */
export function judge(before: Probe, after: Probe, serial: string, attached: string | null): Verdict {
  const known = new Set(before.flatMap((answer) => ('leaf' in answer ? [answer.leaf.serial] : [])))
  if (known.size > 0 && attached !== null) known.add(attached)
  const answered = new Set(before.flatMap((answer) => ('leaf' in answer ? [answer.address] : [])))
  const broken = after
    .map((answer) => faultOf(answer, answered, known, serial))
    .find((fault) => fault !== null)
  if (broken) return { kind: 'broken', failure: broken }
  const served = after.flatMap((answer) => ('leaf' in answer ? [answer.leaf.serial] : []))
  if (served.some((other) => other !== serial)) return { kind: 'waiting' }
  if (served.length > 0) return { kind: 'serving' }
  // addresses of a load balancer change: one that answered before and is gone from DNS proves nothing
  return { kind: 'unreachable', failure: firstFailure(after) }
}

function faultOf(
  answer: Answer,
  answered: ReadonlySet<string>,
  known: ReadonlySet<string>,
  serial: string,
): string | null {
  if ('failure' in answer) return answered.has(answer.address) ? `${answer.address}: ${answer.failure}` : null
  if (answer.leaf.serial === serial || known.has(answer.leaf.serial) || known.size === 0) return null
  return `${answer.address} serves a third certificate, serial ${answer.leaf.serial}`
}

/** Whether every address answers, with this certificate and no other. */
export function servesEverywhere(probe: Probe, serial: string): boolean {
  return probe.every((answer) => 'leaf' in answer && answer.leaf.serial === serial)
}

/** Whether no address answers. */
export function isSilent(probe: Probe): boolean {
  return probe.every((answer) => 'failure' in answer)
}

export function firstFailure(probe: Probe): string {
  for (const answer of probe) if ('failure' in answer) return `${answer.address}: ${answer.failure}`
  return 'no address answered'
}
