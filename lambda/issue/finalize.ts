/** From an order whose hosts are proven to a certificate. */
import { createPublicKey, type KeyObject, X509Certificate } from 'node:crypto'
import { renewalIdOf } from '../ari/renewal-id.ts'
import type { Context } from '../context.ts'
import { toIso } from '../domain/instant.ts'
import { toLeaf } from '../domain/leaf.ts'
import type { Certificate, EpochMs, Leaf } from '../domain/model.ts'
import { RotationError } from '../domain/rotation-error.ts'
import type { Order } from '../ports.ts'
import { countIssued } from '../state/spending.ts'
import { createRequest } from './csr.ts'
import { drop } from './resume.ts'

export interface Proven {
  readonly certId: string
  readonly desired: Certificate
  /** URL of the account with the CA. */
  readonly account: string
  readonly order: Order
  /** The key of a resumed order; `null` when none was saved. */
  readonly savedKey: KeyObject | null
}

export interface Issued {
  readonly certId: string
  readonly desired: Certificate
  readonly key: KeyObject
  /** Leaf first, PEM. */
  readonly chain: readonly string[]
  readonly leaf: Leaf
  /** ARI identifier; `null` when it has none. */
  readonly renewalId: string | null
  /** URL of the account it was issued to. */
  readonly account: string
}

/** Have the CA sign, and accept nothing that is not what was ordered. */
export async function finalize(item: Proven, context: Context): Promise<Issued> {
  const { certId, desired, order, account } = item
  const { ports, memory } = context
  const key = item.savedKey ?? (await newKey(item, context))
  const request = await createRequest(key, desired.keyType, desired.hosts)
  const isReplacement = memory.of(certId).order?.isReplacement ?? false
  const delivered = await ports.authority.finalize(order, request)
  // the CA has counted it, whether it can be used or not
  await countIssued(desired, { ...order, isReplacement }, context)
  const chain = splitPem(delivered)
  const leaf = await checkOrDrop(item, chain, key, context)
  ports.emit({
    event: 'cert.issued',
    certId,
    serial: leaf.serial,
    issuer: leaf.issuer,
    notAfter: toIso(leaf.notAfter),
  })
  return { certId, desired, key, chain, leaf, renewalId: renewalIdOf(firstOf(chain)), account }
}

async function newKey(item: Proven, context: Context): Promise<KeyObject> {
  const key = await context.ports.makeKey(item.desired.keyType)
  return saveKey(item.certId, key, context)
}

/** Saved before the CA signs for it, so that a later run can fetch what was finalized instead of ordering again. */
export async function saveKey(
  certId: string,
  key: KeyObject,
  { ports, memory }: Pick<Context, 'ports' | 'memory'>,
): Promise<KeyObject> {
  const { order } = memory.of(certId)
  return memory.isKept(certId) && order ? ports.keys.save(order.keyParameter, key) : key
}

/** An order whose certificate cannot be used cannot be used either. */
async function checkOrDrop(
  { certId, desired }: Proven,
  chain: readonly string[],
  key: KeyObject,
  context: Context,
): Promise<Leaf> {
  try {
    return checkDelivered(desired, chain, key, context.ports.time.now())
  } catch (thrown) {
    const { order } = context.memory.of(certId)
    // an answer that is not a certificate at all may be one when it is fetched again
    if (order && thrown instanceof RotationError && thrown.code === 'acme/certificate-unusable')
      await drop(certId, order, thrown.message, context)
    throw thrown
  }
}

/** @throws RotationError acme/certificate-unusable rather than attach what does not fit */
function checkDelivered(desired: Certificate, chain: readonly string[], key: KeyObject, now: EpochMs): Leaf {
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
    // it looks like PEM, but does not parse
  }
  throw new RotationError('acme/unexpected-answer', 'what the CA delivered is not a certificate')
}

/** @throws RotationError acme/unexpected-answer for a truncated chain: clients would miss an intermediate */
function splitPem(pem: string): string[] {
  const whole = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  if (pem.split('-----BEGIN').length - 1 === whole.length) return whole
  throw new RotationError('acme/unexpected-answer', 'the CA delivered a truncated chain')
}
