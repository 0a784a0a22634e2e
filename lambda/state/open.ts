/** Around a run: take the lease, read what is remembered, and give the lease back. */
import type { Settings } from '../domain/defaults.ts'
import type { ErrorCode } from '../domain/errors.ts'
import type { EpochMs } from '../domain/model.ts'
import type { Item } from '../domain/remembered.ts'
import { describeError, RotationError, rotationErrorOrThrow } from '../domain/rotation-error.ts'
import type { Ports, StateTable } from '../ports.ts'
import { guarded } from './guard.ts'
import { refuseFuture } from './items.ts'
import { type HeldLease, takeLease } from './lease.ts'
import { type Memory, openMemory } from './memory.ts'

export interface StateRequest {
  /** Tells this run from others. */
  readonly runId: string
  readonly deployment: string
  /** Then nothing is written, and no lease is taken. */
  readonly dryRun: boolean
  /** A deployment has a table; on the command line there may be none, and that is no error. */
  readonly isTableExpected: boolean
}

export interface OpenState {
  readonly yieldedUntil: null
  readonly memory: Memory
  /** They write only while the lease is held. */
  readonly ports: Ports
  /** Why not everything is remembered; `null` when nothing is missing. */
  readonly trouble: RotationError | null
  /** @returns why the lease could not be given back: it ends by itself, and until then keeps others out */
  close(): Promise<RotationError | null>
}

/** Or how long another run holds the lease. */
export type Opened = OpenState | { readonly yieldedUntil: EpochMs }

/** Errors of the lease after which this run must not act. */
const REFUSED: readonly ErrorCode[] = ['state/from-the-future', 'state/item-newer', 'state/other-deployment']

/** @throws RotationError state/from-the-future; state/item-newer and state/other-deployment for the lease */
export async function openState(request: StateRequest, ports: Ports, settings: Settings): Promise<Opened> {
  try {
    const taken = request.dryRun
      ? null
      : await takeLease({ ...request, holder: request.runId }, ports.state, ports.time, settings)
    if (taken?.lease === null) return { yieldedUntil: taken.until }
    return await withLease(taken?.lease ?? null, taken?.unreadable ?? null)
  } catch (thrown) {
    if (!(thrown instanceof RotationError) || REFUSED.includes(thrown.code)) throw thrown
    return thrown.code === 'state/absent' ? withoutTable(thrown) : withoutLease(thrown)
  }

  /** What is remembered can still be read, and may save an order. */
  async function withoutLease(why: RotationError): Promise<Opened> {
    tell(why)
    const opened = await withLease(null, null)
    return opened.yieldedUntil === null ? { ...opened, trouble: why } : opened
  }

  async function withLease(lease: HeldLease | null, unreadable: RotationError | null): Promise<Opened> {
    const close = () => giveBack(lease)
    const safe = lease ? guarded(ports, lease) : ports
    if (unreadable) tell(unreadable)
    const items = await readItems(lease)
    if (items instanceof RotationError) return { ...withoutTable(items), ports: safe, close }
    const memory = remember(items, request.dryRun ? null : safe.state)
    for (const error of memory.unread) tell(error)
    // an item that is not ours to overwrite stays a failure until somebody looks
    const [trouble = null] = memory.unread.filter(({ code }) => code !== 'state/item-unreadable')
    return { yieldedUntil: null, memory, ports: safe, trouble, close }
  }

  /** @returns why they could not be read: the holder of the lease acts nevertheless */
  async function readItems(lease: HeldLease | null): Promise<readonly Item[] | RotationError> {
    try {
      const items = await ports.state.read()
      refuseFuture(items, ports.time.now(), settings.clockSkewMs)
      return items
    } catch (thrown) {
      if (thrown instanceof RotationError && !REFUSED.includes(thrown.code)) return thrown
      await giveBack(lease)
      throw thrown
    }
  }

  /** AWS shows what is there; only advice is lost. */
  function withoutTable(why: RotationError): OpenState {
    tell(why)
    const isUsual = why.code === 'state/absent' && !request.isTableExpected
    const memory = remember([], null)
    return { yieldedUntil: null, memory, ports, trouble: isUsual ? null : why, close: async () => null }
  }

  function remember(items: readonly Item[], table: StateTable | null): Memory {
    return openMemory(items, table, request.deployment, ports.time)
  }

  function tell(error: RotationError): void {
    ports.emit({ event: 'state.unread', error: describeError(error) })
  }
}

async function giveBack(lease: HeldLease | null): Promise<RotationError | null> {
  try {
    await lease?.release()
    return null
  } catch (thrown) {
    return rotationErrorOrThrow(thrown)
  }
}
