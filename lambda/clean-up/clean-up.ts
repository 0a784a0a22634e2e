/** Remove what an earlier run left behind: challenge values in zones, an order that is not needed, and its key. */
import type { Context } from '../context.ts'
import type { Certificate } from '../domain/model.ts'
import { each, type Failure } from '../parallel.ts'
import type { ActionOfKind } from '../plan/actions.ts'
import { stillNoted } from '../plan/left-behind.ts'
import type { LeftOver } from '../ports.ts'

/**
 * @param desired the configured certificates: the role may write their records, and usually no others
 * @returns what could not be removed; it stays noted, and the next run tries again
 */
export async function cleanUpAll(
  actions: readonly ActionOfKind<'clean-up'>[],
  desired: ReadonlyMap<string, Certificate>,
  { ports, memory, settings }: Context,
): Promise<Failure[]> {
  const noted = actions.flatMap(({ certId }) => memory.of(certId).values)
  const left = byName(await ports.proof.cleanUpNoted(noted))
  const leftOver: Failure[] = []
  const { failed } = await each(actions, settings.concurrency, async (action) => {
    const { certId, order, forget } = action
    const state = memory.of(certId)
    const stuck = state.values.filter(({ name }) => left.has(name))
    for (const error of new Set(stuck.flatMap(({ name }) => left.get(name)?.error ?? [])))
      leftOver.push({ certId, error })
    if (order && state.order) await ports.keys.remove(state.order.keyParameter)
    const again = stillNoted(state.values, left, desired.get(certId)?.hosts ?? [])
    if (forget && again.length === 0) await memory.forget(certId)
    else await memory.note(certId, { values: again, ...(order ? { order: null } : {}) })
    if (order || forget || stuck.length < state.values.length)
      ports.emit({ event: 'cert.cleaned-up', certId, detail: action.reason.detail })
  })
  return [...failed, ...leftOver]
}

function byName(leftOver: readonly LeftOver[]): ReadonlyMap<string, LeftOver> {
  return new Map(leftOver.flatMap((one) => one.names.map((name): [string, LeftOver] => [name, one])))
}
