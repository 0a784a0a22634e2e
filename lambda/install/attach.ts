/** Point listeners at their certificates. */
import type { Context } from '../context.ts'
import type { Target } from '../domain/model.ts'
import { RotationError } from '../domain/rotation-error.ts'
import { type Done, each } from '../parallel.ts'
import { poll } from '../poll.ts'
import type { Ports, TargetAdapter } from '../ports.ts'
import type { Swap } from './swap.ts'

type AttachContext = Pick<Context, 'ports' | 'settings'>

export function attachAll(swaps: readonly Swap[], context: AttachContext): Promise<Done<Swap>> {
  return each(swaps, context.settings.concurrency, async (swap) => {
    await attach(swap, context)
    const { certId, stored, before } = swap
    context.ports.emit({
      event: 'cert.attached',
      certId,
      listener: before.target.key,
      serial: stored.serial,
    })
    return swap
  })
}

/**
 * IAM may not have spread a certificate that was uploaded some minutes ago, by this run or by one that died after it.
 *
 * @throws RotationError attach/certificate-not-found: at once for an older certificate
 */
async function attach({ certId, stored, before }: Swap, { ports, settings }: AttachContext): Promise<void> {
  const { time, emit } = ports
  const { target } = before
  const isNew = time.now() - stored.uploadedAt < settings.attachTimeoutMs
  let last: RotationError | null = null
  const bounds = { intervalMs: settings.attachIntervalMs, timeoutMs: isNew ? settings.attachTimeoutMs : 0 }
  const done = await poll(time, bounds, async () => {
    try {
      await adapterOf(target, ports).attach(target, stored.arn)
      return true
    } catch (thrown) {
      if (!(thrown instanceof RotationError) || thrown.code !== 'attach/certificate-not-found') throw thrown
      if (!last && isNew) emit({ event: 'cert.spreading', certId, listener: target.key })
      last = thrown
      return null
    }
  })
  if (!done && last) throw last
}

export function adapterOf({ kind }: Target, { targets }: Pick<Ports, 'targets'>): TargetAdapter {
  const adapter = targets[kind]
  if (!adapter) throw new Error(`there is no adapter for targets of the kind ${kind}`)
  return adapter
}
