/** Before each write the lease is looked at: whoever has lost it writes nothing more. */
import type { Ports } from '../ports.ts'
import type { HeldLease } from './lease.ts'

/** @returns the same ports, whose writing methods fail with run/lease-lost once the lease is another run's */
export function guarded(ports: Ports, lease: HeldLease): Ports {
  const after =
    <A extends readonly unknown[], R>(write: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      await lease.check()
      return write(...args)
    }
  const { loadBalancers, store, zones, authority, keys, state } = ports
  return {
    ...ports,
    loadBalancers: { ...loadBalancers, attach: after(loadBalancers.attach) },
    store: { ...store, upload: after(store.upload), tag: after(store.tag), remove: after(store.remove) },
    zones: { ...zones, change: after(zones.change) },
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
