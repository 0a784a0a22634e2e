/** What stands around a run: the lease before it, what is remembered, and the lease given back after it. */
import type { Settings } from '../defaults.ts'
import { type ErrorCode, RotationError } from '../errors.ts'
import type { EpochMs } from '../model.ts'
import type { Ports, StateTable } from '../ports.ts'
import { guarded } from './guard.ts'
import { type Item, refuseFuture } from './items.ts'
import { type HeldLease, takeLease } from './lease.ts'
import { type Memory, openMemory } from './memory.ts'

export interface StateRequest {
  /** Tells this run from others. */
  readonly runId: string
  readonly deployment: string
  /** Then nothing is written, and no lease is taken. */
  readonly dryRun: boolean
  /** A deployment has its table; on the command line there may be none, and that is no trouble. */
  readonly isTableExpected: boolean
}

export interface OpenState {
  readonly yieldedUntil: null
  readonly memory: Memory
  /** They write only as long as the lease is held. */
  readonly ports: Ports
  /** Why not all is remembered; `null` when that is as it should be. */
  readonly trouble: RotationError | null
  /** @returns why the lease could not be given back: it ends by itself, and until then keeps others out */
  close(): Promise<RotationError | null>
}

/** Or until when another run acts. */
export type Opened = OpenState | { readonly yieldedUntil: EpochMs }

/** Of the lease: who would act then, would do so on a guess. */
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

  /** What is remembered may be read all the same, and spares an order. */
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
    // what is not ours to write over stays so until somebody looks
    const [trouble = null] = memory.unread.filter(({ code }) => code !== 'state/item-unreadable')
    return { yieldedUntil: null, memory, ports: safe, trouble, close }
  }

  /** @returns why they could not be read: who holds the lease acts all the same */
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

  /** AWS shows what is there; what is lost is the advice. */
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
    const { code, message, hint, facts } = error
    ports.emit({ event: 'state.unread', error: { code, message, hint, facts: { ...facts } } })
  }
}

async function giveBack(lease: HeldLease | null): Promise<RotationError | null> {
  try {
    await lease?.release()
    return null
  } catch (thrown) {
    if (thrown instanceof RotationError) return thrown
    throw thrown
  }
}
