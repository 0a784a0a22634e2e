/** Delete superseded certificates. */
import type { Settings } from '../defaults.ts'
import { type Done, each } from '../parallel.ts'
import type { Action } from '../plan/plan.ts'
import type { Ports } from '../ports.ts'

export type PruneAction = Extract<Action, { kind: 'prune' }>

/**
 * That IAM keeps one because something uses it is an answer: it is said, and it is no failure.
 *
 * @returns by certificate, ARNs that stay for that reason
 */
export function pruneAll(
  actions: readonly PruneAction[],
  { store, emit }: Pick<Ports, 'store' | 'emit'>,
  settings: Settings,
): Promise<Done<{ readonly certId: string; readonly inUse: string | null }>> {
  return each(actions, settings.concurrency, async ({ certId, stored, reason }) => {
    const words = await store.remove(stored.arn)
    if (words === null) emit({ event: 'cert.pruned', certId, name: stored.name, reason: reason.code })
    else emit({ event: 'cert.kept', certId, name: stored.name, why: words })
    return { certId, inUse: words === null ? null : stored.arn }
  })
}
