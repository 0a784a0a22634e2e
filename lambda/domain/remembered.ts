/**
 * What a deployment remembers between runs, as types. All of it is advice: AWS is the truth, and every item may be lost.
 * `state/items.ts` reads and writes the items of the table.
 */
import type { EpochMs, RenewalWindow } from './model.ts'

/** One item as it is in the table; what is missing there is `null` here. */
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

/** Challenge values that may be in a zone. */
export interface NotedValues {
  readonly zone: { readonly id: string; readonly name: string; readonly group: number }
  readonly name: string
  /** As Route53 has them, in quotes. */
  readonly ours: readonly string[]
}

/** An order whose certificate is not stored yet. */
export interface OrderInFlight {
  readonly url: string
  readonly specificationHash: string
  readonly keyParameter: string
  readonly since: EpochMs
  /** The CA accepted it as a replacement inside the window it gave: where those are free, it counts against no limit. */
  readonly isReplacement: boolean
}

/** Orders that the CA did not fulfil, one after the other, for the same specification. */
export interface FailedOrders {
  readonly count: number
  readonly last: EpochMs
  readonly specificationHash: string
  /** Why the last one failed. */
  readonly why: string
}

/** What is known for the renewal of the newest certificate; dropped when its serial changes. */
export interface Renewal {
  readonly serial: string
  /** Its identifier in ARI. */
  readonly id: string | null
  /** URL of the account it was issued to; `null` when that is not known. */
  readonly account: string | null
  /** The window that the CA suggested; `null` when it gave none that makes sense. */
  readonly window: RenewalWindow | null
  /** A page of the CA that says why. */
  readonly explanation: string | null
  /** The CA is not asked before this. */
  readonly askAfter: EpochMs
  /** How often in a row the CA gave no answer although it offers ARI. */
  readonly failures: number
}

/** Which certificate was last seen working at a listener. */
export interface WorkingRecord {
  readonly arn: string
  readonly since: EpochMs
  /** A handshake saw it at the last look; if not, only the API says so. */
  readonly seen: boolean
  /** ARN of the one that worked there before it. */
  readonly before: string | null
}

export interface CertificateState {
  /** Runs in a row that ended with a failure for it. */
  readonly failures: {
    readonly count: number
    readonly since: EpochMs
    readonly last: EpochMs
    readonly code: string
  } | null
  readonly failedOrders: FailedOrders | null
  /** Until `at` the CA wants no new order for this set of hosts (a ledger item), and since when it says so. */
  readonly nextTry: { readonly at: EpochMs; readonly since: EpochMs; readonly set: string } | null
  readonly order: OrderInFlight | null
  readonly renewal: Renewal | null
  readonly values: readonly NotedValues[]
  /** By listener. */
  readonly working: Readonly<Record<string, WorkingRecord>>
  /** Where a certificate of ours broke a listener. Its tag says the same, unless it could not be written. */
  readonly rejected: readonly { readonly listener: string; readonly arn: string }[]
  /** The last run had no time left for it. */
  readonly postponed: boolean
}

/** What was spent of one limit of the CA. */
export interface Ledger {
  /** When the bucket is full again; it may be long ago. */
  readonly fullAt: EpochMs
  /** URLs of the last orders that were counted, so that a resumed one counts once. */
  readonly orders: readonly string[]
  /** When the CA last issued for these hosts, and by which order. */
  readonly lastIssued: EpochMs | null
  readonly lastIssuedBy: string | null
}

export interface Lease {
  readonly holder: string
  readonly expiresAt: EpochMs
}

export const NOTHING_KNOWN: CertificateState = {
  failures: null,
  failedOrders: null,
  nextTry: null,
  order: null,
  renewal: null,
  values: [],
  working: {},
  rejected: [],
  postponed: false,
}

export const NOTHING_SPENT: Ledger = { fullAt: 0, orders: [], lastIssued: null, lastIssuedBy: null }
