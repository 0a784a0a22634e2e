/**
 * The loop: observe -> plan -> limits -> act, and again, until the plan is empty.
 *
 * It is level-triggered. A pass looks at what is there, decides what is missing, and does it; the next pass looks again.
 * Little is carried from pass to pass, and `run-state.ts` holds all of it. A crash anywhere is the same as starting
 * over, and renewing is the same as issuing. The last pass has nothing to do: it proves that all is as desired.
 *
 * Gotchas:
 * - A certificate that failed in this run is left out of its later passes: the next run tries again.
 * - `force` holds for one issue: a certificate that was acted on is no longer forced. Its dates cannot tell that it is
 *   new, because CAs date a certificate back by an hour.
 * - IAM may list a certificate late: what this run stored is added to what is observed, or it would be issued twice.
 * - A new wave begins only while there is time for a whole one; what is not reached goes first in the next run.
 * - When AWS can no longer be asked in a later pass, the outcomes of the passes before are still reported.
 */
import type { Context } from '../context.ts'
import type { Certificate, Outcome, StoreQuota } from '../domain/model.ts'
import { isFailure } from '../domain/model.ts'
import { asRotationError, RotationError } from '../domain/rotation-error.ts'
import { outcomeOf } from '../report/outcomes.ts'
import { onePass, type Pass, type Run } from './pass.ts'
import type { RunRequest } from './request.ts'
import { RunState } from './run-state.ts'

export interface Reconciled {
  /** One for each certificate that was judged. */
  readonly outcomes: readonly Outcome[]
  /** As it was found; `null` when it could not be asked. */
  readonly quota: StoreQuota | null
  /** Why the run could not go on, or a failure that belongs to no certificate; `null` when it came to its end. */
  readonly error: RotationError | null
}

/** @returns outcomes and errors as values; throws nothing */
export async function reconcile(
  desired: readonly Certificate[],
  request: RunRequest,
  context: Context,
): Promise<Reconciled> {
  const { ports, memory, settings } = context
  const known = new Set(request.config.certificates.map(({ id }) => id))
  const state = new RunState(...startOf(desired, request, [...memory.certificates.keys()], known))
  const run: Run = { request, context, state }
  const outcomes = new Map<string, Outcome>()
  let error: RotationError | null = null
  let active = desired
  for (let pass = 1; active.length > 0 && pass <= settings.maxPasses + 1; pass++) {
    if (pass > 1 && ports.time.now() >= ports.time.stopAt) break
    try {
      const made = await onePass(pass, active, run)
      for (const certificate of active) outcomes.set(certificate.id, outcomeIn(made, certificate, run))
      if (!made.acted) break
    } catch (thrown) {
      error = asRotationError(thrown)
      break
    }
    active = active.filter(({ id }) => !isDone(outcomes.get(id)))
  }
  return {
    outcomes: desired.flatMap(({ id }) => outcomes.get(id) ?? []),
    quota: state.quota instanceof RotationError ? null : state.quota,
    error: error ?? state.errorOutside(known) ?? null,
  }
}

/** @returns ids to force, and ids that are remembered and no longer configured */
function startOf(
  desired: readonly Certificate[],
  { invocation }: RunRequest,
  remembered: readonly string[],
  known: ReadonlySet<string>,
): [string[], string[]] {
  return [
    invocation.force ? desired.map(({ id }) => id) : [],
    invocation.only === null ? remembered.filter((id) => !known.has(id)) : [],
  ]
}

function outcomeIn({ plan, observed }: Pass, certificate: Certificate, run: Run): Outcome {
  const { request, context, state } = run
  return outcomeOf(certificate, {
    plan,
    observed,
    result: state.resultOf(certificate.id),
    heldBack: state.whyHeldBack(certificate.id),
    renewal: context.memory.of(certificate.id).renewal,
    dryRun: request.invocation.dryRun,
    now: context.ports.time.now(),
  })
}

/** What failed, or had no time left, is for the next run. */
function isDone(outcome: Outcome | undefined): boolean {
  return outcome !== undefined && (isFailure(outcome) || outcome.state === 'postponed')
}
