/** Take away what an earlier run left behind: challenge values in zones, an order that is not needed, and its key. */
import type { Settings } from '../defaults.ts'
import { type ErrorCode, RotationError } from '../errors.ts'
import { cleanUp } from '../issue/challenges.ts'
import { asWritten } from '../issue/values.ts'
import type { Certificate } from '../model.ts'
import { challengeName } from '../names.ts'
import { each, type Failure } from '../parallel.ts'
import type { Action } from '../plan/plan.ts'
import type { Ports } from '../ports.ts'
import type { NotedValues } from '../state/items.ts'
import type { Memory } from '../state/memory.ts'

type Tidy = Extract<Action, { kind: 'tidy' }>
type World = Pick<Ports, 'zones' | 'keys' | 'time' | 'emit'>

/**
 * @param desired what the configuration has: a name of it may be written, and one that is gone from it mostly not
 * @returns what could not be taken away; it is remembered, and tried again in the next run
 */
export async function tidyAll(
  actions: readonly Tidy[],
  desired: ReadonlyMap<string, Certificate>,
  world: World,
  memory: Memory,
  settings: Settings,
): Promise<Failure[]> {
  const values = actions.flatMap(({ certId }) => memory.of(certId).values)
  const errors = await cleanUp(
    values.map((one) => asWritten(one, settings)),
    world,
    settings,
  )
  const left = new Map<string, RotationError>()
  for (const error of errors)
    for (const name of error.facts['names'] as readonly string[])
      if (await mayBeThere(name, error, values, world)) left.set(name, error)

  const blamed: Failure[] = []
  const { failed } = await each(actions, settings.concurrency, async ({ certId, order, forget, reason }) => {
    const state = memory.of(certId)
    const stuck = state.values.filter(({ name }) => left.has(name))
    for (const error of new Set(stuck.flatMap(({ name }) => left.get(name) ?? [])))
      blamed.push({ certId, error })
    if (order && state.order) await world.keys.remove(state.order.keyParameter)
    // what is out of reach for good is told once
    const hosts = desired.get(certId)?.hosts ?? []
    const names = new Set(hosts.map(challengeName))
    const again = stuck.filter(({ name }) => names.has(name) || !isOutOfReach(left.get(name)))
    if (forget && again.length === 0) await memory.forget(certId)
    else await memory.note(certId, { values: again, ...(order ? { order: null } : {}) })
    if (order || forget || stuck.length < state.values.length)
      world.emit({ event: 'cert.tidied', certId, detail: reason.detail })
  })
  return [...failed, ...blamed]
}

/** A change that is denied tells nothing of what is there; and in a zone that is gone, nothing is. */
async function mayBeThere(
  name: string,
  error: RotationError,
  values: readonly NotedValues[],
  { zones }: World,
): Promise<boolean> {
  if (!isOutOfReach(error)) return true
  const noted = values.filter((one) => one.name === name)
  const zone = noted[0]?.zone
  if (!zone) return false
  try {
    const { txt } = await zones.read(zone, name)
    return noted.some(({ ours }) => ours.some((value) => txt?.values.includes(value)))
  } catch (thrown) {
    if (!(thrown instanceof RotationError)) throw thrown
    return thrown.code !== 'dns/zone-not-found'
  }
}

function isOutOfReach(error: RotationError | undefined): boolean {
  return error?.cause instanceof RotationError && OUT_OF_REACH.includes(error.cause.code)
}

const OUT_OF_REACH: readonly ErrorCode[] = ['aws/access-denied', 'dns/zone-not-found']
