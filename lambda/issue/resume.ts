/** Resume the order of an earlier run, so that what the CA has begun or issued is not ordered again. */
import type { KeyObject } from 'node:crypto'
import type { Context } from '../context.ts'
import { RotationError, rotationErrorOrThrow } from '../domain/errors.ts'
import { DAY_MS } from '../domain/instant.ts'
import { isOfType } from '../domain/key-types.ts'
import type { Certificate } from '../domain/model.ts'
import { specificationHash } from '../domain/names.ts'
import type { OrderInFlight } from '../domain/remembered.ts'
import type { Order, Ports } from '../ports.ts'

export interface Resumed {
  readonly order: Order
  /** `null` when none was saved: the order was not finalized. */
  readonly key: KeyObject | null
}

/** Let's Encrypt's orders live for a week. */
const LONGEST_ORDER_MS = 7 * DAY_MS

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
  if (noted.specificationHash !== specificationHash(desired))
    return { useless: 'it is for another specification' }
  const order = await find(noted, desired, ports)
  if ('useless' in order) return { useless: order.useless.message }
  const key = await loadKey(noted.keyParameter, ports)
  if (key !== null && 'useless' in key) return key
  if (key !== null && !isOfType(key, desired.keyType)) return { useless: 'its key is of another type' }
  if (key === null && (order.status === 'processing' || order.status === 'valid'))
    return { useless: `it is ${order.status}, and its key is gone` }
  return { order, key }
}

/** If the CA could not be asked about an order for as long as orders live, there is nothing left to wait for. */
async function find(
  { url, since }: OrderInFlight,
  { hosts, profile }: Certificate,
  { authority, time }: Ports,
): Promise<Order | { readonly useless: RotationError }> {
  try {
    return await authority.find(url, { hosts, profile })
  } catch (thrown) {
    const isOver = time.now() - since > LONGEST_ORDER_MS
    if (isOver) return { useless: rotationErrorOrThrow(thrown) }
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
