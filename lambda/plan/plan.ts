/**
 * The decision, whole. For each certificate:
 *
 *   1. Some targets are left alone, and a standing says why (`standings.ts`): those with a problem, those where the
 *      newest of ours was rejected, and those with a foreign certificate that is good, or that cannot be read.
 *      Forcing a run leaves only the problems.
 *   2. For the targets that remain, the certificate stands on the newest stored one of ours that has the wanted
 *      specification, else on the newest of ours, else on the foreign one that ends first.
 *   3. The first of ISSUE_CHECKS that speaks orders a new one, to be attached to all of these targets.
 *      A staging CA over what is not its own is refused, unless the run is forced or take_over is "now".
 *   4. Else each target that has another one attached gets it, and each listener that has it attached but
 *      serves another is looked at again.
 */
import type {
  Certificate,
  EpochMs,
  Leaf,
  Observed,
  ReachableTarget,
  StoredCertificate,
  Target,
} from '../model.ts'
import { targetKey } from '../model.ts'
import { idHash, specificationHash } from '../names.ts'
import { type Current, firstReason, lifetimeOf, type Reason } from './checks.ts'
import {
  failed,
  keepForeign,
  leftAlone,
  type PlanContext,
  refuseStaging,
  type Standing,
  settled,
} from './standings.ts'
import { isOutpaced, ownWindow } from './window.ts'

export type Action =
  | { readonly kind: 'issue'; readonly certId: string; readonly reason: Reason }
  | {
      readonly kind: 'attach'
      readonly certId: string
      readonly reason: Reason
      readonly target: Target
      /** A stored certificate, or `null` for the one that this plan issues. */
      readonly stored: StoredCertificate | null
    }
  | {
      readonly kind: 'verify'
      readonly certId: string
      readonly reason: Reason
      readonly target: Target
      readonly stored: StoredCertificate
    }

/** A certificate of ours that the schedule is too slow for. */
export interface Outpaced {
  readonly certId: string
  /** How long its renewal window is open. */
  readonly windowMs: number
}

export interface Plan {
  readonly actions: readonly Action[]
  readonly standings: readonly Standing[]
  readonly outpaced: readonly Outpaced[]
}

/**
 * Decide what to do so that every listener serves a fresh certificate for its hosts.
 *
 * Pure: the same arguments give the same actions in the same order, whatever the order of `desired`. It reads
 * no clock, network, environment or randomness, so every case is a row in `test/lambda/plan/cases`.
 *
 * @param desired  certificates wanted; ids unique
 * @param observed what AWS and the listeners said in this pass
 * @returns actions, nearest to expiry first; none when nothing is due. Never throws.
 */
export function plan(desired: readonly Certificate[], observed: Observed, context: PlanContext): Plan {
  const decided = desired.map((certificate) => decide(certificate, observed, context))
  decided.sort((a, b) => a.ends - b.ends || (a.certId < b.certId ? -1 : 1))
  return {
    actions: decided.flatMap(({ actions }) => actions),
    standings: decided.flatMap(({ standings }) => standings),
    outpaced: desired.flatMap((certificate) => outpaced(certificate, observed, context.intervalMs)),
  }
}

interface Decision {
  readonly certId: string
  readonly actions: readonly Action[]
  readonly standings: readonly Standing[]
  /** When what it stands on ends: the nearest goes first. */
  readonly ends: EpochMs
}

function decide(desired: Certificate, observed: Observed, context: PlanContext): Decision {
  const forced = context.force.has(desired.id)
  const ours = newestOfOurs(desired, observed)
  const standings: Standing[] = []
  const wanting: ReachableTarget[] = []
  for (const facts of desired.targets.flatMap((target) => observed.targets.get(targetKey(target)) ?? [])) {
    const standing =
      facts.problem !== null
        ? failed(desired, facts.problem)
        : forced
          ? null
          : (leftAlone(desired, facts, ours, observed, context) ?? keepForeign(desired, facts, context))
    if (standing) standings.push(standing)
    else if (facts.problem === null) wanting.push(facts)
  }
  const current: Current | null = ours
    ? { origin: 'ours', stored: ours, detail: observed.details.get(ours.arn) ?? null }
    : firstForeign(wanting)
  const ends = current ? lifetimeOf(current).notAfter : foreignEnd(desired, observed)
  if (wanting.length === 0) return { certId: desired.id, actions: [], standings, ends }
  const { now, intervalMs, issued } = context
  const reason = issued.has(desired.id) ? null : firstReason({ desired, current, forced, now, intervalMs })
  const refused = reason && !forced ? refuseStaging(desired, current) : null
  if (refused) return { certId: desired.id, actions: [], standings: [...standings, refused], ends }
  // where it was rejected is in its tags: without them it is not put anywhere
  const unread = ours && !reason ? observed.unread.get(ours.arn) : undefined
  if (unread)
    return { certId: desired.id, actions: [], standings: [...standings, failed(desired, unread)], ends }
  const actions = reason ? issueFor(desired, wanting, reason) : ours ? place(desired, wanting, ours) : []
  if (actions.length === 0 && current && standings.length === 0) standings.push(settled(desired, current))
  return { certId: desired.id, actions, standings, ends }
}

