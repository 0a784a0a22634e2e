/** Resume the order of an earlier run, so that what the CA has begun or issued is not ordered again. */
import type { KeyObject } from 'node:crypto'
import type { Context } from '../context.ts'
import type { Certificate } from '../domain/model.ts'
import type { OrderInFlight } from '../domain/remembered.ts'
import { RotationError, rotationErrorOrThrow } from '../domain/rotation-error.ts'
import { hasExpired, whyOutdated, whyUseless } from '../plan/earlier-order.ts'
import type { Order, Ports } from '../ports.ts'

export interface Resumed {
  readonly order: Order
  /** `null` when none was saved: the order was not finalized. */
  readonly key: KeyObject | null
}

interface Useless {
  readonly useless: string
}

/**
 * Fetch the order that is remembered, and go on from its status. One that is gone, unreadable, or for another
 * specification is dropped with its key.
 *
 * @returns `null` when a new order is needed
 * @throws RotationError when the CA or SSM could not be asked: then nothing is dropped, and the next run tries again
 */
export async function resume(desired: Certificate, context: Context): Promise<Resumed | null> {
  const { order: noted } = context.memory.of(desired.id)
  if (noted === null) return null
  const found = await look(noted, desired, context.ports)
  if ('useless' in found) {
    await drop(desired.id, noted, found.useless, context)
    return null
  }
  const { status } = found.order
  context.ports.emit({ event: 'order.resumed', certId: desired.id, order: noted.url, status })
  return found
}

/** Give an order up: its key first, so that none is left that nothing points to. */
export async function drop(
  certId: string,
  { url, keyParameter }: OrderInFlight,
  why: string,
  { ports, memory }: Pick<Context, 'ports' | 'memory'>,
): Promise<void> {
  await ports.keys.remove(keyParameter)
  await memory.note(certId, { order: null })
  ports.emit({ event: 'order.dropped', certId, order: url, why })
}

async function look(noted: OrderInFlight, desired: Certificate, ports: Ports): Promise<Resumed | Useless> {
  const outdated = whyOutdated(noted, desired)
  if (outdated) return { useless: outdated }
  const order = await find(noted, desired, ports)
  if ('useless' in order) return { useless: order.useless.message }
  const key = await loadKey(noted.keyParameter, ports)
  if (key !== null && 'useless' in key) return key
  const useless = whyUseless(order.status, key, desired)
  return useless ? { useless } : { order, key }
}

async function find(
  noted: OrderInFlight,
  { hosts, profile }: Certificate,
  { authority, time }: Ports,
): Promise<Order | { readonly useless: RotationError }> {
  try {
    return await authority.find(noted.url, { hosts, profile })
  } catch (thrown) {
    if (hasExpired(noted, time.now())) return { useless: rotationErrorOrThrow(thrown) }
    throw thrown
  }
}

async function loadKey(name: string, { keys }: Ports): Promise<KeyObject | null | Useless> {
  try {
    return await keys.load(name)
  } catch (thrown) {
    if (thrown instanceof RotationError && thrown.code === 'key/unreadable')
      return { useless: `${thrown.message} (${thrown.code})` }
    throw thrown
  }
}
