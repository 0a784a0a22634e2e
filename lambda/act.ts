/**
 * Take a plan's actions through the stages: tidy up; then issue all, store all, attach all, verify all,
 * undo what broke.
 */
import { attachAll, type Placement } from './attach/attach.ts'
import type { Settings } from './defaults.ts'
import type { RotationError } from './errors.ts'
import { issue } from './issue/issue.ts'
import { noteTries } from './issue/tries.ts'
import type { FindZone } from './issue/zones.ts'
import type { CaLimits } from './limits/ca-limits.ts'
import type { Certificate, EpochMs, Observed, ReachableTarget, StoredCertificate } from './model.ts'
import { targetKey } from './model.ts'
import type { Failure } from './parallel.ts'
import type { Action } from './plan/plan.ts'
import { isRejected } from './plan/rejected.ts'
import type { Ports } from './ports.ts'
import type { Memory } from './state/memory.ts'
import { wentSilent } from './state/working.ts'
import { storeAll } from './store/store.ts'
import { tidyAll } from './tidy/tidy.ts'
import { undo } from './undo/undo.ts'
import { servesEverywhere } from './verify/judge.ts'
import { serverNameOf, type Verified, verifyAll } from './verify/verify.ts'

/** What acting came to for one certificate. */
export interface Deed {
  /** What was issued and stored. */
  readonly stored: StoredCertificate | null
  /** By target acted on: the end of what was put there, or `null` when that is not in place. */
  readonly inPlace: ReadonlyMap<string, EpochMs | null>
  /** ARNs that were to go, and that something uses. */
  readonly inUse: readonly string[]
  readonly errors: readonly RotationError[]
}

export interface ActWorld {
  readonly desired: ReadonlyMap<string, Certificate>
  readonly observed: Observed
  readonly deployment: string
  readonly limits: CaLimits
  readonly findZone: FindZone
  readonly memory: Memory
  readonly ports: Ports
  readonly settings: Settings
}

/** @returns one deed for each certificate that has an action; throws only for a bug */
export async function act(actions: readonly Action[], world: ActWorld): Promise<ReadonlyMap<string, Deed>> {
  const { ports, settings, memory, deployment, limits, findZone } = world
  const failures: Failure[] = []

  failures.push(...(await tidyAll(ofKind(actions, 'tidy'), world.desired, ports, memory, settings)))
  const broken = ofKind(actions, 'undo').flatMap((action) => stillBroken(action, world))

  const jobs = ofKind(actions, 'issue').map((action) => {
    return { ...action, desired: certificateOf(world, action.certId) }
  })
  const issued = await issue(jobs, { ...ports, memory, deployment, limits }, findZone, settings)
  await noteTries(issued.failed, world.desired, memory, ports.time)
  const stored = await storeAll(issued.done, deployment, ports, memory, settings)
  const fresh = new Map(stored.done.map((one) => [one.certId, one.stored]))

  const attached = await attachAll(placementsOf(actions, fresh, world), ports, settings)
  const toVerify = [...attached.done, ...verifyOnly(actions, world)].map((placement) => {
    return { ...placement, serverName: serverNameOf(certificateOf(world, placement.certId).hosts) }
  })
  const verified = await verifyAll(toVerify, ports, settings)
  for (const { failed } of [issued, stored, attached, verified]) failures.push(...failed)
  // one after the other: several listeners may be written into the tag of the same certificate
  for (const one of [...broken, ...verified.done.filter(({ broken }) => broken !== null)])
    for (const error of await undo(one, ports, memory)) failures.push({ certId: one.certId, error })

  return deeds(actions, failures, fresh, verified.done)
}

export function ofKind<K extends Action['kind']>(actions: readonly Action[], kind: K) {
  return actions.filter((action): action is Extract<Action, { kind: K }> => action.kind === kind)
}

function placementsOf(
  actions: readonly Action[],
  fresh: ReadonlyMap<string, StoredCertificate>,
  world: ActWorld,
): Placement[] {
  return ofKind(actions, 'attach').flatMap(({ certId, stored: given, target }): Placement[] => {
    const stored = given ?? fresh.get(certId)
    const before = world.observed.targets.get(targetKey(target))
    if (!stored || before?.problem !== null) return []
    const wasBroken = isBroken(certId, before, world)
    const previous = wasBroken ? lastWorking(certId, before, world) : before.attached.arn
    return [{ certId, stored, before, previous, wasBroken }]
  })
}

/** It has attached what broke it, or went silent with it, and nobody has mended it since. */
function isBroken(certId: string, { target, attached, probe }: ReachableTarget, world: ActWorld): boolean {
  if (attached.origin !== 'ours' || servesEverywhere(probe, attached.stored.serial)) return false
  const state = world.memory.of(certId)
  const isMute = wentSilent(state.working[targetKey(target)], attached.arn, probe)
  return isMute || isRejected(attached.stored, target, world.observed, state)
}

function lastWorking(
  certId: string,
  { target, attached }: ReachableTarget,
  { memory }: ActWorld,
): string | null {
  const arn = memory.of(certId).working[targetKey(target)]?.arn
  return arn === undefined || arn === attached.arn ? null : arn
}

/** The swap was an earlier run's: what was there before is remembered, or known by what is still served. */
function verifyOnly(actions: readonly Action[], world: ActWorld): Placement[] {
  return ofKind(actions, 'verify').flatMap(({ certId, stored, target }): Placement[] => {
    const before = world.observed.targets.get(targetKey(target))
    if (before?.problem !== null) return []
    const served = new Set(before.probe.flatMap((answer) => ('leaf' in answer ? [answer.leaf.serial] : [])))
    const stillServed = world.observed.stored.find(
      ({ serial }) => serial !== stored.serial && served.has(serial),
    )
    const previous = lastWorking(certId, before, world) ?? stillServed?.arn ?? null
    const known = world.memory.of(certId).working[targetKey(target)]
    const wasBroken = wentSilent(known, stored.arn, before.probe)
    return [{ certId, stored, before, previous, wasBroken }]
  })
}

function stillBroken(
  { certId, stored, target, previous }: Extract<Action, { kind: 'undo' }>,
  { observed }: ActWorld,
): Verified[] {
  const before = observed.targets.get(targetKey(target))
  if (before?.problem !== null) return []
  const placement = { certId, stored, before, previous, wasBroken: true }
  return [{ certId, placement, broken: 'it was so in an earlier run' }]
}

function deeds(
  actions: readonly Action[],
  failures: readonly Failure[],
  fresh: ReadonlyMap<string, StoredCertificate>,
  verified: readonly Verified[],
): ReadonlyMap<string, Deed> {
  const ids = [...new Set(actions.map(({ certId }) => certId))]
  return new Map(
    ids.map((certId): [string, Deed] => {
      const own = actions.filter((action) => action.certId === certId)
      const good = verified.filter((one) => one.certId === certId && one.broken === null)
      return [
        certId,
        {
          stored: fresh.get(certId) ?? null,
          inPlace: new Map([
            ...own.flatMap((action): [string, null][] =>
              'target' in action ? [[targetKey(action.target), null]] : [],
            ),
            ...good.map(({ placement: { before, stored } }): [string, EpochMs] => [
              targetKey(before.target),
              stored.notAfter,
            ]),
          ]),
          inUse: [],
          errors: failures.filter((failure) => failure.certId === certId).map(({ error }) => error),
        },
      ]
    }),
  )
}

function certificateOf(world: ActWorld, certId: string): Certificate {
  const certificate = world.desired.get(certId)
  if (!certificate) throw new Error(`the plan names ${certId}, which is not desired`)
  return certificate
}
