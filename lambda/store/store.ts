/** Put what was issued into the certificate store. */
import type { Settings } from '../defaults.ts'
import type { Issued } from '../issue/issue.ts'
import { toStoreKey } from '../issue/keys.ts'
import type { StoredCertificate } from '../model.ts'
import { idHash, specificationHash, storedName, storedTags } from '../names.ts'
import { type Done, each } from '../parallel.ts'
import type { Ports } from '../ports.ts'

export interface Stored {
  readonly certId: string
  readonly stored: StoredCertificate
}

export function storeAll(
  issued: readonly Issued[],
  deployment: string,
  { store, time, emit }: Pick<Ports, 'store' | 'time' | 'emit'>,
  settings: Settings,
): Promise<Done<Stored>> {
  return each(issued, settings.concurrency, async ({ certId, desired, key, chain, leaf }) => {
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
    return { certId, stored }
  })
}
