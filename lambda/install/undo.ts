/** Put the previous certificate back where the new one broke the listener, and note that on the new one. */
import type { Context } from '../context.ts'
import { RotationError } from '../domain/rotation-error.ts'
import { TAG, withRejected } from '../domain/tags.ts'
import type { Ports } from '../ports.ts'
import { adapterOf } from './attach.ts'
import type { Swap } from './swap.ts'

/** Far more than one certificate has listeners and successors in a grace period. */
const MOST_REMEMBERED = 100

/**
 * Undo one swap. That the certificate was rejected is noted even when the previous one could not be put back: in its
 * tag, which outlives the table, and in the table, which can be written when the tag cannot.
 *
 * @returns what the certificate ends the run with: verify/rejected, or undo/failed, and store/tag-refused
 */
export async function undo(
  swap: Swap,
  failure: string,
  { ports, memory }: Pick<Context, 'ports' | 'memory'>,
): Promise<readonly RotationError[]> {
  const { certId, before, stored } = swap
  const listener = before.target.key
  const others = memory
    .of(certId)
    .rejected.filter((one) => one.arn !== stored.arn || one.listener !== listener)
  const rejected = [...others, { listener, arn: stored.arn }].slice(-MOST_REMEMBERED)
  // begun first, so that a run that dies after the swap does not leave the next one to attach it again; not awaited
  // yet, so that a slow table does not delay the repair
  const noted = memory.note(certId, { rejected })
  const failed = await putBack(swap, failure, ports)
  if (!failed) ports.emit({ event: 'cert.rejected', certId, listener, serial: stored.serial, failure })
  await noted
  const untagged = await tagRejected(swap, ports)
  return [failed ?? rejectedError(swap, failure), ...(untagged ? [untagged] : [])]
}

function rejectedError({ before, stored }: Swap, failure: string): RotationError {
  const listener = before.target.key
  const what = `${listener} broke with the new certificate (${failure}); the previous one was put back`
  return new RotationError('verify/rejected', what, { listener, serial: stored.serial })
}

/** @returns why it could not be done */
export async function putBack(
  { before, restore }: Swap,
  failure: string,
  ports: Ports,
): Promise<RotationError | null> {
  const { target } = before
  const listener = target.key
  if (restore === null) {
    const what = `${listener} broke (${failure}), and which certificate it had before is not known any more`
    return new RotationError('undo/failed', what, { listener })
  }
  try {
    await adapterOf(target, ports).attach(target, restore)
    return null
  } catch (cause) {
    const what = `${listener} broke (${failure}), and its previous certificate ${restore} could not be put back: ${String((cause as Error).message)}`
    return new RotationError('undo/failed', what, { listener, previous: restore }, { cause })
  }
}

/** Tags are read again first: another listener may have been noted meanwhile. */
async function tagRejected({ stored, before }: Swap, { store }: Ports): Promise<RotationError | null> {
  try {
    const detail = await store.read(stored.arn)
    await store.tag(stored.arn, { [TAG.rejected]: withRejected(detail?.tags[TAG.rejected], before.target) })
    return null
  } catch (cause) {
    const what = `${stored.name} could not be tagged as rejected at ${before.target.key}: ${String((cause as Error).message)}`
    return new RotationError('store/tag-refused', what, { name: stored.name }, { cause })
  }
}
