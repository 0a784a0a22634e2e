/** One pass: observe -> plan -> limits -> act. */
import { askRenewals } from '../ari/ask.ts'
import { deleteAll } from '../clean-up/delete.ts'
import type { Context } from '../context.ts'
import type { Certificate, CertificateResult, Observed, StoreQuota } from '../domain/model.ts'
import { outOfTime, RotationError, rotationErrorOrThrow } from '../domain/rotation-error.ts'
import { type Limited, limit } from '../limits/limits.ts'
import { observe } from '../observe.ts'
import { type Action, type ActionOfKind, ofKind } from '../plan/actions.ts'
import { seenWorking, workedBefore } from '../plan/listener-state.ts'
import { type Plan, plan } from '../plan/plan.ts'
import { waves } from '../plan/waves.ts'
import { describePass } from '../report/describe.ts'
import { notePostponed } from '../state/failures.ts'
import { act } from './act.ts'
import type { RunRequest } from './request.ts'
import type { RunState } from './run-state.ts'

/** One run: what it was asked, what it works with, and what it has done so far. */
export interface Run {
  readonly request: RunRequest
  readonly context: Context
  readonly state: RunState
}

export interface Pass {
  readonly observed: Observed
  readonly plan: Plan
  readonly acted: boolean
}

/** @throws RotationError when AWS could not be asked at all */
export async function onePass(pass: number, desired: readonly Certificate[], run: Run): Promise<Pass> {
  const { request, context, state } = run
  const { ports, memory, settings } = context
  const { dryRun } = request.invocation
  const isLast = pass > settings.maxPasses
  const known = { justStored: state.justStored, workedBefore: workedBefore(memory.certificates) }
  const observed = await observe(desired, known, context)
  if (!dryRun) await noteWorking(desired, observed, context)
  if (pass === 1) await askRenewals(desired, observed, context)

  const quota = await state.quotaBy(() => askQuota(context))
  const made = makePlan(desired, observed, quota, run)
  const deletions = ofKind(made.actions, 'delete')
  const limited = limitTo(made, desired, quota, deletions.length, run)
  for (const event of describePass(pass, { made, limited, desired, observed, quota }, request.intervalMs))
    ports.emit(event)

  const acts = !dryRun && !isLast
  // a certificate that stays because something uses it makes no room
  const freed = acts ? await deleteFirst(deletions, run) : deletions.length
  const { run: toRun, heldBack } =
    freed < deletions.length ? limitTo(made, desired, quota, freed, run) : limited
  for (const [certId, why] of heldBack) state.holdBack(certId, why)
  if (isLast)
    for (const { certId } of toRun) state.holdBack(certId, notSettled(certId, made, settings.maxPasses))
  const acted = acts && toRun.length > 0
  const rest = toRun.filter(({ kind }) => kind !== 'delete')
  if (acted) await actInWaves(rest, desired, observed, run)
  return { observed, plan: made, acted }
}

function makePlan(
  desired: readonly Certificate[],
  observed: Observed,
  quota: StoreQuota | RotationError,
  { request, context, state }: Run,
): Plan {
  const { invocation, config, intervalMs } = request
  return plan(desired, observed, {
    now: context.ports.time.now(),
    intervalMs,
    force: state.force,
    issued: state.issued,
    states: context.memory.certificates,
    entries: invocation.only === null ? config.certificates.map(({ id }) => id) : null,
    forgotten: state.forgotten,
    quota: quota instanceof RotationError ? null : quota,
    inUse: state.inUse,
  })
}

function limitTo(
  { actions }: Plan,
  desired: readonly Certificate[],
  quota: StoreQuota | RotationError,
  freed: number,
  { request, context, state }: Run,
): Limited {
  const { ports, memory, limits } = context
  return limit(actions, {
    now: ports.time.now(),
    intervalMs: request.intervalMs,
    force: state.force,
    quota,
    freed,
    states: memory.certificates,
    certificates: new Map(desired.map((certificate) => [certificate.id, certificate])),
    limits,
    ledger: memory.ledger,
  })
}

/** @returns how many are gone */
async function deleteFirst(
  deletions: readonly ActionOfKind<'delete'>[],
  { context, state }: Run,
): Promise<number> {
  const { done, failed } = await deleteAll(deletions, context)
  state.markInUse(done.flatMap(({ inUse }) => inUse ?? []))
  const ids = [...new Set(deletions.map(({ certId }) => certId))]
  state.record(
    new Map(
      ids.map((certId): [string, CertificateResult] => {
        const errors = failed.filter((one) => one.certId === certId).map(({ error }) => error)
        return [certId, { stored: null, inPlace: new Map(), errors }]
      }),
    ),
  )
  return done.filter(({ inUse }) => inUse === null).length
}

async function actInWaves(
  actions: readonly Action[],
  certificates: readonly Certificate[],
  observed: Observed,
  { context, state }: Run,
): Promise<void> {
  const { time } = context.ports
  const { waveHosts, waveMs } = context.settings
  const desired = new Map(certificates.map((certificate) => [certificate.id, certificate]))
  const hostsOf = (certId: string) => desired.get(certId)?.hosts ?? []
  for (const wave of waves(actions, hostsOf, waveHosts)) {
    if (time.now() + waveMs <= time.stopAt) state.record(await act(wave, { desired, observed }, context))
    else
      for (const certId of new Set(wave.map((action) => action.certId)))
        await postpone(certId, state, context)
  }
}

async function postpone(certId: string, state: RunState, { memory, ports }: Context): Promise<void> {
  state.holdBack(certId, outOfTime(certId))
  ports.emit({ event: 'cert.postponed', certId })
  await notePostponed(certId, memory)
}

/** Before anything is swapped: what works now is what a listener gets back. */
async function noteWorking(
  desired: readonly Certificate[],
  observed: Observed,
  { memory, ports }: Context,
): Promise<void> {
  for (const certificate of desired) {
    const before = memory.of(certificate.id)
    const working = seenWorking(certificate, observed, before, ports.time.now())
    if (working !== before.working) await memory.note(certificate.id, { working })
  }
}

/** The pass after the last one only looks: what it would do is what did not last. */
function notSettled(certId: string, { actions }: Plan, maxPasses: number): RotationError {
  const left = actions
    .filter((action) => action.certId === certId)
    .map(({ kind, reason }) => `${kind} (${reason.detail})`)
  const what = `${certId} is not settled after ${maxPasses} passes, left to do: ${left.join(', ')}`
  return new RotationError('run/not-settled', what)
}

/** @returns an error as a value: while the store cannot be asked, nothing is issued */
async function askQuota({ ports }: Context): Promise<StoreQuota | RotationError> {
  try {
    return await ports.store.quota()
  } catch (thrown) {
    return rotationErrorOrThrow(thrown)
  }
}
