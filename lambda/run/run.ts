/** One run with its report: what it was asked, what it did, as events. The work is in `reconcile.ts`. */

import type { Settings } from '../domain/defaults.ts'
import { toIso } from '../domain/instant.ts'
import { type Certificate, isFailure } from '../domain/model.ts'
import type { CertificateState } from '../domain/remembered.ts'
import { asRotationError, describeError } from '../domain/rotation-error.ts'
import type { Ports } from '../ports.ts'
import { describeEnd } from '../report/describe.ts'
import { noteOutcomes } from '../state/failures.ts'
import { type OpenState, openState } from '../state/open.ts'
import { checkNames } from './invocation.ts'
import { type Reconciled, reconcile } from './reconcile.ts'
import type { RunRequest } from './request.ts'

/** Its `error` may also be an unknown name in `only`, or a table that could not be used although the run went on. */
export interface Report extends Reconciled {
  readonly ok: boolean
  /** Another run holds the lease: this one did nothing. */
  readonly isYielded: boolean
}

/** By certificate, what is remembered of its failures. */
type Failures = ReadonlyMap<string, CertificateState['failures']>

/**
 * Do one run and report it by events, `run.finished` last and exactly once.
 *
 * @returns the report; certificates that failed are outcomes in it, and make it not `ok`. Throws nothing.
 */
export async function run(request: RunRequest, ports: Ports, settings: Settings): Promise<Report> {
  const { warnings, invocation, deployment } = request
  const { only, force, dryRun } = invocation
  const startedAt = ports.time.now()
  ports.emit({ event: 'run.started', deployment, only: only === null ? null : [...only], force, dryRun })
  for (const message of warnings) ports.emit({ event: 'config.warned', message })
  const { isYielded, failures, ...reconciled } = await attempt(request, ports, settings)
  const { outcomes, error } = reconciled
  for (const outcome of outcomes.filter(isFailure)) reportFailure(outcome, failures, ports)
  if (error) ports.emit({ event: 'run.failed', error: describeError(error) })
  const ok = error === null && !outcomes.some(isFailure)
  ports.emit(describeEnd({ ok, outcomes }, dryRun, startedAt, ports.time.now()))
  return { ok, isYielded, ...reconciled }
}

type Attempt = Omit<Report, 'ok'> & { readonly failures: Failures }

const NOTHING_DONE: Attempt = {
  outcomes: [],
  quota: null,
  error: null,
  isYielded: false,
  failures: new Map(),
}

async function attempt(request: RunRequest, ports: Ports, settings: Settings): Promise<Attempt> {
  const { config, invocation } = request
  const { only, dryRun } = invocation
  try {
    const names = config.certificates.map(({ id }) => id)
    checkNames(only, names)
    const opened = await openState({ ...request, dryRun }, ports, settings)
    if (opened.yieldedUntil !== null) {
      ports.emit({ event: 'run.yielded', until: toIso(opened.yieldedUntil) })
      return { ...NOTHING_DONE, isYielded: true }
    }
    const desired = config.certificates.filter(({ id }) => only === null || only.includes(id))
    const reconciled = await withState(desired, request, opened, settings)
    const failures = new Map(desired.map(({ id }) => [id, opened.memory.of(id).failures]))
    return { ...NOTHING_DONE, ...reconciled, failures }
  } catch (thrown) {
    return { ...NOTHING_DONE, error: asRotationError(thrown) }
  }
}

async function withState(
  desired: readonly Certificate[],
  request: RunRequest,
  { memory, ports, trouble, close }: OpenState,
  settings: Settings,
): Promise<Reconciled> {
  const { deployment, config, invocation } = request
  const context = { deployment, limits: config.limits, ports, memory, settings }
  const reconciled = await reconcile(desired, request, context)
  const byId = new Map(desired.map((one) => [one.id, one]))
  if (!invocation.dryRun) await noteOutcomes(reconciled.outcomes, byId, memory, ports.time.now())
  const stuck = await close()
  return { ...reconciled, error: reconciled.error ?? trouble ?? memory.troubles[0] ?? stuck }
}

function reportFailure(
  { certId, errors }: Reconciled['outcomes'][number],
  failures: Failures,
  { emit }: Ports,
): void {
  const history = failures.get(certId)
  // a dry run counts nothing
  const since = history ? { since: toIso(history.since), runs: history.count } : {}
  for (const error of errors) emit({ event: 'cert.failed', certId, error: describeError(error), ...since })
}
