/** The lease is checked before each write: a run that has lost it writes nothing more. */
import type { Ports, TargetAdapter } from '../ports.ts'
import type { HeldLease } from './lease.ts'

/** @returns the same ports, whose writing methods fail with run/lease-lost once another run holds the lease */
export function guarded(ports: Ports, lease: HeldLease): Ports {
  const after = <A extends readonly unknown[], R>(write: (...args: A) => Promise<R>) =>
    afterCheck(lease, write)
  const { store, proof, authority, keys, state } = ports
  const targets = Object.entries(ports.targets).map(([kind, adapter]): [string, TargetAdapter] => [
    kind,
    { ...adapter, attach: after(adapter.attach) },
  ])
  return {
    ...ports,
    targets: Object.fromEntries(targets),
    store: { ...store, upload: after(store.upload), tag: after(store.tag), remove: after(store.remove) },
    // one call of these writes several times, so that they check by themselves
    proof: {
      ...proof,
      publish: (values) => proof.publish(values, lease.check),
      cleanUp: (publication) => proof.cleanUp(publication, lease.check),
      cleanUpNoted: (noted) => proof.cleanUpNoted(noted, lease.check),
    },
    authority: {
      ...authority,
      ready: after(authority.ready),
      order: after(authority.order),
      answer: after(authority.answer),
      finalize: after(authority.finalize),
    },
    keys: { ...keys, save: after(keys.save), remove: after(keys.remove) },
    state: { ...state, write: after(state.write), remove: after(state.remove) },
  }
}

export function afterCheck<A extends readonly unknown[], R>(
  lease: HeldLease,
  write: (...args: A) => Promise<R>,
): (...args: A) => Promise<R> {
  return async (...args) => {
    await lease.check()
    return write(...args)
  }
}
