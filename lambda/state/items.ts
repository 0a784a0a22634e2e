/**
 * What a deployment remembers, as items of its table. All of it is advice: AWS is the truth, and every item may be lost.
 * Pure.
 */
import * as z from 'zod'
import { RotationError } from '../errors.ts'
import { toIso } from '../instant.ts'
import type { EpochMs } from '../model.ts'

export const STATE_VERSION = 1

/** One item as it lies in the table; what is missing there is `null` here. */
export interface Item {
  readonly id: string
  /** Version of `data`. */
  readonly v: number | null
  readonly deployment: string | null
  /** When it was written. */
  readonly at: EpochMs | null
  /** JSON. */
  readonly data: string | null
}

/** What `Date` can hold. */
const instant = z.number().min(0).max(8.64e15)
const valuesShape = z.object({
  zone: z.object({ id: z.string(), name: z.string(), group: z.number() }),
  name: z.string(),
  /** As Route53 has them, in quotes. */
  ours: z.array(z.string()),
})
const certificateShape = z.object({
  /** Runs that ended badly for it without one that ended well between them. */
  failures: z.object({ count: z.number(), since: instant, last: instant, code: z.string() }).nullable(),
  /** Orders that the CA did not fulfil, one after the other, for the same specification; the last why. */
  tries: z
    .object({ count: z.number(), last: instant, specificationHash: z.string(), why: z.string() })
    .nullable(),
  /** Until then the CA wants no new order for this set of hosts (the ledger's item), and since when it says so. */
  nextTry: z.object({ at: instant, since: instant, set: z.string() }).nullable(),
  order: z
    .object({
      url: z.url(),
      specificationHash: z.string(),
      keyParameter: z.string(),
      since: instant,
      /** The CA took it as the replacement of another, inside its window: where that is free, it counts for no limit. */
      isReplacement: z.boolean(),
    })
    .nullable(),
  /** What is known of the newest one for the day on which it is replaced; dropped with its serial. */
  renewal: z
    .object({
      serial: z.string(),
      /** Its name in ARI. */
      id: z.string().nullable(),
      /** URL of the account that it was issued to; `null` when that is not known. */
      account: z.string().nullable(),
      /** The CA's; `null` when it gave none that makes sense. */
      window: z.object({ start: instant, end: instant }).nullable(),
      /** A page of the CA's that says why. */
      explanation: z.string().nullable(),
      /** The CA is not asked before. */
      askAfter: instant,
      /** How often in a row it gave no answer although it might. */
      failures: z.number(),
    })
    .nullable(),
  /** Challenge values that may lie in a zone. */
  values: z.array(valuesShape),
  /**
   * By listener: which certificate was last seen working there, since when, which one before it, and whether a handshake
   * saw it at the last look (else the API alone says so).
   */
  working: z.record(
    z.string(),
    z.object({ arn: z.string(), since: instant, seen: z.boolean(), before: z.string().nullable() }),
  ),
  /** Where a certificate of ours broke a listener; its tag says the same, as long as it could be written. */
  rejected: z.array(z.object({ listener: z.string(), arn: z.string() })),
  /** It was not reached for lack of time. */
  postponed: z.boolean(),
})
const ledgerShape = z.object({
  /** When the bucket is full again; it may be long ago. */
  fullAt: instant,
  /** URLs of the last orders that were counted, so that one that is resumed counts once. */
  orders: z.array(z.string()),
  /** When the CA last issued for these hosts, and by which order. */
  lastIssued: instant.nullable(),
  lastIssuedBy: z.string().nullable(),
})
const leaseShape = z.object({ holder: z.string(), expiresAt: instant })

export type NotedValues = z.infer<typeof valuesShape>
export type CertificateState = z.infer<typeof certificateShape>
export type OrderInFlight = NonNullable<CertificateState['order']>
export type Ledger = z.infer<typeof ledgerShape>
export type Lease = z.infer<typeof leaseShape>

export const NOTHING_KNOWN: CertificateState = {
  failures: null,
  tries: null,
  nextTry: null,
  order: null,
  renewal: null,
  values: [],
  working: {},
  rejected: [],
  postponed: false,
}

export const NOTHING_SPENT: Ledger = { fullAt: 0, orders: [], lastIssued: null, lastIssuedBy: null }

export const readCertificate = reader(certificateShape)
export const readLedger = reader(ledgerShape)
export const readLease = reader(leaseShape)

export function makeItem(
  id: string,
  deployment: string,
  at: EpochMs,
  data: CertificateState | Ledger | Lease,
): Item {
  return { id, v: STATE_VERSION, deployment, at, data: JSON.stringify(data) }
}

/**
 * @returns what an item says, or why it says nothing: state/other-deployment, state/item-newer (both are not ours to
 *   write over), state/item-unreadable
 */
function reader<T>(shape: z.ZodType<T>): (item: Item, deployment: string) => T | RotationError {
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

/** @returns `undefined` for what is no JSON, which no shape takes */
function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/**
 * Nobody writes tomorrow: either our clock went backwards, or another one was ahead. Nothing is done on a guess.
 *
 * @throws RotationError state/from-the-future
 */
export function refuseFuture(items: readonly Item[], now: EpochMs, skewMs: number): void {
  const ahead = items.find(({ at }) => at !== null && at > now + skewMs)
  if (!ahead) return
  const what = `it is ${toIso(now)} here, and the item ${ahead.id} was written at ${toIso(ahead.at ?? 0)}`
  throw new RotationError('state/from-the-future', what, { item: ahead.id })
}
