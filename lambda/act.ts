/** Take a plan's actions through the stages: issue all, store all, attach all, verify all, undo what broke. */
import { attachAll, type Placement } from './attach/attach.ts'
import type { Settings } from './defaults.ts'
import type { RotationError } from './errors.ts'
import { issue } from './issue/issue.ts'
import type { FindZone } from './issue/zones.ts'
import type { Certificate, EpochMs, Observed, ReachableTarget, StoredCertificate } from './model.ts'
import { targetKey } from './model.ts'
import { isRejectedAt, TAG } from './names.ts'
import type { Failure } from './parallel.ts'
import type { Action } from './plan/plan.ts'
import type { Ports } from './ports.ts'
import { storeAll } from './store/store.ts'
import { undo } from './undo/undo.ts'
import { servesEverywhere } from './verify/judge.ts'
import { serverNameOf, type Verified, verifyAll } from './verify/verify.ts'

/** What acting came to for one certificate. */
export interface Deed {
  /** What was issued and stored. */
  readonly stored: StoredCertificate | null
  /** By target acted on: the end of what was put there, or `null` when that is not in place. */
  readonly inPlace: ReadonlyMap<string, EpochMs | null>
  readonly errors: readonly RotationError[]
}

export interface ActWorld {
  readonly desired: ReadonlyMap<string, Certificate>
  readonly observed: Observed
  readonly deployment: string
  readonly findZone: FindZone
  readonly ports: Ports
  readonly settings: Settings
}

/** @returns one deed for each certificate that has an action; throws only for a bug */
export async function act(actions: readonly Action[], world: ActWorld): Promise<ReadonlyMap<string, Deed>> {
  const { ports, settings } = world
  const failures: Failure[] = []

  const jobs = actions.flatMap((action) =>
    action.kind === 'issue' ? [{ ...action, desired: certificateOf(world, action.certId) }] : [],
  )
  const issued = await issue(jobs, ports, world.findZone, settings)
  const stored = await storeAll(issued.done, world.deployment, ports, settings)
  const fresh = new Map(stored.done.map((one) => [one.certId, one.stored]))

  const attached = await attachAll(placementsOf(actions, fresh, world), ports, settings)
  const toVerify = [...attached.done, ...verifyOnly(actions, world)].map((placement) => {
    return { ...placement, serverName: serverNameOf(certificateOf(world, placement.certId).hosts) }
  })
  const verified = await verifyAll(toVerify, ports, settings)
  failures.push(...issued.failed, ...stored.failed, ...attached.failed, ...verified.failed)
  // one after the other: several listeners may be written into the tag of the same certificate
  for (const broken of verified.done.filter((one) => one.broken !== null))
    for (const error of await undo(broken, ports)) failures.push({ certId: broken.certId, error })

  return deeds(actions, failures, fresh, verified.done)
}

function placementsOf(
  actions: readonly Action[],
  fresh: ReadonlyMap<string, StoredCertificate>,
  world: ActWorld,
): Placement[] {
  return actions.flatMap((action): Placement[] => {
    if (action.kind !== 'attach') return []
    const stored = action.stored ?? fresh.get(action.certId)
    const before = world.observed.targets.get(targetKey(action.target))
    if (!stored || before?.problem !== null) return []
    const wasBroken = isBroken(before, world.observed)
    const previous = wasBroken ? null : before.attached.arn
    return [{ certId: action.certId, stored, before, previous, wasBroken }]
  })
}

/** It has attached what broke it, and nobody has mended it since. */
function isBroken({ target, attached, probe }: ReachableTarget, { details }: Observed): boolean {
  if (attached.origin !== 'ours' || servesEverywhere(probe, attached.stored.serial)) return false
  return isRejectedAt(details.get(attached.arn)?.tags[TAG.rejected], target)
}

/** The swap was an earlier run's: what was there before is known only by what is still served. */
function verifyOnly(actions: readonly Action[], { observed }: ActWorld): Placement[] {
  return actions.flatMap((action): Placement[] => {
    if (action.kind !== 'verify') return []
    const before = observed.targets.get(targetKey(action.target))
    if (before?.problem !== null) return []
    const served = new Set(before.probe.flatMap((answer) => ('leaf' in answer ? [answer.leaf.serial] : [])))
    const previous = observed.stored.find(
      ({ serial }) => serial !== action.stored.serial && served.has(serial),
    )
    return [
      {
        certId: action.certId,
        stored: action.stored,
        before,
        previous: previous?.arn ?? null,
        wasBroken: false,
      },
    ]
  })
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
      const good = verified.filter((one) => one.certId === certId && one.broken === null)
      return [
        certId,
        {
          stored: fresh.get(certId) ?? null,
          inPlace: new Map([
            ...actions.flatMap((action): [string, null][] =>
              action.certId === certId && action.kind !== 'issue' ? [[targetKey(action.target), null]] : [],
            ),
            ...good.map(({ placement: { before, stored } }): [string, EpochMs] => [
              targetKey(before.target),
              stored.notAfter,
            ]),
          ]),
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
