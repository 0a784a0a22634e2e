/**
 * One run: observe -> plan -> limits -> act, and again, until the plan is empty.
 *
 * It is level-triggered. A pass looks at what is there, decides what is missing, does it, and the next pass looks
 * again; nothing is carried over but what failed. A crash anywhere is the same as starting over, and renewing is
 * the same as issuing. The last pass has nothing to do: it is the proof that the world is as desired.
 *
 * Gotchas:
 * - A certificate that failed in this run is left out of its later passes: trying again is the next run's.
 * - `force` holds for one issue: a certificate that was acted on is taken out of it (CAs date a certificate back
 *   by an hour, so its dates cannot tell that it is new).
 * - Failures of one certificate are values; what is thrown here is what no certificate can be judged without.
 */
import { act, type Deed } from './act.ts'
import type { Config } from './config/parse.ts'
import type { Settings } from './defaults.ts'
import { asRotationError, type RotationError } from './errors.ts'
import { checkNames, type Invocation } from './invocation.ts'
import { type FindZone, zoneFinder } from './issue/zones.ts'
import { limit } from './limits/limits.ts'
import type { Certificate, EpochMs, Outcome } from './model.ts'
import { isFailure } from './model.ts'
import { observe } from './observe/observe.ts'
import { type Plan, plan } from './plan/plan.ts'
import type { Ports } from './ports.ts'
import { describeError, describePlan, unreachableListeners } from './report/describe.ts'
import { countByState, outcomeOf, soonestExpiryDays } from './report/outcomes.ts'

export interface RunRequest {
  readonly config: Config
  readonly warnings: readonly string[]
  readonly invocation: Invocation
  readonly deployment: string
  /** Time to the next run. */
  readonly intervalMs: number
}

export interface Report {
  readonly ok: boolean
  readonly plan: Plan
  readonly outcomes: readonly Outcome[]
}

/**
 * Do one run and report it by events, `run.finished` last and exactly once.
 *
 * @returns the report; certificates that failed are outcomes in it, and make it not `ok`
 * @throws RotationError when nothing could be judged: an unknown name in `only`, or AWS could not be asked
 */
export async function run(request: RunRequest, ports: Ports, settings: Settings): Promise<Report> {
  const { invocation, deployment } = request
  const { only, force, dryRun } = invocation
  const startedAt = ports.time.now()
  ports.emit({ event: 'run.started', deployment, only: only === null ? null : [...only], force, dryRun })
  for (const message of request.warnings) ports.emit({ event: 'config.warned', message })
  try {
    checkNames(
      only,
      request.config.certificates.map(({ id }) => id),
    )
    const desired = request.config.certificates.filter(({ id }) => only === null || only.includes(id))
    const report = await reconcile(desired, request, ports, settings)
    finish(ports, report.outcomes, report.ok, dryRun, startedAt)
    return report
  } catch (thrown) {
    const error = asRotationError(thrown)
    ports.emit({ event: 'run.failed', error: describeError(error) })
    finish(ports, [], false, dryRun, startedAt)
    throw error
  }
}

/** What has come of each certificate so far in this run. */
interface Progress {
  readonly force: Set<string>
  readonly deeds: Map<string, Deed>
  readonly heldBack: Map<string, RotationError>
}

async function reconcile(
  desired: readonly Certificate[],
  request: RunRequest,
  ports: Ports,
  settings: Settings,
): Promise<Report> {
  const findZone = zoneFinder(ports.zones, request.config.zones)
  const progress: Progress = {
    force: new Set(request.invocation.force ? desired.map(({ id }) => id) : []),
    deeds: new Map(),
    heldBack: new Map(),
  }
  const outcomes = new Map<string, Outcome>()
  let first: Plan | null = null
  let active = desired
  for (let pass = 1; active.length > 0 && pass <= settings.maxPasses; pass++) {
    const made = await onePass(pass, active, progress, request, findZone, ports, settings)
    first ??= made.plan
    for (const certificate of active)
      outcomes.set(certificate.id, judged(certificate, made.plan, progress, request))
    if (!made.acted) break
    active = active.filter(({ id }) => !isFailure(outcomes.get(id) as Outcome))
  }
  const all = desired.flatMap(({ id }) => outcomes.get(id) ?? [])
  for (const { certId, errors } of all)
    for (const error of errors) ports.emit({ event: 'cert.failed', certId, error: describeError(error) })
  return { ok: !all.some(isFailure), plan: first ?? EMPTY_PLAN, outcomes: all }
}

const EMPTY_PLAN: Plan = { actions: [], standings: [], ends: new Map() }

async function onePass(
  pass: number,
  desired: readonly Certificate[],
  progress: Progress,
  request: RunRequest,
  findZone: FindZone,
  ports: Ports,
  settings: Settings,
): Promise<{ plan: Plan; acted: boolean }> {
  const observed = await observe(desired, ports, settings)
  const made = plan(desired, observed, {
    now: ports.time.now(),
    intervalMs: request.intervalMs,
    force: progress.force,
  })
  const issues = made.actions.some(({ kind }) => kind === 'issue')
  const limited = limit(made.actions, issues ? await ports.store.quota() : null)
  for (const [certId, error] of limited.heldBack) progress.heldBack.set(certId, error)
  ports.emit(describePlan(pass, made, limited))
  if (pass === 1) for (const event of unreachableListeners(desired, observed)) ports.emit(event)
  if (request.invocation.dryRun || limited.run.length === 0) return { plan: made, acted: false }
  const byId = new Map(desired.map((certificate) => [certificate.id, certificate]))
  const { deployment } = request
  const deeds = await act(limited.run, { desired: byId, observed, deployment, findZone, ports, settings })
  for (const [certId, deed] of deeds) {
    progress.force.delete(certId)
    progress.deeds.set(certId, added(progress.deeds.get(certId), deed))
  }
  return { plan: made, acted: true }
}

function added(before: Deed | undefined, deed: Deed): Deed {
  return {
    issued: deed.issued || (before?.issued ?? false),
    attached: deed.attached || (before?.attached ?? false),
    errors: [...(before?.errors ?? []), ...deed.errors],
    notAfter: deed.notAfter ?? before?.notAfter ?? null,
  }
}

function judged(certificate: Certificate, made: Plan, progress: Progress, request: RunRequest): Outcome {
  return outcomeOf(certificate, {
    plan: made,
    deed: progress.deeds.get(certificate.id),
    heldBack: progress.heldBack.get(certificate.id),
    dryRun: request.invocation.dryRun,
  })
}

function finish(
  ports: Ports,
  outcomes: readonly Outcome[],
  ok: boolean,
  dryRun: boolean,
  startedAt: EpochMs,
): void {
  const now = ports.time.now()
  ports.emit({
    event: 'run.finished',
    ok,
    dryRun,
    durationMs: Math.round(now - startedAt),
    counts: countByState(outcomes),
    outcomes: outcomes.map(({ certId, state, detail }) => ({ certId, state, detail })),
    soonestExpiryDays: soonestExpiryDays(outcomes, now),
  })
}
