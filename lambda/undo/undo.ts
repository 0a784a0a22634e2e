/** Put the previous certificate back where the new one broke the listener, and write that down on the new one. */
import type { Placement } from '../attach/attach.ts'
import { RotationError } from '../errors.ts'
import { targetKey } from '../model.ts'
import { TAG, withRejected } from '../names.ts'
import type { Ports } from '../ports.ts'
import type { Verified } from '../verify/verify.ts'

type World = Pick<Ports, 'loadBalancers' | 'store' | 'emit'>

/**
 * Undo one swap.
 *
 * @returns what the certificate ends the run with: verify/rejected, or undo/failed, and store/tag-refused
 */
export async function undo(broken: Verified, world: World): Promise<readonly RotationError[]> {
  const { placement } = broken
  const failure = broken.broken ?? ''
  const listener = targetKey(placement.before.target)
  const previous = placement.before.attached.arn
  try {
    await world.loadBalancers.attach(placement.before.target, previous)
  } catch (cause) {
    const what = `${listener} broke (${failure}), and its previous certificate ${previous} could not be put back: ${String((cause as Error).message)}`
    return [new RotationError('undo/failed', what, { listener, previous }, { cause })]
  }
  world.emit({
    event: 'cert.rejected',
    certId: broken.certId,
    listener,
    serial: placement.stored.serial,
    failure,
  })
  const what = `${listener} broke with the new certificate (${failure}); the previous one was put back`
  const rejected = new RotationError('verify/rejected', what, { listener, serial: placement.stored.serial })
  const untagged = await writeDown(placement, world)
  return untagged ? [rejected, untagged] : [rejected]
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
