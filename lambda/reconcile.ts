/**
 * The loop: observe -> plan -> limits -> act, and again, until the plan is empty.
 *
 * It is level-triggered. A pass looks at what is there, decides what is missing, does it, and the next pass looks
 * again; what is carried over is little, and named below. A crash anywhere is the same as starting over, and renewing is
 * the same as issuing. The last pass has nothing to do: it is the proof that the world is as desired.
 *
 * Gotchas:
 * - A certificate that failed in this run is left out of its later passes: trying again is the next run's.
 * - `force` holds for one issue: a certificate that was acted on is taken out of it (CAs date a certificate back
 *   by an hour, so its dates cannot tell that it is new).
 * - IAM may list a certificate late: what this run stored is added to what is observed, or it would be issued twice.
 * - When AWS can no longer be asked in a later pass, what came of the certificates until then is still reported.
 */
import { act, type Deed } from './act.ts'
import type { Settings } from './defaults.ts'
import { asRotationError, RotationError } from './errors.ts'
import { type FindZone, zoneFinder } from './issue/zones.ts'
import { limit } from './limits/limits.ts'
import type { Certificate, Observed, Outcome, StoredCertificate, StoreQuota } from './model.ts'
import { isFailure } from './model.ts'
import { observe } from './observe/observe.ts'
import { type Plan, plan } from './plan/plan.ts'
import type { Ports } from './ports.ts'
import {
  describeError,
  describePlan,
  outpacedCertificates,
  refusedReads,
  unreachableListeners,
} from './report/describe.ts'
import { outcomeOf } from './report/outcomes.ts'
import type { RunRequest } from './run.ts'

export interface Reconciled {
  /** One for each certificate that was judged. */
  readonly outcomes: readonly Outcome[]
  /** As the first pass found it; `null` when it could not be asked. */
  readonly quota: StoreQuota | null
  /** Why the run could not go on; `null` when it came to its end. */
  readonly error: RotationError | null
}

/** Everything a pass works with, and what has come of each certificate so far. */
interface Course {
  readonly request: RunRequest
  readonly ports: Ports
  readonly settings: Settings
  readonly findZone: FindZone
  readonly force: Set<string>
  readonly deeds: Map<string, Deed>
  readonly heldBack: Map<string, RotationError>
  readonly stored: StoredCertificate[]
  quota: StoreQuota | null
}

/** @returns outcomes and errors as values; throws nothing */
export async function reconcile(
  desired: readonly Certificate[],
  request: RunRequest,
  ports: Ports,
  settings: Settings,
): Promise<Reconciled> {
  const course: Course = {
    request,
    ports,
    settings,
    findZone: zoneFinder(ports.zones, request.config),
    force: new Set(request.invocation.force ? desired.map(({ id }) => id) : []),
    deeds: new Map(),
    heldBack: new Map(),
    stored: [],
    quota: null,
  }
  const outcomes = new Map<string, Outcome>()
  let error: RotationError | null = null
  let active = desired
  for (let pass = 1; active.length > 0 && pass <= settings.maxPasses + 1; pass++) {
    try {
      const made = await onePass(pass, active, course)
      for (const certificate of active) outcomes.set(certificate.id, judge(certificate, made, course))
      if (!made.acted) break
    } catch (thrown) {
      error = asRotationError(thrown)
      break
    }
    active = active.filter(({ id }) => !failed(outcomes.get(id)))
  }
  return { outcomes: desired.flatMap(({ id }) => outcomes.get(id) ?? []), quota: course.quota, error }
}

interface Pass {
  readonly observed: Observed
  readonly plan: Plan
  readonly acted: boolean
}

async function onePass(pass: number, desired: readonly Certificate[], course: Course): Promise<Pass> {
  const { request, ports, settings, findZone, force } = course
  const observed = await observe(desired, course.stored, ports, settings)
  const issued = new Set([...course.deeds].flatMap(([id, { stored }]) => (stored ? [id] : [])))
  const made = plan(desired, observed, {
    now: ports.time.now(),
    intervalMs: request.intervalMs,
    force,
    issued,
  })
  const limited = limit(made.actions, await askQuota(pass, made, course))
  for (const [certId, error] of limited.heldBack) course.heldBack.set(certId, error)
  ports.emit(describePlan(pass, made, limited))
  if (pass === 1) {
    for (const event of outpacedCertificates(made, request.intervalMs)) ports.emit(event)
    for (const event of unreachableListeners(desired, observed)) ports.emit(event)
    for (const event of refusedReads(desired, observed)) ports.emit(event)
  }
  const isLast = pass > settings.maxPasses
  if (isLast)
    for (const { certId } of limited.run) course.heldBack.set(certId, notSettled(certId, made, settings))
  const acted = !request.invocation.dryRun && !isLast && limited.run.length > 0
  if (acted) {
    const byId = new Map(desired.map((certificate) => [certificate.id, certificate]))
    const { deployment } = request
    remember(
      await act(limited.run, { desired: byId, observed, deployment, findZone, ports, settings }),
      course,
    )
  }
  return { observed, plan: made, acted }
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
 * Asked once in every run, because a full store is to be known before the day on which room is needed, and again
 * where something is to be issued. Where it cannot be asked, nothing is issued.
 */
async function askQuota(
  pass: number,
  { actions }: Plan,
  course: Course,
): Promise<StoreQuota | RotationError | null> {
  const isNeeded = actions.some(({ kind }) => kind === 'issue')
  if (pass > 1 && !isNeeded) return null
  try {
    course.quota = await course.ports.store.quota()
    return course.quota
  } catch (thrown) {
    if (!(thrown instanceof RotationError)) throw thrown
    if (!isNeeded) course.ports.emit({ event: 'quota.unread', error: describeError(thrown) })
    return thrown
  }
}

function remember(deeds: ReadonlyMap<string, Deed>, { force, deeds: known, stored }: Course): void {
  for (const [certId, deed] of deeds) {
    const before = known.get(certId)
    force.delete(certId)
    if (deed.stored) stored.push(deed.stored)
    known.set(certId, {
      stored: deed.stored ?? before?.stored ?? null,
      inPlace: new Map([...(before?.inPlace ?? []), ...deed.inPlace]),
      // one that failed before is not acted on again
      errors: deed.errors,
    })
  }
}

function judge(certificate: Certificate, { plan: made, observed }: Pass, course: Course): Outcome {
  return outcomeOf(certificate, {
    plan: made,
    observed,
    deed: course.deeds.get(certificate.id),
    heldBack: course.heldBack.get(certificate.id),
    dryRun: course.request.invocation.dryRun,
    now: course.ports.time.now(),
  })
}

function failed(outcome: Outcome | undefined): boolean {
  return outcome !== undefined && isFailure(outcome)
}
