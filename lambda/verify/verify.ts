/** Look at what listeners really serve after a swap, until it is the new certificate or clear that it is not. */
import type { Placement } from '../attach/attach.ts'
import type { Settings } from '../defaults.ts'
import { RotationError } from '../errors.ts'
import { toSpan } from '../instant.ts'
import { targetKey } from '../model.ts'
import { type Done, each } from '../parallel.ts'
import { poll } from '../poll.ts'
import type { Ports, ProbeListener } from '../ports.ts'
import { judge, type Verdict } from './judge.ts'

type World = Pick<Ports, 'probe' | 'time' | 'emit'>

export interface Verified {
  readonly certId: string
  readonly placement: Placement
  /** Why the previous certificate has to be put back; `null` when all is well. */
  readonly broken: string | null
}

/** The name that a client would ask for: the first host, with `www` in the place of a wildcard. */
export function serverNameOf(hosts: readonly string[]): string {
  return (hosts[0] ?? '').replace(/^\*/, 'www')
}

/** Failures are verify/not-served: the old certificate is still served, and nothing is undone. */
export function verifyAll(
  placements: readonly (Placement & { readonly serverName: string })[],
  world: World,
  settings: Settings,
): Promise<Done<Verified>> {
  return each(placements, settings.concurrency, async (placement) => {
    const begun = world.time.now()
    const verdict = await watch(placement, world, settings)
    const { certId, stored, before } = placement
    const listener = targetKey(before.target)
    if (verdict === null) throw notServed(listener, stored.serial, world.time.now() - begun)
    // silence is an excuse for a listener that was silent before, not for one that an earlier certificate broke
    if (verdict.kind === 'unreachable' && placement.wasBroken)
      return { certId, placement, broken: verdict.failure }
    if (verdict.kind === 'broken') return { certId, placement, broken: verdict.failure }
    const seen = verdict.kind === 'serving'
    world.emit({ event: 'cert.verified', certId, listener, serial: stored.serial, seen })
    if (verdict.kind === 'unreachable')
      world.emit({ event: 'listener.unreachable', certId, listener, failure: verdict.failure })
    return { certId, placement, broken: null }
  })
}

/** @returns the verdict, or `null` when the old certificate was served to the end */
async function watch(
  placement: Placement & { readonly serverName: string },
  { probe, time, emit }: World,
  settings: Settings,
): Promise<Verdict | null> {
  const { certId, before, stored, serverName } = placement
  const { attached } = before
  const had =
    attached.origin === 'ours' ? attached.stored : attached.origin === 'foreign' ? attached.leaf : null
  const look = async () =>
    judge(before.probe, await ask(probe, placement, serverName), stored.serial, had?.serial ?? null)
  let announced = false
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
    if (!announced) emit({ event: 'cert.verifying', certId, listener: targetKey(before.target) })
    announced = true
    return null
  })
}

function ask(probe: ProbeListener, { before }: Placement, serverName: string) {
  return probe({ dnsName: before.dnsName, port: before.target.port, serverName })
}

function notServed(listener: string, serial: string, waitedMs: number): RotationError {
  const what = `${listener} has serial ${serial} attached and served another one for ${toSpan(waitedMs)}`
  return new RotationError('verify/not-served', what, { listener, serial })
}
