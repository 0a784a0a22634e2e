/** Point listeners at their certificates. */

import type { Settings } from '../defaults.ts'
import { RotationError } from '../errors.ts'
import type { ReachableTarget, StoredCertificate } from '../model.ts'
import { targetKey } from '../model.ts'
import { type Done, each } from '../parallel.ts'
import { poll } from '../poll.ts'
import type { Ports } from '../ports.ts'

/** One certificate on its way to one listener. */
export interface Placement {
  readonly certId: string
  readonly stored: StoredCertificate
  /** As it was before the swap. */
  readonly before: ReachableTarget
  /** ARN of what the listener served before; `null` when that is not known any more. */
  readonly previous: string | null
  /** It had what broke it attached: then that nobody answers is no excuse. */
  readonly wasBroken: boolean
}

export function attachAll(
  placements: readonly Placement[],
  world: Pick<Ports, 'loadBalancers' | 'time' | 'emit'>,
  settings: Settings,
): Promise<Done<Placement>> {
  return each(placements, settings.concurrency, async (placement) => {
    await swap(placement, world, settings)
    const { certId, stored, before } = placement
    world.emit({ event: 'cert.attached', certId, listener: targetKey(before.target), serial: stored.serial })
    return placement
  })
}

/**
 * IAM may not have spread a certificate that was uploaded some minutes ago, by this run or one that died after it.
 *
 * @throws RotationError attach/certificate-not-found: at once for an older certificate
 */
async function swap(
  { certId, stored, before }: Placement,
  { loadBalancers, time, emit }: Pick<Ports, 'loadBalancers' | 'time' | 'emit'>,
  settings: Settings,
): Promise<void> {
  const isNew = time.now() - stored.uploadedAt < settings.attachTimeoutMs
  let last: RotationError | null = null
  const bounds = { intervalMs: settings.attachIntervalMs, timeoutMs: isNew ? settings.attachTimeoutMs : 0 }
  const done = await poll(time, bounds, async () => {
    try {
      await loadBalancers.attach(before.target, stored.arn)
      return true
    } catch (thrown) {
      if (!(thrown instanceof RotationError) || thrown.code !== 'attach/certificate-not-found') throw thrown
      if (!last && isNew) emit({ event: 'cert.spreading', certId, listener: targetKey(before.target) })
      last = thrown
      return null
    }
  })
  if (!done && last) throw last
}
