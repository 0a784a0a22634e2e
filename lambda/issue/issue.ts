/**
 * Obtain certificates from the CA, a whole wave together: order all, publish all challenge values, one wait, answer all,
 * clean up, finalize all. A certificate that fails drops out as a value; the others go on.
 *
 * Whatever a run that dies would leave behind is noted before it exists: the order with the challenge values, and the
 * key before the CA is asked to sign for it.
 */
import type { Context } from '../context.ts'
import type { Certificate } from '../domain/model.ts'
import { recordKey } from '../domain/names.ts'
import type { NotedValues } from '../domain/remembered.ts'
import { RotationError } from '../domain/rotation-error.ts'
import { type Done, each, type Failure } from '../parallel.ts'
import type { ActionOfKind } from '../plan/actions.ts'
import type { ChallengeRecord, ChallengeValue, LeftOver, Publication } from '../ports.ts'
import { finalize, type Issued, type Proven } from './finalize.ts'
import { placeNew } from './order.ts'
import { resume } from './resume.ts'

export interface IssueJob extends ActionOfKind<'issue'> {
  readonly desired: Certificate
}

interface Ordered extends IssueJob, Proven {
  readonly values: readonly ChallengeValue[]
  /** Values of an earlier run that could not be removed. */
  readonly leftBefore: readonly NotedValues[]
}

/** @returns the certificates issued, and the failures by certificate; throws only for a bug. */
export async function issueAll(jobs: readonly IssueJob[], context: Context): Promise<Done<Issued>> {
  const { time } = context.ports
  const { concurrency } = context.settings
  const ordered = await each(jobs, concurrency, (job) => order(job, context), time)
  const proven = await prove(ordered.done, context)
  const issued = await each(proven.done, concurrency, (item) => finalize(item, context), time)
  return { done: issued.done, failed: [...ordered.failed, ...proven.failed, ...issued.failed] }
}

async function order(job: IssueJob, context: Context): Promise<Ordered> {
  const { certId, desired, reason } = job
  const { authority, emit, proof } = context.ports
  emit({ event: 'cert.due', certId, reason: reason.code, detail: reason.detail, hosts: [...desired.hosts] })
  // whatever can be known to fail is checked before the CA counts an order
  const records = new Map<string, ChallengeRecord>()
  for (const host of desired.hosts) records.set(host, await proof.locate(host))
  const { account } = await authority.ready(desired.profile)
  const { order, key } = (await resume(desired, context)) ?? (await placeNew(job, account, context))
  const values = order.challenges.map(({ host, value }): ChallengeValue => {
    const record = records.get(host)
    if (!record)
      throw new RotationError('acme/unexpected-answer', `the CA asks to prove ${host}, which was not ordered`)
    return { certId, ...record, value }
  })
  const leftBefore = context.memory.of(certId).values
  await context.memory.note(certId, { values: [...leftBefore, ...proof.toNote(values)] })
  return { ...job, account, order, savedKey: key, values, leftBefore }
}

/** Publish, wait, let the CA look, and remove the values again whatever happened. */
async function prove(ordered: readonly Ordered[], context: Context): Promise<Done<Ordered>> {
  const { proof } = context.ports
  const publication = await proof.publish(ordered.flatMap(({ values }) => values))
  let answered: Done<Ordered>
  let leftOver: readonly LeftOver[]
  try {
    answered = await answerAll(ordered, publication, context)
  } finally {
    leftOver = await proof.cleanUp(publication)
    await forgetValues(ordered, leftOver, context)
  }
  return { done: answered.done, failed: [...answered.failed, ...failuresOf(ordered, leftOver)] }
}

/** What could not be removed stays noted, for the next run to try again. */
async function forgetValues(
  ordered: readonly Ordered[],
  leftOver: readonly LeftOver[],
  { memory, ports }: Context,
): Promise<void> {
  const stuck = new Set(leftOver.flatMap(({ names }) => names))
  for (const { certId, values, leftBefore } of ordered)
    if (memory.of(certId).values.length > 0) {
      const still = ports.proof.toNote(values).filter(({ name }) => stuck.has(name))
      await memory.note(certId, { values: [...leftBefore, ...still] })
    }
}

async function answerAll(
  ordered: readonly Ordered[],
  publication: Publication,
  { ports, settings }: Context,
): Promise<Done<Ordered>> {
  const { authority, emit, proof, time } = ports
  const published = ordered
    .flatMap(({ values }) => values)
    .filter((value) => !publication.failed.has(recordKey(value)))
  for (const [zone, names] of namesByZone(published)) emit({ event: 'challenge.presented', zone, names })
  const late = await proof.awaitVisible(publication)
  if (published.some((value) => !late.has(recordKey(value))))
    emit({ event: 'challenge.synced', names: new Set(published.map(recordKey)).size })
  const answer = async (item: Ordered) => {
    for (const value of item.values) {
      const error = publication.failed.get(recordKey(value)) ?? late.get(recordKey(value))
      if (error) throw error
    }
    await authority.answer(item.order)
    emit({ event: 'challenge.seen', certId: item.certId })
    return item
  }
  return each(ordered, settings.concurrency, answer, time)
}

function namesByZone(values: readonly ChallengeValue[]): Map<string, string[]> {
  const names = new Map<string, Set<string>>()
  for (const { zone, name } of values) names.set(zone.name, (names.get(zone.name) ?? new Set()).add(name))
  return new Map([...names].map(([zone, set]) => [zone, [...set]]))
}

/** A value left over is an error of every certificate that wanted one there. */
function failuresOf(ordered: readonly Ordered[], leftOver: readonly LeftOver[]): Failure[] {
  return leftOver.flatMap(({ names, error }) =>
    ordered
      .filter(({ values }) => values.some(({ name }) => names.includes(name)))
      .map(({ certId }) => ({ certId, error })),
  )
}
