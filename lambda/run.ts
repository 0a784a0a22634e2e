/**
 * One run: what it was asked, what came of it, told by events. The work is in `reconcile.ts`.
 */
import type { Config } from './config/parse.ts'
import type { Settings } from './defaults.ts'
import { asRotationError } from './errors.ts'
import { checkNames, type Invocation } from './invocation.ts'
import { isFailure } from './model.ts'
import type { Ports } from './ports.ts'
import { type Reconciled, reconcile } from './reconcile.ts'
import { describeEnd, describeError } from './report/describe.ts'

export interface RunRequest {
  readonly config: Config
  readonly warnings: readonly string[]
  readonly invocation: Invocation
  readonly deployment: string
  /** Time to the next run. */
  readonly intervalMs: number
}

/** Its `error` is also an unknown name in `only`. */
export interface Report extends Reconciled {
  readonly ok: boolean
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
  const { outcomes, quota, error } = await attempt()
  for (const { certId, errors } of outcomes.filter(isFailure))
    for (const one of errors) ports.emit({ event: 'cert.failed', certId, error: describeError(one) })
  if (error) ports.emit({ event: 'run.failed', error: describeError(error) })
  const ok = error === null && !outcomes.some(isFailure)
  ports.emit(describeEnd({ ok, outcomes }, dryRun, startedAt, ports.time.now()))
  return { ok, outcomes, quota, error }

  async function attempt(): Promise<Reconciled> {
    try {
      const names = config.certificates.map(({ id }) => id)
      checkNames(only, names)
      const desired = config.certificates.filter(({ id }) => only === null || only.includes(id))
      return await reconcile(desired, request, ports, settings)
    } catch (thrown) {
      return { outcomes: [], quota: null, error: asRotationError(thrown) }
    }
  }
}
