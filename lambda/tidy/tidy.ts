/** Take away what an earlier run left behind: challenge values in zones, an order that is not needed, and its key. */
import type { Settings } from '../defaults.ts'
import { type ErrorCode, RotationError } from '../errors.ts'
import { cleanUp } from '../issue/challenges.ts'
import { asWritten } from '../issue/values.ts'
import { each, type Failure } from '../parallel.ts'
import type { Action } from '../plan/plan.ts'
import type { Ports } from '../ports.ts'
import type { Memory } from '../state/memory.ts'

type Tidy = Extract<Action, { kind: 'tidy' }>
type World = Pick<Ports, 'zones' | 'keys' | 'time' | 'emit'>

/** @returns what could not be taken away; it is remembered, and tried again in the next run */
export async function tidyAll(
  actions: readonly Tidy[],
  world: World,
  memory: Memory,
  settings: Settings,
): Promise<Failure[]> {
  const values = actions.flatMap(({ certId }) => memory.of(certId).values)
  const noted = new Map(
    actions.map(({ certId }) => [certId, new Set(memory.of(certId).values.map(({ name }) => name))]),
  )
  const errors = await cleanUp(
    values.map((one) => asWritten(one, settings)),
    world,
    settings,
  )
  const { failed } = await each(actions, settings.concurrency, async ({ certId, order, forget, reason }) => {
    const state = memory.of(certId)
    const stuck = new Set(errors.flatMap(({ facts }) => facts['names'] as readonly string[]))
    const left = state.values.filter(({ name }) => stuck.has(name))
    if (order && state.order) await world.keys.remove(state.order.keyParameter)
    // of an entry that is gone the zone may be so too: that is told once
    if (forget && (left.length === 0 || errors.every(isOutOfReach))) await memory.forget(certId)
    else await memory.note(certId, { values: left, ...(order ? { order: null } : {}) })
    world.emit({ event: 'cert.tidied', certId, detail: reason.detail })
  })
  const blamed = actions.flatMap(({ certId }) => {
    const names = noted.get(certId) ?? new Set()
    const own = errors.filter(({ facts }) =>
      (facts['names'] as readonly string[]).some((name) => names.has(name)),
    )
    return own.map((error) => ({ certId, error }))
  })
  return [...failed, ...blamed]
}

function isOutOfReach({ cause }: RotationError): boolean {
  return cause instanceof RotationError && OUT_OF_REACH.includes(cause.code)
}

const OUT_OF_REACH: readonly ErrorCode[] = ['aws/access-denied', 'dns/zone-not-found']
