/** Put what was issued into the certificate store. */
import { neverAsked } from '../ari/advice.ts'
import type { Settings } from '../defaults.ts'
import { asRotationError } from '../errors.ts'
import type { Issued } from '../issue/finalize.ts'
import { toStoreKey } from '../issue/keys.ts'
import type { StoredCertificate } from '../model.ts'
import { idHash, specificationHash, storedName, storedTags } from '../names.ts'
import { type Done, each, type Failure } from '../parallel.ts'
import type { Ports } from '../ports.ts'
import type { Memory } from '../state/memory.ts'

export interface Stored {
  readonly certId: string
  readonly stored: StoredCertificate
}

/**
 * The key of an order is needed no more once its certificate is stored. One that cannot be deleted is a failure beside:
 * the certificate is used, and the next run tries again.
 */
export async function storeAll(
  issued: readonly Issued[],
  deployment: string,
  { store, keys, time, emit }: Pick<Ports, 'store' | 'keys' | 'time' | 'emit'>,
  memory: Memory,
  settings: Settings,
): Promise<Done<Stored>> {
  const keysLeft: Failure[] = []
  const stored = await each(
    issued,
    settings.concurrency,
    async ({ certId, desired, key, chain, leaf, renewalId, account }) => {
      const name = storedName(desired, leaf)
      const arn = await store.upload({
        name,
        certificate: chain[0] ?? '',
        chain: chain.slice(1).join('\n'),
        privateKey: toStoreKey(key),
        tags: storedTags(deployment, desired),
      })
      emit({ event: 'cert.stored', certId, serial: leaf.serial, name })
      const stored: StoredCertificate = {
        arn,
        name,
        idHash: idHash(desired.id),
        specificationHash: specificationHash(desired),
        serial: leaf.serial,
        notBefore: leaf.notBefore,
        notAfter: leaf.notAfter,
        uploadedAt: time.now(),
      }
      const { order } = memory.of(certId)
      if (order)
        try {
          await keys.remove(order.keyParameter)
          const renewal = { ...neverAsked(leaf, renewalId), account }
          await memory.note(certId, { order: null, tries: null, renewal })
        } catch (thrown) {
          keysLeft.push({ certId, error: asRotationError(thrown) })
        }
      return { certId, stored }
    },
  )
  return { done: stored.done, failed: [...stored.failed, ...keysLeft] }
}
