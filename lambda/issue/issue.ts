/**
 * Obtain certificates from the CA, all of a wave together: order all, one DNS change a zone, one wait, answer
 * all, clean up, finalize all. A certificate that fails drops out as a value; the others go on.
 *
 * What a run that dies would leave is noted before it is there: the order with the challenge values, and the key
 * before the CA is asked to sign for it.
 */
import type { Settings } from '../defaults.ts'
import { RotationError } from '../errors.ts'
import type { CaLimits } from '../limits/ca-limits.ts'
import type { Certificate } from '../model.ts'
import { challengeName } from '../names.ts'
import { type Done, each, type Failure } from '../parallel.ts'
import type { Reason } from '../plan/checks.ts'
import type { Predecessor } from '../plan/predecessor.ts'
import type { Ports } from '../ports.ts'
import type { NotedValues } from '../state/items.ts'
import type { Memory } from '../state/memory.ts'
import { cleanUp, type Presented, present, waitInSync } from './challenges.ts'
import { finalize, type Issued, type Proven } from './finalize.ts'
import { placeNew } from './place.ts'
import { resume } from './resume.ts'
import { batchKey, placeKey, toNote, type WantedValue } from './values.ts'
import type { ChallengeZone, FindZone } from './zones.ts'

export interface IssueJob {
  readonly certId: string
  readonly desired: Certificate
  readonly reason: Reason
  readonly predecessor: Predecessor | null
  readonly isUrgent: boolean
}

interface Ordered extends IssueJob, Proven {
  readonly values: readonly WantedValue[]
  /** Of an earlier run, which could not be taken away before. */
  readonly leftBefore: readonly NotedValues[]
}

type World = Pick<Ports, 'authority' | 'zones' | 'keys' | 'time' | 'emit' | 'makeKey'> & {
  readonly memory: Memory
  readonly deployment: string
  readonly limits: CaLimits
}

/** @returns the certificates issued, and the failures by certificate; throws only for a bug. */
export async function issue(
  jobs: readonly IssueJob[],
  world: World,
  findZone: FindZone,
  settings: Settings,
): Promise<Done<Issued>> {
  const { time } = world
  const ordered = await each(jobs, settings.concurrency, (job) => order(job, world, findZone), time)
  const answered = await prove(ordered.done, world, settings)
  const issued = await each(answered.done, settings.concurrency, (item) => finalize(item, world), time)
  return { done: issued.done, failed: [...ordered.failed, ...answered.failed, ...issued.failed] }
}

async function order(job: IssueJob, world: World, findZone: FindZone): Promise<Ordered> {
  const { certId, desired, reason } = job
  const { authority, emit } = world
  emit({ event: 'cert.due', certId, reason: reason.code, detail: reason.detail, hosts: [...desired.hosts] })
  // whatever can be known to fail is looked at before the CA counts an order
  const zones = new Map<string, ChallengeZone>()
  for (const host of desired.hosts) zones.set(challengeName(host), await findZone(host))
  const { account } = await authority.ready(desired.profile)
  const { order, key } = (await resume(desired, world)) ?? (await placeNew(job, account, world))
  const values = order.challenges.map(({ host, value }): WantedValue => {
    const name = challengeName(host)
    const zone = zones.get(name)
    if (!zone)
      throw new RotationError('acme/unexpected-answer', `the CA asks to prove ${host}, which was not ordered`)
    return { certId, zone, name, value }
  })
  const leftBefore = world.memory.of(certId).values
  await world.memory.note(certId, { values: [...leftBefore, ...toNote(values)] })
  return { ...job, account, order, savedKey: key, values, leftBefore }
}

/** Publish, wait, let the CA look, and take the values away again whatever happened. */
async function prove(ordered: readonly Ordered[], world: World, settings: Settings): Promise<Done<Ordered>> {
  const presented = await present(
    ordered.flatMap(({ values }) => values),
    world,
    settings,
  )
  let answered: Done<Ordered>
  let leftBehind: readonly RotationError[]
  try {
    answered = await answerAll(ordered, presented, world, settings)
  } finally {
    leftBehind = await cleanUp(presented.written, world, settings)
    await forgetValues(ordered, leftBehind, world)
  }
  return { done: answered.done, failed: [...answered.failed, ...blame(ordered, leftBehind)] }
}

/** What could not be removed stays remembered, for the next run to try again. */
async function forgetValues(
  ordered: readonly Ordered[],
  errors: readonly RotationError[],
  { memory }: World,
): Promise<void> {
  const stuck = new Set(errors.flatMap(({ facts }) => facts['names'] as readonly string[]))
  for (const { certId, values, leftBefore } of ordered)
    if (memory.of(certId).values.length > 0) {
      const still = toNote(values).filter(({ name }) => stuck.has(name))
      await memory.note(certId, { values: [...leftBefore, ...still] })
    }
}

async function answerAll(
  ordered: readonly Ordered[],
  presented: Presented,
  world: World,
  settings: Settings,
): Promise<Done<Ordered>> {
  announce(ordered, presented, world)
  const late = await waitInSync(presented.changes, world, settings)
  if (presented.changes.length > late.size)
    world.emit({ event: 'challenge.synced', names: presented.written.length })
  const answer = async (item: Ordered) => {
    for (const { zone, name } of item.values) {
      const error = presented.failed.get(placeKey(zone, name)) ?? late.get(batchKey(zone))
      if (error) throw error
    }
    await world.authority.answer(item.order)
    world.emit({ event: 'challenge.seen', certId: item.certId })
    return item
  }
  return each(ordered, settings.concurrency, answer, world.time)
}

function announce(ordered: readonly Ordered[], { failed }: Presented, { emit }: World): void {
  const namesOf = new Map<string, Set<string>>()
  for (const { zone, name } of ordered.flatMap(({ values }) => values))
    if (!failed.has(placeKey(zone, name)))
      namesOf.set(zone.name, (namesOf.get(zone.name) ?? new Set()).add(name))
  for (const [zone, names] of namesOf) emit({ event: 'challenge.presented', zone, names: [...names] })
}

/** A value left behind is an error of every certificate that had wanted one there. */
function blame(ordered: readonly Ordered[], errors: readonly RotationError[]): Failure[] {
  return errors.flatMap((error) => {
    const names = new Set(error.facts['names'] as readonly string[])
    return ordered
      .filter(({ values }) => values.some(({ name }) => names.has(name)))
      .map(({ certId }) => ({ certId, error }))
  })
}
