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
 * - A new wave is begun only while there is time for a whole one; what is not reached goes first in the next run.
 * - When AWS can no longer be asked in a later pass, what came of the certificates until then is still reported.
 */
import type { Settings } from './defaults.ts'
import { asRotationError, RotationError } from './errors.ts'
import { zoneFinder } from './issue/zones.ts'
import type { Certificate, Outcome, StoreQuota } from './model.ts'
import { isFailure } from './model.ts'
import { type Course, onePass, type Pass } from './pass.ts'
import type { Ports } from './ports.ts'
import { outcomeOf } from './report/outcomes.ts'
import type { RunRequest } from './run.ts'
import type { Memory } from './state/memory.ts'

export interface Reconciled {
  /** One for each certificate that was judged. */
  readonly outcomes: readonly Outcome[]
  /** As it was found; `null` when it could not be asked. */
  readonly quota: StoreQuota | null
  /** Why the run could not go on, or what failed that is no certificate; `null` when it came to its end. */
  readonly error: RotationError | null
}

/** @returns outcomes and errors as values; throws nothing */
export async function reconcile(
  desired: readonly Certificate[],
  request: RunRequest,
  ports: Ports,
  memory: Memory,
  settings: Settings,
): Promise<Reconciled> {
  const { invocation, config } = request
  const known = new Set(config.certificates.map(({ id }) => id))
  const course: Course = {
    request,
    ports,
    memory,
    settings,
    findZone: zoneFinder(ports.zones, config),
    force: new Set(invocation.force ? desired.map(({ id }) => id) : []),
    deeds: new Map(),
    heldBack: new Map(),
    stored: [],
    inUse: new Set(),
    forgotten: invocation.only === null ? [...memory.certificates.keys()].filter((id) => !known.has(id)) : [],
    quota: null,
  }
  const outcomes = new Map<string, Outcome>()
  let error: RotationError | null = null
  let active = desired
  for (let pass = 1; active.length > 0 && pass <= settings.maxPasses + 1; pass++) {
    if (pass > 1 && ports.time.now() >= ports.time.stopAt) break
    try {
      const made = await onePass(pass, active, course)
      for (const certificate of active) outcomes.set(certificate.id, judge(certificate, made, course))
      if (!made.acted) break
    } catch (thrown) {
      error = asRotationError(thrown)
      break
    }
    active = active.filter(({ id }) => !isDone(outcomes.get(id)))
  }
  const [forgotten] = [...course.deeds].flatMap(([id, { errors }]) => (known.has(id) ? [] : errors))
  return {
    outcomes: desired.flatMap(({ id }) => outcomes.get(id) ?? []),
    quota: course.quota instanceof RotationError ? null : course.quota,
    error: error ?? forgotten ?? null,
  }
}

function judge(certificate: Certificate, { plan: made, observed }: Pass, course: Course): Outcome {
  return outcomeOf(certificate, {
    plan: made,
    observed,
    deed: course.deeds.get(certificate.id),
    heldBack: course.heldBack.get(certificate.id),
    renewal: course.memory.of(certificate.id).renewal,
    dryRun: course.request.invocation.dryRun,
    now: course.ports.time.now(),
  })
}

/** What failed, or had no time left, is for the next run. */
function isDone(outcome: Outcome | undefined): boolean {
  return outcome !== undefined && (isFailure(outcome) || outcome.state === 'postponed')
}
