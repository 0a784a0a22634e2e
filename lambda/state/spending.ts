/** Note what an order and a certificate spend of the CA's limits. Each counts once, also when its order is resumed. */
import type { CaLimits } from '../domain/ca-limits.ts'
import type { Certificate, EpochMs } from '../domain/model.ts'
import { hostsLedger } from '../domain/names.ts'
import { type Bucket, issueBuckets, orderBuckets, spend, spendingOf } from '../limits/ledger.ts'
import type { Ports } from '../ports.ts'
import type { Memory } from './memory.ts'

interface SpendingContext {
  readonly limits: CaLimits
  readonly memory: Memory
  readonly ports: { readonly time: Pick<Ports['time'], 'now'> }
}

/** The order that is counted. */
interface Counted {
  readonly url: string
  readonly isReplacement: boolean
}

export async function countOrder(
  certificate: Certificate,
  order: Counted,
  { limits, memory, ports }: SpendingContext,
): Promise<void> {
  const now = ports.time.now()
  const spending = spendingOf(certificate, order.isReplacement, memory.ledger, now)
  for (const bucket of orderBuckets(certificate, limits, spending)) await take(bucket, order.url, memory, now)
}

export async function countIssued(
  certificate: Certificate,
  order: Counted,
  { limits, memory, ports }: SpendingContext,
): Promise<void> {
  const now = ports.time.now()
  const spending = spendingOf(certificate, order.isReplacement, memory.ledger, now)
  for (const bucket of issueBuckets(certificate, limits, spending)) await take(bucket, order.url, memory, now)
  const item = hostsLedger(certificate.directoryUrl, certificate.hosts)
  const ledger = memory.ledger(item)
  if (ledger.lastIssuedBy !== order.url)
    await memory.noteLedger(item, { ...ledger, lastIssued: now, lastIssuedBy: order.url })
}

/** With more than that in flight together, a resumed one may count twice: then others wait longer than they must. */
const ORDERS_REMEMBERED = 100

async function take({ item, allowance }: Bucket, order: string, memory: Memory, now: EpochMs): Promise<void> {
  const ledger = memory.ledger(item)
  if (ledger.orders.includes(order)) return
  const orders = [...ledger.orders, order].slice(-ORDERS_REMEMBERED)
  await memory.noteLedger(item, { ...ledger, fullAt: spend(allowance, ledger.fullAt, now), orders })
}
