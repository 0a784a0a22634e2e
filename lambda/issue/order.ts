/** A new order with the CA: what the CA is told, and what is noted before anything else is asked. */
import type { Context } from '../context.ts'
import type { Certificate } from '../domain/model.ts'
import { keyParameter, specificationHash } from '../domain/names.ts'
import type { OrderInFlight } from '../domain/remembered.ts'
import { RotationError } from '../domain/rotation-error.ts'
import type { Predecessor } from '../plan/predecessor.ts'
import type { Order, PlacedOrder } from '../ports.ts'
import { countOrder } from '../state/spending.ts'
import { drop, type Resumed } from './resume.ts'

interface Wanted {
  readonly certId: string
  readonly desired: Certificate
  readonly predecessor: Predecessor | null
}

/**
 * The order is noted as soon as the CA has it: whatever fails from here on is resumed, and not ordered again.
 *
 * @throws RotationError acme/order-failed when the CA answers with an order that is done: it was issued for another key
 */
export async function placeNew(wanted: Wanted, account: string, context: Context): Promise<Resumed> {
  const { certId, desired } = wanted
  const { memory, deployment, ports } = context
  const { url, isReplacement } = await placeOrder(wanted, account, context)
  await takeFromOtherEntry(url, wanted, context)
  const order: OrderInFlight = {
    url,
    specificationHash: specificationHash(desired),
    keyParameter: keyParameter(deployment, desired, url),
    since: ports.time.now(),
    isReplacement,
  }
  await memory.note(certId, { order })
  await countOrder(desired, { url, isReplacement }, context)
  const found = await ports.authority.find(url, desired)
  const useless = 'useless' in found ? found.useless : whyDone(found)
  if (useless) await drop(certId, order, useless.message, context)
  if (useless || 'useless' in found) throw useless
  return { order: found, key: null }
}

/** The CA is told what is replaced, unless the predecessor belongs to another account: the CA would refuse that. */
async function placeOrder(
  { certId, desired, predecessor }: Wanted,
  account: string,
  { ports }: Context,
): Promise<Omit<PlacedOrder, 'refusal'>> {
  const isOfAccount = predecessor !== null && (predecessor.account ?? account) === account
  const replaces = isOfAccount ? predecessor.id : null
  const { url, isReplacement, refusal } = await ports.authority.order({ ...desired, replaces })
  if (refusal !== null) ports.emit({ event: 'replacement.refused', certId, why: refusal })
  return { url, isReplacement: isReplacement && (predecessor?.isInWindow ?? false) }
}

/**
 * A CA may answer with the order of another entry for the same hosts, as long as it has not begun to issue (Boulder
 * does). This entry then takes it over. Two such entries are never in one wave, so nobody is working on it; and were it
 * left to the other entry, which may keep failing, this one would never get a certificate.
 */
async function takeFromOtherEntry(url: string, { certId, desired }: Wanted, context: Context): Promise<void> {
  for (const [other, { order }] of context.memory.certificates) {
    if (other === certId || order?.url !== url) continue
    const found = await context.ports.authority.find(url, desired)
    const done = 'useless' in found ? null : whyDone(found)
    if (done) throw done
    await drop(other, order, `the CA has given it to ${certId}`, context)
  }
}

/** @returns why an order whose key is not here cannot be used; `null` when it still waits for a key */
function whyDone({ url, status }: Order): RotationError | null {
  if (status === 'pending' || status === 'ready') return null
  const what = `the CA answered a new order with ${url}, which is ${status} already, and its key is not here`
  return new RotationError('acme/order-failed', what)
}
