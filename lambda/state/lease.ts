/**
 * Only the run that holds the lease acts. The lease expires by itself, so that a run that died blocks no other.
 *
 * It is checked before each write, and renewed when half of it is over. Should two runs act nevertheless (clocks that
 * differ, a lost table), exact DNS changes and unique names keep that harmless.
 */
import type { Settings } from '../domain/defaults.ts'
import { toIso } from '../domain/instant.ts'
import type { EpochMs } from '../domain/model.ts'
import { LEASE_ITEM } from '../domain/names.ts'
import type { Item, Lease } from '../domain/remembered.ts'
import { RotationError } from '../domain/rotation-error.ts'
import type { StateTable, Time } from '../ports.ts'
import { makeItem, readLease, refuseFuture } from './items.ts'

export interface HeldLease {
  /** @throws RotationError run/lease-lost when another run has taken over */
  check(): Promise<void>
  /** Give it back. A lease of another run is left alone. */
  release(): Promise<void>
}

export type Taken =
  | { readonly lease: HeldLease; readonly unreadable: RotationError | null }
  | { readonly lease: null; readonly until: EpochMs }

export interface LeaseRequest {
  readonly holder: string
  readonly deployment: string
}

/**
 * @returns the lease, or until when another run has it
 * @throws RotationError state/from-the-future, state/other-deployment, state/item-newer, or why the table could not be
 *   asked
 */
export async function takeLease(
  { holder, deployment }: LeaseRequest,
  table: StateTable,
  time: Time,
  settings: Settings,
): Promise<Taken> {
  const mine = newLease()
  if (await put(mine, null)) return taken(mine)
  const seen = await look()
  if (!seen) return (await put(mine, null)) ? taken(mine) : yielded(time.now())
  refuseFuture([seen], time.now(), settings.clockSkewMs)
  const read = believable(readLease(seen, deployment))
  if (read instanceof RotationError) {
    if (read.code !== 'state/item-unreadable') throw read
    await table.write(mine)
    return (await isThere(mine)) ? { lease: held(mine), unreadable: read } : yielded(time.now())
  }
  // the other run may notice late that its lease is over
  if (read.expiresAt + settings.clockSkewMs / 5 > time.now()) return yielded(read.expiresAt)
  return (await put(mine, seen)) ? taken(mine) : yielded(time.now())

  /** No run takes a lease that long: it would keep all others out until it ends. */
  function believable(lease: Lease | RotationError): Lease | RotationError {
    if (
      lease instanceof RotationError ||
      lease.expiresAt <= time.now() + settings.leaseMs + settings.clockSkewMs
    )
      return lease
    const what = `the item ${LEASE_ITEM} claims the lease until ${toIso(lease.expiresAt)}, longer than any run does`
    return new RotationError('state/item-unreadable', what, { item: LEASE_ITEM })
  }

  function newLease(): Item {
    const now = time.now()
    return makeItem(LEASE_ITEM, deployment, now, { holder, expiresAt: now + settings.leaseMs })
  }

  /** If the answer to a first attempt was lost, the SDK's second one meets what the first wrote. */
  async function put(item: Item, expected: Item | null): Promise<boolean> {
    return (await table.replace(item, expected)) || isThere(item)
  }

  async function isThere({ data }: Item): Promise<boolean> {
    return (await look())?.data === data
  }

  async function look(): Promise<Item | undefined> {
    return (await table.read()).find(({ id }) => id === LEASE_ITEM)
  }

  function taken(item: Item): Taken {
    return { lease: held(item), unreadable: null }
  }

  function yielded(until: EpochMs): Taken {
    return { lease: null, until }
  }

  function held(first: Item): HeldLease {
    let current = first
    let renewing: Promise<void> | null = null
    return {
      async check() {
        if (time.now() - (current.at ?? 0) < settings.leaseMs / 2) return
        // writes run side by side, and one renewal is enough
        renewing ??= renew().finally(() => {
          renewing = null
        })
        await renewing
      },
      async release() {
        await table.remove(LEASE_ITEM, current)
      },
    }

    async function renew(): Promise<void> {
      const next = newLease()
      try {
        if (await put(next, current)) current = next
        else
          throw new RotationError(
            'run/lease-lost',
            `another run has taken over since ${toIso(current.at ?? 0)}`,
          )
      } catch (thrown) {
        // while the table cannot be asked, the lease is ours until it ends
        const isOver = time.now() >= (current.at ?? 0) + settings.leaseMs
        if (isOver || !(thrown instanceof RotationError) || thrown.code === 'run/lease-lost') throw thrown
      }
    }
  }
}
