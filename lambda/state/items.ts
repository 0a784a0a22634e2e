/** The items of the table: written as JSON with a version, and read back with every field checked. Pure. */
import * as z from 'zod'
import { toIso } from '../domain/instant.ts'
import type { EpochMs } from '../domain/model.ts'
import type { CertificateState, Item, Lease, Ledger } from '../domain/remembered.ts'
import { RotationError } from '../domain/rotation-error.ts'

export const STATE_VERSION = 1

/** What `Date` can hold. */
const instant = z.number().min(0).max(8.64e15)
const valuesShape = z.object({
  zone: z.object({ id: z.string(), name: z.string(), group: z.number() }),
  name: z.string(),
  ours: z.array(z.string()),
})
/** Field for field `CertificateState`, except that `failedOrders` is `tries` in the table. */
const certificateShape = z.object({
  failures: z.object({ count: z.number(), since: instant, last: instant, code: z.string() }).nullable(),
  tries: z
    .object({ count: z.number(), last: instant, specificationHash: z.string(), why: z.string() })
    .nullable(),
  nextTry: z.object({ at: instant, since: instant, set: z.string() }).nullable(),
  order: z
    .object({
      url: z.url(),
      specificationHash: z.string(),
      keyParameter: z.string(),
      since: instant,
      isReplacement: z.boolean(),
    })
    .nullable(),
  renewal: z
    .object({
      serial: z.string(),
      id: z.string().nullable(),
      account: z.string().nullable(),
      window: z.object({ start: instant, end: instant }).nullable(),
      explanation: z.string().nullable(),
      askAfter: instant,
      failures: z.number(),
    })
    .nullable(),
  values: z.array(valuesShape),
  working: z.record(
    z.string(),
    z.object({ arn: z.string(), since: instant, seen: z.boolean(), before: z.string().nullable() }),
  ),
  rejected: z.array(z.object({ listener: z.string(), arn: z.string() })),
  postponed: z.boolean(),
})
/** As it is in the table. */
export type CertificateData = z.input<typeof certificateShape>

const ledgerShape = z.object({
  fullAt: instant,
  orders: z.array(z.string()),
  lastIssued: instant.nullable(),
  lastIssuedBy: z.string().nullable(),
})
const leaseShape = z.object({ holder: z.string(), expiresAt: instant })

export const readCertificate: Reader<CertificateState> = reader(
  certificateShape.transform(({ tries, ...rest }) => ({ ...rest, failedOrders: tries })),
)
export const readLedger: Reader<Ledger> = reader(ledgerShape)
export const readLease: Reader<Lease> = reader(leaseShape)

export function makeItem(
  id: string,
  deployment: string,
  at: EpochMs,
  data: CertificateState | Ledger | Lease,
): Item {
  return { id, v: STATE_VERSION, deployment, at, data: JSON.stringify(toTable(data)) }
}

function toTable(data: CertificateState | Ledger | Lease): object {
  if (!('failedOrders' in data)) return data
  const { failedOrders, ...rest } = data
  return { ...rest, tries: failedOrders }
}

type Reader<T> = (item: Item, deployment: string) => T | RotationError

/**
 * @returns what an item says, or why it says nothing: state/other-deployment, state/item-newer (both are not ours to
 *   write over), state/item-unreadable
 */
function reader<T>(shape: z.ZodType<T>): Reader<T> {
  return (item, deployment) => {
    const { id, v } = item
    if (item.deployment !== null && item.deployment !== deployment) {
      const what = `the item ${id} is of the deployment ${item.deployment}, looked for ${deployment}`
      return new RotationError('state/other-deployment', what, { item: id })
    }
    if (v !== null && v > STATE_VERSION) {
      const what = `the item ${id} is of version ${v}, this is version ${STATE_VERSION}`
      return new RotationError('state/item-newer', what, { item: id, version: v })
    }
    const read = shape.safeParse(parse(item.data ?? ''))
    if (read.success && v === STATE_VERSION && item.at !== null && item.deployment !== null) return read.data
    const [issue] = read.error?.issues ?? []
    const why = issue
      ? `${issue.path.join('.') || 'its data'}: ${issue.message}`
      : 'its attributes are damaged'
    return new RotationError('state/item-unreadable', `the item ${id} cannot be read: ${why}`, { item: id })
  }
}

/** @returns `undefined` when `text` is not JSON, which no shape accepts */
function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/**
 * An item from the future means that one of two clocks is wrong. Which one is unknown, so nothing is done.
 *
 * @throws RotationError state/from-the-future
 */
export function refuseFuture(items: readonly Item[], now: EpochMs, skewMs: number): void {
  const ahead = items.find(({ at }) => at !== null && at > now + skewMs)
  if (!ahead) return
  const what = `it is ${toIso(now)} here, and the item ${ahead.id} was written at ${toIso(ahead.at ?? 0)}`
  throw new RotationError('state/from-the-future', what, { item: ahead.id })
}
