/** Delete superseded certificates. */
import type { Context } from '../context.ts'
import { type Done, each } from '../parallel.ts'
import type { ActionOfKind } from '../plan/actions.ts'

export interface Deletion {
  readonly certId: string
  /** The ARN of a certificate that stays, because something uses it; `null` when it is gone. */
  readonly inUse: string | null
}

/** That IAM keeps a certificate because something uses it is an answer: it is reported, and is not a failure. */
export function deleteAll(
  actions: readonly ActionOfKind<'delete'>[],
  { ports, settings }: Pick<Context, 'ports' | 'settings'>,
): Promise<Done<Deletion>> {
  const { store, emit } = ports
  return each(actions, settings.concurrency, async ({ certId, stored, reason }) => {
    const why = await store.remove(stored.arn)
    if (why === null) emit({ event: 'cert.pruned', certId, name: stored.name, reason: reason.code })
    else emit({ event: 'cert.kept', certId, name: stored.name, why })
    return { certId, inUse: why === null ? null : stored.arn }
  })
}
