/** Go on with the order of an earlier run, so that what the CA has begun or issued is not asked for again. */
import type { KeyObject } from 'node:crypto'
import { RotationError } from '../errors.ts'
import { DAY_MS } from '../instant.ts'
import type { Certificate } from '../model.ts'
import { specificationHash } from '../names.ts'
import type { Order, Ports } from '../ports.ts'
import type { OrderInFlight } from '../state/items.ts'
import type { Memory } from '../state/memory.ts'
import { isOfType } from './keys.ts'

export interface Resumed {
  readonly order: Order
  /** `null` where none was saved: the order was not finalized. */
  readonly key: KeyObject | null
}

/** Let's Encrypt's live for a week. */
const LONGEST_ORDER_MS = 7 * DAY_MS

type World = Pick<Ports, 'authority' | 'keys' | 'time' | 'emit'> & { readonly memory: Memory }

/**
 * Fetch the order that is remembered, and go on from its status. What is gone, unreadable, or for another
 * specification is dropped with its key.
 *
 * @returns `null` where a new order has to be made
 * @throws RotationError when the CA or SSM could not be asked: then nothing is dropped, and the next run tries again
 */
export async function resume(desired: Certificate, world: World): Promise<Resumed | null> {
  const { order: noted } = world.memory.of(desired.id)
  if (noted === null) return null
  const found = await look(noted, desired, world)
  if ('useless' in found) {
    await drop(desired.id, noted, found.useless, world)
    return null
  }
  world.emit({ event: 'order.resumed', certId: desired.id, order: noted.url, status: found.order.status })
  return found
}

/** Give an order up: its key first, so that none is left that nobody knows of. */
export async function drop(
  certId: string,
  { url, keyParameter }: OrderInFlight,
  why: string,
  { keys, memory, emit }: Omit<World, 'authority' | 'time'>,
): Promise<void> {
  await keys.remove(keyParameter)
  await memory.note(certId, { order: null })
  emit({ event: 'order.dropped', certId, order: url, why })
}

async function look(
  noted: OrderInFlight,
  desired: Certificate,
  { authority, keys, time }: World,
): Promise<Resumed | { readonly useless: string }> {
  if (noted.specificationHash !== specificationHash(desired))
    return { useless: 'it is for another specification' }
  const order = await find(noted, desired, authority, time)
  if ('useless' in order) return { useless: order.useless.message }
  const key = await loadKey(noted.keyParameter, keys)
  if (key !== null && 'useless' in key) return key
  if (key !== null && !isOfType(key, desired.keyType)) return { useless: 'its key is of another type' }
  if (key === null && (order.status === 'processing' || order.status === 'valid'))
    return { useless: `it is ${order.status}, and its key is gone` }
  return { order, key }
}

/** One that could not be asked about for as long as orders live would be waited for in vain. */
async function find(
  { url, since }: OrderInFlight,
  { hosts, profile }: Certificate,
  authority: World['authority'],
  time: World['time'],
): Promise<Order | { readonly useless: RotationError }> {
  try {
    return await authority.find(url, { hosts, profile })
  } catch (thrown) {
    const isOver = time.now() - since > LONGEST_ORDER_MS
    if (thrown instanceof RotationError && isOver) return { useless: thrown }
    throw thrown
  }
}

async function loadKey(
  name: string,
  keys: World['keys'],
): Promise<KeyObject | null | { readonly useless: string }> {
  try {
    return await keys.load(name)
  } catch (thrown) {
    if (thrown instanceof RotationError && thrown.code === 'key/unreadable')
      return { useless: `${thrown.message} (${thrown.code})` }
    throw thrown
  }
}
