/** Carry out the actions of a wave, stage by stage: clean up, issue, store, attach, verify, and undo what broke. */
import { cleanUpAll } from '../clean-up/clean-up.ts'
import type { Context } from '../context.ts'
import { serverNameOf } from '../domain/hosts.ts'
import type { Certificate, CertificateResult, EpochMs, Observed, StoredCertificate } from '../domain/model.ts'
import { attachAll } from '../install/attach.ts'
import { storeAll } from '../install/store.ts'
import type { Swap, Verified } from '../install/swap.ts'
import { undo } from '../install/undo.ts'
import { verifyAll } from '../install/verify.ts'
import { issueAll } from '../issue/issue.ts'
import type { Failure } from '../parallel.ts'
import { type Action, type ActionOfKind, ofKind } from '../plan/actions.ts'
import { noteFailedOrders } from '../state/failures.ts'

/** What the plan was made from. */
export interface Planned {
  readonly desired: ReadonlyMap<string, Certificate>
  readonly observed: Observed
}

/** @returns one result for each certificate that has an action; throws only for a bug */
export async function act(
  actions: readonly Action[],
  planned: Planned,
  context: Context,
): Promise<ReadonlyMap<string, CertificateResult>> {
  const { desired } = planned
  const cleaned = await cleanUpAll(ofKind(actions, 'clean-up'), desired, context)

  const jobs = ofKind(actions, 'issue').map((action) => ({
    ...action,
    desired: certificateOf(planned, action.certId),
  }))
  const issued = await issueAll(jobs, context)
  await noteFailedOrders(issued.failed, desired, context.memory, context.ports.time.now())
  const stored = await storeAll(issued.done, context)
  const fresh = new Map(stored.done.map((one) => [one.certId, one.stored]))

  const swaps = ofKind(actions, 'attach').flatMap((action) => swapOf(action, fresh, planned))
  const attached = await attachAll(swaps, context)
  const earlierSwaps = ofKind(actions, 'verify').flatMap((action) => swapOf(action, fresh, planned))
  const verified = await verifyAll([...attached.done, ...earlierSwaps], context)

  const failures = [cleaned, issued.failed, stored.failed, attached.failed, verified.failed].flat()
  // one after the other: several listeners may be written into the tag of the same certificate
  for (const { swap, broken } of [...stillBroken(actions, planned), ...verified.done])
    if (broken !== null)
      for (const error of await undo(swap, broken, context)) failures.push({ certId: swap.certId, error })
  return resultsOf(actions, failures, fresh, verified.done)
}

/** @returns nothing when the certificate to attach was not issued after all */
function swapOf(
  action: ActionOfKind<'attach'> | ActionOfKind<'verify'> | ActionOfKind<'undo'>,
  fresh: ReadonlyMap<string, StoredCertificate>,
  planned: Planned,
): Swap[] {
  const { certId, target, restore } = action
  const stored = action.stored ?? fresh.get(certId)
  const before = planned.observed.targets.get(target.key)
  if (!stored || before?.problem !== null) return []
  const serverName = serverNameOf(certificateOf(planned, certId).hosts)
  const wasBroken = action.kind === 'undo' || action.wasBroken
  return [{ certId, stored, before, serverName, restore, wasBroken }]
}

function stillBroken(actions: readonly Action[], planned: Planned): Verified[] {
  return ofKind(actions, 'undo')
    .flatMap((action) => swapOf(action, new Map(), planned))
    .map((swap) => ({ swap, broken: 'an earlier run left it broken' }))
}

function resultsOf(
  actions: readonly Action[],
  failures: readonly Failure[],
  fresh: ReadonlyMap<string, StoredCertificate>,
  verified: readonly Verified[],
): ReadonlyMap<string, CertificateResult> {
  const ids = [...new Set(actions.map(({ certId }) => certId))]
  return new Map(
    ids.map((certId): [string, CertificateResult] => {
      const targets = actions.flatMap((action) =>
        action.certId === certId && 'target' in action ? [action.target.key] : [],
      )
      const good = verified.filter(({ swap, broken }) => swap.certId === certId && broken === null)
      const inPlace = new Map<string, EpochMs | null>(targets.map((key) => [key, null]))
      for (const { swap } of good) inPlace.set(swap.before.target.key, swap.stored.notAfter)
      const errors = failures.filter((failure) => failure.certId === certId).map(({ error }) => error)
      return [certId, { stored: fresh.get(certId) ?? null, inPlace, errors }]
    }),
  )
}

function certificateOf({ desired }: Planned, certId: string): Certificate {
  const certificate = desired.get(certId)
  if (!certificate) throw new Error(`the plan names ${certId}, which is not desired`)
  return certificate
}
