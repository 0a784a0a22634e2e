/** Whether the order of an earlier run is resumed or dropped. Pure. */
import type { KeyObject } from 'node:crypto'
import { DAY_MS } from '../domain/instant.ts'
import { isOfType } from '../domain/key-types.ts'
import type { Certificate, EpochMs } from '../domain/model.ts'
import { specificationHash } from '../domain/names.ts'
import type { OrderInFlight } from '../domain/remembered.ts'

/** Let's Encrypt's orders live for a week. */
const LONGEST_ORDER_MS = 7 * DAY_MS

/** @returns why there is no need to ask the CA about it; `null` when there is */
export function whyOutdated(order: OrderInFlight, desired: Certificate): string | null {
  return order.specificationHash === specificationHash(desired) ? null : 'it is for another specification'
}

/** If the CA could not be asked about an order for as long as orders live, there is nothing left to wait for. */
export function hasExpired({ since }: OrderInFlight, now: EpochMs): boolean {
  return now - since > LONGEST_ORDER_MS
}

/**
 * @param status what the CA says of it (RFC 8555 §7.1.6)
 * @param key    what was saved for it; `null` when there is none
 * @returns why nothing can come of it; `null` when it is resumed
 */
export function whyUseless(status: string, key: KeyObject | null, { keyType }: Certificate): string | null {
  if (key !== null) return isOfType(key, keyType) ? null : 'its key is of another type'
  return status === 'processing' || status === 'valid' ? `it is ${status}, and its key is gone` : null
}
