/**
 * One run: what it was asked, what came of it, told by events. The work is in `reconcile.ts`.
 */
import type { Config } from './config/parse.ts'
import type { Settings } from './defaults.ts'
import { asRotationError } from './errors.ts'
import { toIso } from './instant.ts'
import { checkNames, type Invocation } from './invocation.ts'
import { type Certificate, isFailure } from './model.ts'
import type { Ports } from './ports.ts'
import { type Reconciled, reconcile } from './reconcile.ts'
import { describeEnd, describeError } from './report/describe.ts'
import type { CertificateState } from './state/items.ts'
import { type OpenState, openState } from './state/open.ts'
import { noteOutcomes } from './state/results.ts'

export interface RunRequest {
  /** Tells this run from others. */
  readonly runId: string
  readonly config: Config
  readonly warnings: readonly string[]
  readonly invocation: Invocation
  readonly deployment: string
  /** Time to the next run. */
  readonly intervalMs: number
  /** A deployment has its table; on the command line there may be none, and that is no trouble. */
  readonly isTableExpected: boolean
}

/** Its `error` is also an unknown name in `only`, or a table that could not be used although the run went on. */
export interface Report extends Reconciled {
  readonly ok: boolean
  /** Another run acts: nothing was looked at. */
  readonly isYielded: boolean
}

/**
 * Do one run and report it by events, `run.finished` last and exactly once.
 *
 * @returns the report; certificates that failed are outcomes in it, and make it not `ok`. Throws nothing.
 */
export async function run(request: RunRequest, ports: Ports, settings: Settings): Promise<Report> {
  const { config, warnings, invocation, deployment } = request
  const { only, force, dryRun } = invocation
  const startedAt = ports.time.now()
  ports.emit({ event: 'run.started', deployment, only: only === null ? null : [...only], force, dryRun })
  for (const message of warnings) ports.emit({ event: 'config.warned', message })
  const { isYielded, failures, ...reconciled } = await attempt()
  const { outcomes, error } = reconciled
  for (const { certId, errors } of outcomes.filter(isFailure))
    for (const one of errors)
      ports.emit({
        event: 'cert.failed',
        certId,
        error: describeError(one),
        ...howLong(failures.get(certId)),
      })
  if (error) ports.emit({ event: 'run.failed', error: describeError(error) })
  const ok = error === null && !outcomes.some(isFailure)
  ports.emit(describeEnd({ ok, outcomes }, dryRun, startedAt, ports.time.now()))
  return { ok, isYielded, ...reconciled }

  async function attempt(): Promise<Omit<Report, 'ok'> & { readonly failures: Failures }> {
    try {
      const names = config.certificates.map(({ id }) => id)
      checkNames(only, names)
      const opened = await openState({ ...request, dryRun }, ports, settings)
      if (opened.yieldedUntil !== null) {
        ports.emit({ event: 'run.yielded', until: toIso(opened.yieldedUntil) })
        return { outcomes: [], quota: null, error: null, isYielded: true, failures: new Map() }
      }
      const desired = config.certificates.filter(({ id }) => only === null || only.includes(id))
      const reconciled = await act(desired, opened)
      const { memory } = opened
      const failures = new Map(desired.map(({ id }) => [id, memory.of(id).failures]))
      return { ...reconciled, isYielded: false, failures }
    } catch (thrown) {
      const error = asRotationError(thrown)
      return { outcomes: [], quota: null, error, isYielded: false, failures: new Map() }
    }
  }

  async function act(desired: readonly Certificate[], opened: OpenState): Promise<Reconciled> {
    const { memory, trouble } = opened
    const reconciled = await reconcile(desired, request, opened.ports, memory, settings)
    const byId = new Map(desired.map((one) => [one.id, one]))
    if (!dryRun) await noteOutcomes(reconciled.outcomes, byId, memory, ports.time.now())
    const stuck = await opened.close()
    return { ...reconciled, error: reconciled.error ?? trouble ?? memory.troubles[0] ?? stuck }
  }
}

type Failures = ReadonlyMap<string, CertificateState['failures']>

/** A dry run counts nothing. */
function howLong(failures: CertificateState['failures'] | undefined): { since?: string; runs?: number } {
  return failures ? { since: toIso(failures.since), runs: failures.count } : {}
}
