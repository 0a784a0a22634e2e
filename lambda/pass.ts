/** One round: observe -> plan -> limits -> act. */
import { act, type Deed, ofKind } from './act.ts'
import { askRenewals } from './ari/ask.ts'
import type { Settings } from './defaults.ts'
import { RotationError } from './errors.ts'
import type { FindZone } from './issue/zones.ts'
import { type Limited, limit } from './limits/limits.ts'
import type { Certificate, Observed, StoredCertificate, StoreQuota } from './model.ts'
import { observe } from './observe/observe.ts'
import { outOfTime } from './parallel.ts'
import { type Action, type Plan, plan } from './plan/plan.ts'
import type { Ports } from './ports.ts'
import { type PruneAction, pruneAll } from './prune/prune.ts'
import { describePass } from './report/describe.ts'
import type { RunRequest } from './run.ts'
import type { Memory } from './state/memory.ts'
import { seenWorking, workedBefore } from './state/working.ts'
import { waves } from './waves.ts'

/** Everything a pass works with, and what has come of each certificate so far. */
export interface Course {
  readonly request: RunRequest
  readonly ports: Ports
  readonly memory: Memory
  readonly settings: Settings
  readonly findZone: FindZone
  readonly force: Set<string>
  readonly deeds: Map<string, Deed>
  readonly heldBack: Map<string, RotationError>
  readonly stored: StoredCertificate[]
  readonly inUse: Set<string>
  /** In the state, and in the configuration no more. */
  forgotten: readonly string[]
  quota: StoreQuota | RotationError | null
}

export interface Pass {
  readonly observed: Observed
  readonly plan: Plan
  readonly acted: boolean
}

/** @throws RotationError when AWS could not be asked at all */
export async function onePass(pass: number, desired: readonly Certificate[], course: Course): Promise<Pass> {
  const { request, ports, settings, memory } = course
  const { invocation, config } = request
  const observed = await observe(desired, course.stored, workedBefore(memory), ports, settings)
  if (!invocation.dryRun) await noteWorking(desired, observed, course)
  if (pass === 1) await askRenewals(desired, observed, ports, memory, settings)
  const quota = await askQuota(course)
  const made = plan(desired, observed, {
    now: ports.time.now(),
    intervalMs: request.intervalMs,
    force: course.force,
    issued: new Set([...course.deeds].flatMap(([id, { stored }]) => (stored ? [id] : []))),
    states: memory.certificates,
    entries: invocation.only === null ? config.certificates.map(({ id }) => id) : null,
    forgotten: course.forgotten,
    quota: quota instanceof RotationError ? null : quota,
    inUse: course.inUse,
  })
  const prunes = ofKind(made.actions, 'prune')
  const limited = limitTo(made, desired, quota, prunes.length, course)
  for (const event of describePass(pass, { made, limited, desired, observed, quota }, request.intervalMs))
    ports.emit(event)
  const isLast = pass > settings.maxPasses
  const acts = !invocation.dryRun && !isLast
  // what stays because something uses it makes no room
  const freed = acts ? await pruneFirst(prunes, course) : prunes.length
  const { run, heldBack } = freed < prunes.length ? limitTo(made, desired, quota, freed, course) : limited
  for (const [certId, error] of heldBack) course.heldBack.set(certId, error)
  if (isLast) for (const { certId } of run) course.heldBack.set(certId, notSettled(certId, made, settings))
  const acted = acts && run.length > 0
  const rest = run.filter(({ kind }) => kind !== 'prune')
  if (acted) await actInWaves(rest, desired, observed, course)
  return { observed, plan: made, acted }
}

function limitTo(
  { actions }: Plan,
  desired: readonly Certificate[],
  quota: StoreQuota | RotationError,
  freed: number,
  { request, ports, memory, force }: Course,
): Limited {
  return limit(actions, {
    now: ports.time.now(),
    intervalMs: request.intervalMs,
    force,
    quota,
    freed,
    states: memory.certificates,
    certificates: new Map(desired.map((certificate) => [certificate.id, certificate])),
    limits: request.config.limits,
    ledger: memory.ledger,
  })
}

