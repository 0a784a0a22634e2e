/** From an order whose hosts are proven to a certificate. */
import { createPublicKey, type KeyObject, X509Certificate } from 'node:crypto'
import { renewalIdOf } from '../ari/renewal-id.ts'
import { RotationError } from '../errors.ts'
import { toIso } from '../instant.ts'
import { toLeaf } from '../leaf.ts'
import type { CaLimits } from '../limits/ca-limits.ts'
import { countIssued } from '../limits/count.ts'
import type { Certificate, Leaf } from '../model.ts'
import type { Order, Ports } from '../ports.ts'
import type { Memory } from '../state/memory.ts'
import { createRequest } from './keys.ts'
import { drop } from './resume.ts'

export interface Proven {
  readonly certId: string
  readonly desired: Certificate
  /** URL of the account with the CA. */
  readonly account: string
  readonly order: Order
  /** Of an order that is resumed. */
  readonly savedKey: KeyObject | null
}

export interface Issued {
  readonly certId: string
  readonly desired: Certificate
  readonly key: KeyObject
  /** Leaf first, PEM. */
  readonly chain: readonly string[]
  readonly leaf: Leaf
  /** Its name in ARI; `null` when it has none. */
  readonly renewalId: string | null
  /** URL of the account that it was issued to. */
  readonly account: string
}

type World = Pick<Ports, 'authority' | 'keys' | 'time' | 'emit' | 'makeKey'> & {
  readonly memory: Memory
  readonly limits: CaLimits
}

/** Have the CA sign, and take nothing from it that is not what was ordered. */
export async function finalize(item: Proven, world: World): Promise<Issued> {
  const { certId, desired, order } = item
  const { authority, emit, memory } = world
  const key = item.savedKey ?? (await newKey(item, world))
  const request = await createRequest(key, desired.keyType, desired.hosts)
  const isReplacement = memory.of(certId).order?.isReplacement ?? false
  const delivered = await authority.finalize(order, request)
  // the CA has counted it, whatever it is worth
  await countIssued(desired, { ...order, isReplacement }, world.limits, memory, world.time.now())
  const chain = splitPem(delivered)
  const leaf = await checkOrDrop(item, chain, key, world)
  emit({
    event: 'cert.issued',
    certId,
    serial: leaf.serial,
    issuer: leaf.issuer,
    notAfter: toIso(leaf.notAfter),
  })
  return { certId, desired, key, chain, leaf, renewalId: renewalIdOf(firstOf(chain)), account: item.account }
}

/** Saved before the CA signs for it: what was finalized can then be had by a later run, and is never ordered again. */
async function newKey({ certId, desired }: Proven, { makeKey, keys, memory }: World): Promise<KeyObject> {
  const key = await makeKey(desired.keyType)
  const { order } = memory.of(certId)
  return memory.isKept(certId) && order ? keys.save(order.keyParameter, key) : key
}

/** An order whose certificate is of no use is of no use either. */
async function checkOrDrop(
  { certId, desired }: Proven,
  chain: readonly string[],
  key: KeyObject,
  world: World,
): Promise<Leaf> {
  try {
    return checkDelivered(desired, chain, key, world.time.now())
  } catch (thrown) {
    const { order } = world.memory.of(certId)
    // what is no certificate at all may be one when it is asked for again
    const isUnusable = thrown instanceof RotationError && thrown.code === 'acme/certificate-unusable'
    if (order && isUnusable) await drop(certId, order, (thrown as Error).message, world)
    throw thrown
  }
}

/** @throws RotationError acme/certificate-unusable rather than attach what does not fit */
function checkDelivered(desired: Certificate, chain: readonly string[], key: KeyObject, now: number): Leaf {
  const x509 = firstOf(chain)
  const leaf = toLeaf(x509)
  const lacking = desired.hosts.filter((host) => !leaf.hosts.includes(host))
  if (lacking.length > 0)
    throw new RotationError('acme/certificate-unusable', `the CA's certificate lacks ${lacking.join(', ')}`)
  if (!x509.publicKey.equals(createPublicKey(key)))
    throw new RotationError('acme/certificate-unusable', "the CA's certificate is for another key")
  if (leaf.notAfter <= now)
    throw new RotationError(
      'acme/certificate-unusable',
      `the CA's certificate ended on ${toIso(leaf.notAfter)}`,
    )
  return leaf
}

/** @throws RotationError acme/unexpected-answer */
function firstOf(chain: readonly string[]): X509Certificate {
  try {
    if (chain[0] !== undefined) return new X509Certificate(chain[0])
  } catch {
    // it looks like PEM, and is none
  }
  throw new RotationError('acme/unexpected-answer', 'the CA delivered something that is no certificate')
}

/** @throws RotationError acme/unexpected-answer for half a chain: with it, clients would miss an intermediate */
function splitPem(pem: string): string[] {
  const whole = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  if (pem.split('-----BEGIN').length - 1 === whole.length) return whole
  throw new RotationError('acme/unexpected-answer', 'the CA delivered half a chain')
}
