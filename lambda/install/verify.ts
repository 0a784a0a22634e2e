/** Look at what listeners really serve after a swap, until it is the new certificate or it is clear that it is not. */
import type { Context } from '../context.ts'
import { toSpan } from '../domain/instant.ts'
import { RotationError } from '../domain/rotation-error.ts'
import { type Done, each } from '../parallel.ts'
import { serialOf } from '../plan/listener-state.ts'
import { breakageOf, judgeSwap, type Verdict } from '../plan/verdict.ts'
import { poll } from '../poll.ts'
import type { Swap, Verified } from './swap.ts'

type VerifyContext = Pick<Context, 'ports' | 'settings'>

/** Failures are verify/not-served: the previous certificate is still served, and nothing is undone. */
export function verifyAll(
  swaps: readonly Swap[],
  context: VerifyContext,
): Promise<Done<Verified & { readonly certId: string }>> {
  const { time, emit } = context.ports
  return each(swaps, context.settings.concurrency, async (swap) => {
    const begun = time.now()
    const verdict = await watch(swap, context)
    const { certId, stored, before } = swap
    const listener = before.target.key
    if (verdict === null) throw notServed(listener, stored.serial, time.now() - begun)
    const broken = breakageOf(verdict, swap)
    if (broken !== null) return { certId, swap, broken }
    const seen = verdict.kind === 'serving'
    emit({ event: 'cert.verified', certId, listener, serial: stored.serial, seen })
    if (verdict.kind === 'unreachable')
      emit({ event: 'listener.unreachable', certId, listener, failure: verdict.failure })
    return { certId, swap, broken: null }
  })
}

/** @returns the verdict, or `null` when the previous certificate was served to the end */
async function watch(swap: Swap, { ports, settings }: VerifyContext): Promise<Verdict | null> {
  const { probe, time, emit } = ports
  const { certId, before, stored, serverName } = swap
  const look = async () => {
    const after = await probe({ ...before.endpoint, serverName })
    return judgeSwap(before.probe, after, stored.serial, serialOf(before.attached))
  }
  let isAnnounced = false
  const bounds = { intervalMs: settings.verifyIntervalMs, timeoutMs: settings.verifyTimeoutMs }
  return poll(time, bounds, async () => {
    const verdict = await look()
    if (verdict.kind === 'broken') {
      // one failed handshake may be the network; two, some seconds apart, are the listener
      await time.sleep(settings.brokenRecheckMs)
      const again = await look()
      return again.kind === 'waiting' ? null : again
    }
    if (verdict.kind !== 'waiting') return verdict
    if (!isAnnounced) emit({ event: 'cert.verifying', certId, listener: before.target.key })
    isAnnounced = true
    return null
  })
}

function notServed(listener: string, serial: string, waitedMs: number): RotationError {
  const what = `${listener} has serial ${serial} attached and served another one for ${toSpan(waitedMs)}`
  return new RotationError('verify/not-served', what, { listener, serial })
}
