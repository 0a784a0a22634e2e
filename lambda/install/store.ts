/** Put what was issued into the certificate store. */
import { neverAsked } from '../ari/advice.ts'
import type { Context } from '../context.ts'
import type { StoredCertificate } from '../domain/model.ts'
import { idHash, specificationHash, storedName } from '../domain/names.ts'
import { asRotationError } from '../domain/rotation-error.ts'
import { storedTags } from '../domain/tags.ts'
import type { Issued } from '../issue/finalize.ts'
import { type Done, each, type Failure } from '../parallel.ts'
import { noteStored } from '../state/failures.ts'

export interface Stored {
  readonly certId: string
  readonly stored: StoredCertificate
}

/**
 * Once a certificate is stored, the key of its order is no longer needed. A key that cannot be deleted is a failure
 * beside the certificate, which is used; the next run tries again.
 */
export async function storeAll(issued: readonly Issued[], context: Context): Promise<Done<Stored>> {
  const keysLeft: Failure[] = []
  const stored = await each(issued, context.settings.concurrency, async (one) => {
    const { certId } = one
    const stored = await store(one, context)
    try {
      await finishOrder(one, context)
    } catch (thrown) {
      keysLeft.push({ certId, error: asRotationError(thrown) })
    }
    return { certId, stored }
  })
  return { done: stored.done, failed: [...stored.failed, ...keysLeft] }
}

async function store(issued: Issued, { ports, deployment }: Context): Promise<StoredCertificate> {
  const { certId, desired, key, chain, leaf } = issued
  const name = storedName(desired, leaf)
  const arn = await ports.store.upload({
    name,
    certificate: chain[0] ?? '',
    chain: chain.slice(1).join('\n'),
    privateKey: key,
    tags: storedTags(deployment, desired),
  })
  ports.emit({ event: 'cert.stored', certId, serial: leaf.serial, name })
  return {
    arn,
    name,
    idHash: idHash(desired.id),
    specificationHash: specificationHash(desired),
    serial: leaf.serial,
    notBefore: leaf.notBefore,
    notAfter: leaf.notAfter,
    uploadedAt: ports.time.now(),
  }
}

async function finishOrder(
  { certId, leaf, renewalId, account }: Issued,
  { ports, memory }: Context,
): Promise<void> {
  const { order } = memory.of(certId)
  if (!order) return
  await ports.keys.remove(order.keyParameter)
  await noteStored(certId, { ...neverAsked(leaf, renewalId), account }, memory)
}
