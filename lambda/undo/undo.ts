/** Put the previous certificate back where the new one broke the listener, and write that down on the new one. */
import type { Placement } from '../attach/attach.ts'
import { RotationError } from '../errors.ts'
import { targetKey } from '../model.ts'
import { TAG, withRejected } from '../names.ts'
import type { Ports } from '../ports.ts'
import type { Memory } from '../state/memory.ts'
import type { Verified } from '../verify/verify.ts'

/** Far more than one certificate has listeners and successors in a grace period. */
const MOST_REMEMBERED = 100

type World = Pick<Ports, 'loadBalancers' | 'store' | 'emit'>

/**
 * Undo one swap. That the certificate was rejected is written down also when the previous one could not be put back:
 * in its tag, which outlives the table, and in the state, which may be written when the tag may not.
 *
 * @returns what the certificate ends the run with: verify/rejected, or undo/failed, and store/tag-refused
 */
export async function undo(
  { certId, placement, broken }: Verified,
  world: World,
  memory: Memory,
): Promise<readonly RotationError[]> {
  const failure = broken ?? ''
  const { before, stored } = placement
  const listener = targetKey(before.target)
  const others = memory
    .of(certId)
    .rejected.filter((one) => one.arn !== stored.arn || one.listener !== listener)
  const rejections = [...others, { listener, arn: stored.arn }].slice(-MOST_REMEMBERED)
  // begun first: whoever dies after the swap must not leave anybody to attach it again; a slow table delays nothing
  const noted = memory.note(certId, { rejected: rejections })
  const failed = await putBack(placement, failure, world)
  if (!failed) world.emit({ event: 'cert.rejected', certId, listener, serial: stored.serial, failure })
  const what = `${listener} broke with the new certificate (${failure}); the previous one was put back`
  const rejected = new RotationError('verify/rejected', what, { listener, serial: stored.serial })
  await noted
  const untagged = await writeDown(placement, world)
  return [failed ?? rejected, ...(untagged ? [untagged] : [])]
}

/** @returns why it could not be done */
async function putBack(
  { before, previous }: Placement,
  failure: string,
  world: World,
): Promise<RotationError | null> {
  const listener = targetKey(before.target)
  if (previous === null) {
    const what = `${listener} broke (${failure}), and which certificate it had before is not known any more`
    return new RotationError('undo/failed', what, { listener })
  }
  try {
    await world.loadBalancers.attach(before.target, previous)
    return null
  } catch (cause) {
    const what = `${listener} broke (${failure}), and its previous certificate ${previous} could not be put back: ${String((cause as Error).message)}`
    return new RotationError('undo/failed', what, { listener, previous }, { cause })
  }
}

/** Tags are read again first: another listener may have been written down meanwhile. */
async function writeDown({ stored, before }: Placement, { store }: World): Promise<RotationError | null> {
  try {
    const detail = await store.read(stored.arn)
    await store.tag(stored.arn, { [TAG.rejected]: withRejected(detail?.tags[TAG.rejected], before.target) })
    return null
  } catch (cause) {
    const what = `${stored.name} could not be tagged as rejected at ${targetKey(before.target)}: ${String((cause as Error).message)}`
    return new RotationError('store/tag-refused', what, { name: stored.name }, { cause })
  }
}
