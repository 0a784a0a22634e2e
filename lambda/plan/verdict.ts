/** What a probe after a swap means. Pure. */
import type { Answer, Probe } from '../domain/model.ts'
import { firstFailure, leavesOf } from '../domain/probes.ts'

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
 * @param attached serial of what it had attached before, which it may not serve yet; `null` when unknown
 */
export function judgeSwap(before: Probe, after: Probe, serial: string, attached: string | null): Verdict {
  const known = new Set(leavesOf(before).map((leaf) => leaf.serial))
  if (known.size > 0 && attached !== null) known.add(attached)
  const answered = new Set(before.flatMap((answer) => ('leaf' in answer ? [answer.address] : [])))
  const broken = after
    .map((answer) => faultOf(answer, answered, known, serial))
    .find((fault) => fault !== null)
  if (broken) return { kind: 'broken', failure: broken }
  const served = leavesOf(after)
  if (served.some((leaf) => leaf.serial !== serial)) return { kind: 'waiting' }
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
  if (answer.leaf.serial === serial || isKnown(answer.leaf.serial, known)) return null
  return `${answer.address} serves a third certificate, serial ${answer.leaf.serial}`
}

/**
 * Silence excuses a listener that was silent before, but not one that an earlier certificate broke.
 *
 * @returns how the listener is broken; `null` when it counts as working
 */
export function breakageOf(verdict: Verdict, { wasBroken }: { readonly wasBroken: boolean }): string | null {
  if (verdict.kind === 'broken') return verdict.failure
  return verdict.kind === 'unreachable' && wasBroken ? verdict.failure : null
}

/** It was there before the swap; if nothing is known of before, anything may have been. */
export function isKnown(serial: string, known: ReadonlySet<string>): boolean {
  return known.size === 0 || known.has(serial)
}
