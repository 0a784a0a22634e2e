/** The decision for the targets of one certificate. Pure. */
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
import { NOTHING_KNOWN } from '../state/items.ts'
import { wentSilent } from '../state/working.ts'
import { servesEverywhere } from '../verify/judge.ts'
import { type Current, firstReason, lifetimeOf, type Reason } from './checks.ts'
import { newestOfOurs } from './newest.ts'
import type { Action } from './plan.ts'
import { type Predecessor, predecessorOf } from './predecessor.ts'
import { isRejected } from './rejected.ts'
import {
  failed,
  keepForeign,
  keepFromRejected,
  type PlanContext,
  refuseStaging,
  type Standing,
  settled,
} from './standings.ts'
import { type Lifetime, nearItsEndFrom } from './window.ts'

export interface Placement {
  readonly actions: readonly Action[]
  readonly standings: readonly Standing[]
  /** When what it stands on ends. */
  readonly ends: EpochMs
}

/** What the targets of one certificate need, by the rules that `plan.ts` tells. */
export function decidePlacement(desired: Certificate, observed: Observed, context: PlanContext): Placement {
  const { now, intervalMs, issued } = context
  const forced = context.force.has(desired.id)
  const ours = newestOfOurs(desired, observed)
  const state = context.states.get(desired.id) ?? NOTHING_KNOWN
  const facts = desired.targets.flatMap((target) => observed.targets.get(targetKey(target)) ?? [])
  const reachable = facts.flatMap((one) => (one.problem === null ? [one] : []))
  const broke = ours ? reachable.filter((one) => isBrokenBy(ours, one)) : []
  const brokeAt = broke.map(({ target }) => targetKey(target))
  const ownDetail = ours ? (observed.details.get(ours.arn) ?? null) : null
  const own: Current | null = ours && { origin: 'ours', stored: ours, detail: ownDetail }
  // what broke a listener is not replaced on the CA's advice
  const renewal = brokeAt.length > 0 ? null : state.renewal
  const subject = { desired, forced, now, intervalMs, brokeAt, renewal }
  const ownReason = own && firstReason({ ...subject, current: own })

  const standings: Standing[] = []
  const undone: Action[] = []
  const wanting: ReachableTarget[] = []
  for (const one of facts) {
    if (one.problem !== null) {
      standings.push(failed(desired, one.problem))
      continue
    }
    if (ours && broke.includes(one) && !forced) {
      const undo = putBack(desired, one, ours)
      if (undo) undone.push(undo)
      // a successor that is held back does not make it good
      else if (ownReason === null || ownReason.code === 'broke-before')
        standings.push(keepFromRejected(desired, one, ours))
      if (undo || ownReason === null) continue
    }
    // looked at before all else: what is issued may be held back, and it is down
    if (ours && !forced && isMute(one, ours)) {
      undone.push(lookAgain(desired, one.target, ours, MUTE))
      continue
    }
    const kept = forced ? null : keepForeign(desired, one, context)
    const standing = kept ?? refuseStaging(desired, one, observed)
    if (standing) standings.push(standing)
    else wanting.push(one)
  }
  const current = own ?? firstForeign(wanting)
  const ends = current ? lifetimeOf(current).notAfter : foreignEnd(desired, observed)
  if (wanting.length === 0) return { actions: undone, standings, ends }
  const reason = issued.has(desired.id) ? null : firstReason({ ...subject, current })
  // where it was rejected is in its tags: without them it is not put anywhere
  const unread = ours && !reason ? observed.unread.get(ours.arn) : undefined
  if (unread) return { actions: undone, standings: [...standings, failed(desired, unread)], ends }
  const installed = reachable.flatMap(({ attached }) =>
    attached.origin === 'unreadable' ? [] : [attached.origin === 'ours' ? attached.stored : attached.leaf],
  )
  const predecessor = ours && predecessorOf(desired, ours, observed, renewal, now)
  const actions = reason
    ? issueFor(desired, wanting, reason, predecessor, urgencyOf(installed, now))
    : ours
      ? place(desired, wanting, ours)
      : []
  if (actions.length + undone.length + standings.length === 0 && current)
    standings.push(settled(desired, current, renewal))
  return { actions: [...undone, ...actions], standings, ends }

  /** Somebody may have mended the listener: then what broke it works now. */
  function isBrokenBy(stored: StoredCertificate, { target, attached, probe }: ReachableTarget): boolean {
    if (!isRejected(stored, target, observed, state)) return false
    return !(attached.arn === stored.arn && servesEverywhere(probe, stored.serial))
  }

  function putBack({ id }: Certificate, facts: ReachableTarget, stored: StoredCertificate): Action | null {
    const { target, attached } = facts
    const previous = state.working[targetKey(target)]?.arn
    if (attached.arn !== stored.arn || previous === undefined || previous === stored.arn) return null
    const reason: Reason = {
      code: 'not-served',
      detail: `${targetKey(target)} is still broken by the last one`,
    }
    return { kind: 'undo', certId: id, reason, target, stored, previous }
  }

  function isMute({ target, attached, probe }: ReachableTarget, stored: StoredCertificate): boolean {
    return attached.arn === stored.arn && wentSilent(state.working[targetKey(target)], stored.arn, probe)
  }
}

function firstForeign(wanting: readonly ReachableTarget[]): Current | null {
  const leaves = wanting.flatMap(({ attached }) => (attached.origin === 'foreign' ? [attached.leaf] : []))
  const [first] = leaves.sort((a, b) => a.notAfter - b.notAfter)
  return first ? { origin: 'foreign', leaf: first } : null
}

function urgencyOf(installed: readonly Lifetime[], now: EpochMs) {
  const ends = installed.map(({ notAfter }) => notAfter)
  return {
    isUrgent: installed.some((one) => now > nearItsEndFrom(one)),
    ends: ends.length === 0 ? null : Math.min(...ends),
  }
}

function issueFor(
  desired: Certificate,
  wanting: readonly ReachableTarget[],
  reason: Reason,
  predecessor: Predecessor | null,
  urgency: { readonly isUrgent: boolean; readonly ends: EpochMs | null },
): Action[] {
  return [
    { kind: 'issue', certId: desired.id, reason, predecessor, ...urgency },
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
    return other ? [lookAgain(desired, target, stored, `serves ${serialText(other)}`)] : []
  })
}

const MUTE = 'answered with the last one, and is silent with this'

function lookAgain({ id }: Certificate, target: Target, stored: StoredCertificate, what: string): Action {
  const reason: Reason = { code: 'not-served', detail: `${targetKey(target)} ${what}` }
  return { kind: 'verify', certId: id, reason, target, stored }
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