/** Lifetimes shrink without a redeployment: what was really issued counts, not what a profile promised. */
function outpaced({ id }: Certificate, observed: Observed, intervalMs: number): Outpaced[] {
  const ids = idHash(id)
  const [newest] = observed.stored.filter((stored) => stored.idHash === ids).sort(newestFirst)
  if (!newest) return []
  const window = ownWindow(newest)
  return isOutpaced(window, intervalMs) ? [{ certId: id, windowMs: window.end - window.start }] : []
}

/** The newest stored one that has the wanted specification, else the newest of this id. */
function newestOfOurs(desired: Certificate, observed: Observed): StoredCertificate | null {
  const id = idHash(desired.id)
  const ours = observed.stored.filter((stored) => stored.idHash === id).sort(newestFirst)
  const wanted = specificationHash(desired)
  return ours.find(({ specificationHash }) => specificationHash === wanted) ?? ours[0] ?? null
}

function firstForeign(wanting: readonly ReachableTarget[]): Current | null {
  const leaves = wanting.flatMap(({ attached }) => (attached.origin === 'foreign' ? [attached.leaf] : []))
  const [first] = leaves.sort((a, b) => a.notAfter - b.notAfter)
  return first ? { origin: 'foreign', leaf: first } : null
}

/** Two of the same minute are told apart by when they came, and then by name, so that the order is total. */
function newestFirst(a: StoredCertificate, b: StoredCertificate): number {
  return b.notBefore - a.notBefore || b.uploadedAt - a.uploadedAt || (a.name < b.name ? -1 : 1)
}

function issueFor(desired: Certificate, wanting: readonly ReachableTarget[], reason: Reason): Action[] {
  return [
    { kind: 'issue', certId: desired.id, reason },
    ...wanting.map(({ target }): Action => {
      return { kind: 'attach', certId: desired.id, reason, target, stored: null }
    }),
  ]
}

function place(
  desired: Certificate,
  wanting: readonly ReachableTarget[],
  stored: StoredCertificate,
): Action[] {
  return wanting.flatMap(({ target, attached, probe }): Action[] => {
    if (attached.arn !== stored.arn) {
      const reason: Reason = { code: 'not-attached', detail: `${targetKey(target)} has another certificate` }
      return [{ kind: 'attach', certId: desired.id, reason, target, stored }]
    }
    const other = otherServed(probe, stored.serial)
    if (!other) return []
    const reason: Reason = { code: 'not-served', detail: `${targetKey(target)} serves ${serialText(other)}` }
    return [{ kind: 'verify', certId: desired.id, reason, target, stored }]
  })
}

function otherServed(probe: ReachableTarget['probe'], serial: string): Leaf | null {
  for (const answer of probe) if ('leaf' in answer && answer.leaf.serial !== serial) return answer.leaf
  return null
}

function serialText(leaf: Leaf): string {
  return `serial ${leaf.serial.slice(0, 12)}… by ${leaf.issuer}`
}

/** When nothing of ours is wanted: the end of the foreign certificate that ends first. */
function foreignEnd(desired: Certificate, observed: Observed): EpochMs {
  const ends = desired.targets.flatMap((target) => {
    const facts = observed.targets.get(targetKey(target))
    return facts?.problem === null && facts.attached.origin === 'foreign'
      ? [facts.attached.leaf.notAfter]
      : []
  })
  return Math.min(...ends, Number.MAX_SAFE_INTEGER)
}
