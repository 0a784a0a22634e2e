/** A new order with the CA: what it is told, and what is written down before anything else is asked. */
import { RotationError } from '../errors.ts'
import type { CaLimits } from '../limits/ca-limits.ts'
import { countOrder } from '../limits/count.ts'
import type { Certificate } from '../model.ts'
import { keyParameter, specificationHash } from '../names.ts'
import type { Predecessor } from '../plan/predecessor.ts'
import { isIn } from '../plan/window.ts'
import type { Order, PlacedOrder, Ports } from '../ports.ts'
import type { OrderInFlight } from '../state/items.ts'
import type { Memory } from '../state/memory.ts'
import { drop, type Resumed } from './resume.ts'

interface Wanted {
  readonly certId: string
  readonly desired: Certificate
  readonly predecessor: Predecessor | null
  readonly isUrgent: boolean
}

type World = Pick<Ports, 'authority' | 'keys' | 'time' | 'emit'> & {
  readonly memory: Memory
  readonly deployment: string
  readonly limits: CaLimits
}

/**
 * Noted as soon as the CA has it: whatever fails from here on is gone on with, and not ordered again.
 *
 * @throws RotationError acme/order-failed when the CA answers with one that is done: it was issued for another key
 */
export async function placeNew(wanted: Wanted, account: string, world: World): Promise<Resumed> {
  const { certId, desired } = wanted
  const { authority, memory, deployment, limits, time } = world
  const { url, isReplacement } = await place(wanted, account, world)
  await takeOver(url, wanted, world)
  const order: OrderInFlight = {
    url,
    specificationHash: specificationHash(desired),
    keyParameter: keyParameter(deployment, desired, url),
    since: time.now(),
    isReplacement,
  }
  await memory.note(certId, { order })
  await countOrder(desired, { url, isReplacement }, limits, memory, time.now())
  const found = await authority.find(url, desired)
  const useless = 'useless' in found ? found.useless : whyDone(found)
  if (useless) await drop(certId, order, useless.message, world)
  if (useless || 'useless' in found) throw useless
  return { order: found, key: null }
}

/** The CA is told what is replaced: not of another account, which it would refuse, nor when that may be what fails. */
async function place(
  { certId, desired, predecessor, isUrgent }: Wanted,
  account: string,
  { authority, memory, time, emit }: World,
): Promise<Omit<PlacedOrder, 'refusal'>> {
  const isKnown = predecessor !== null && (predecessor.account ?? account) === account
  const isStuck = isUrgent && memory.of(certId).tries !== null
  const replaces = isKnown && !isStuck ? predecessor.id : null
  const { url, isReplacement, refusal } = await authority.order({ ...desired, replaces })
  if (refusal !== null) emit({ event: 'replacement.refused', certId, why: refusal })
  return { url, isReplacement: isReplacement && isIn(predecessor?.window ?? null, time.now()) }
}

/**
 * A CA may answer with the order of another entry for the same hosts, as long as it has not begun to issue (Boulder
 * does): then it is this one's. Two such entries are never in one wave, so nobody is at work on it; and left to the other
 * one, which may fail for ever, it would keep this one from any.
 */
async function takeOver(url: string, { certId, desired }: Wanted, world: World): Promise<void> {
  for (const [other, { order }] of world.memory.certificates) {
    if (other === certId || order?.url !== url) continue
    const found = await world.authority.find(url, desired)
    const done = 'useless' in found ? null : whyDone(found)
    if (done) throw done
    await drop(other, order, `the CA has given it to ${certId}`, world)
  }
}

/** @returns why an order of which no key is here is of no use; `null` when it waits for one */
function whyDone({ url, status }: Order): RotationError | null {
  if (status === 'pending' || status === 'ready') return null
  const what = `the CA answered a new order with ${url}, which is ${status} already, and its key is not here`
  return new RotationError('acme/order-failed', what)
}