/** @returns how many went */
async function pruneFirst(prunes: readonly PruneAction[], course: Course): Promise<number> {
  const { done, failed } = await pruneAll(prunes, course.ports, course.settings)
  const deeds = [...new Set(prunes.map(({ certId }) => certId))].map((certId): [string, Deed] => [
    certId,
    {
      stored: null,
      inPlace: new Map(),
      inUse: done.flatMap((one) => (one.certId === certId && one.inUse ? [one.inUse] : [])),
      errors: failed.filter((one) => one.certId === certId).map(({ error }) => error),
    },
  ])
  remember(new Map(deeds), course)
  return done.filter(({ inUse }) => inUse === null).length
}

async function actInWaves(
  actions: readonly Action[],
  desired: readonly Certificate[],
  observed: Observed,
  course: Course,
): Promise<void> {
  const { request, ports, settings, findZone, memory } = course
  const byId = new Map(desired.map((certificate) => [certificate.id, certificate]))
  const { deployment, config } = request
  const { limits } = config
  const world = { desired: byId, observed, deployment, limits, findZone, memory, ports, settings }
  const hostsOf = (certId: string) => byId.get(certId)?.hosts ?? []
  for (const wave of waves(actions, hostsOf, settings.waveHosts)) {
    if (ports.time.now() + settings.waveMs <= ports.time.stopAt) remember(await act(wave, world), course)
    else for (const certId of new Set(wave.map((action) => action.certId))) await postpone(certId, course)
  }
}

async function postpone(certId: string, { heldBack, memory, ports }: Course): Promise<void> {
  heldBack.set(certId, outOfTime(certId))
  ports.emit({ event: 'cert.postponed', certId })
  await memory.note(certId, { postponed: true })
}

/** Before anything is swapped: what works now is what a listener gets back. */
async function noteWorking(
  desired: readonly Certificate[],
  observed: Observed,
  { memory, ports }: Course,
): Promise<void> {
  for (const certificate of desired) {
    const before = memory.of(certificate.id)
    const working = seenWorking(certificate, observed, before, ports.time.now())
    if (working !== before.working) await memory.note(certificate.id, { working })
  }
}

/** The pass after the last one only looks: what it would do is what did not last. */
function notSettled(certId: string, { actions }: Plan, { maxPasses }: Settings): RotationError {
  const left = actions
    .filter((action) => action.certId === certId)
    .map(({ kind, reason }) => `${kind} (${reason.detail})`)
  const what = `${certId} is not settled after ${maxPasses} passes, left to do: ${left.join(', ')}`
  return new RotationError('run/not-settled', what)
}

/**
 * Once a run: a full store is to be known before the day on which room is needed. Where it cannot be asked, nothing is
 * issued. Should others fill it meanwhile, the upload is refused, and the next run goes on from there.
 */
async function askQuota(course: Course): Promise<StoreQuota | RotationError> {
  course.quota ??= await course.ports.store.quota().catch((thrown: unknown) => {
    if (thrown instanceof RotationError) return thrown
    throw thrown
  })
  return course.quota
}

function remember(deeds: ReadonlyMap<string, Deed>, course: Course): void {
  for (const [certId, deed] of deeds) {
    const before = course.deeds.get(certId)
    course.force.delete(certId)
    if (deed.stored) course.stored.push(deed.stored)
    for (const arn of deed.inUse) course.inUse.add(arn)
    course.deeds.set(certId, {
      stored: deed.stored ?? before?.stored ?? null,
      inPlace: new Map([...(before?.inPlace ?? []), ...deed.inPlace]),
      inUse: deed.inUse,
      errors: [...(before?.errors ?? []), ...deed.errors],
    })
  }
  // tried once a run
  course.forgotten = course.forgotten.filter((id) => !deeds.has(id))
}
