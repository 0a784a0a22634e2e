/** Work on many certificates at once, so that a failure of one leaves the others alone. */
import pLimit from 'p-limit'
import { asRotationError, outOfTime, type RotationError } from './domain/rotation-error.ts'
import type { Time } from './ports.ts'

export interface Failure {
  readonly certId: string
  readonly error: RotationError
}

export interface Done<R> {
  readonly done: readonly R[]
  readonly failed: readonly Failure[]
}

/**
 * Run `work` on every item, a few at a time. Never throws: what an item throws becomes a failure of its certificate.
 *
 * @param time once it is over, no further item is begun: run/out-of-time
 */
export async function each<T extends { readonly certId: string }, R>(
  items: readonly T[],
  concurrency: number,
  work: (item: T) => Promise<R>,
  time?: Time,
): Promise<Done<R>> {
  const gate = pLimit(concurrency)
  const done: R[] = []
  const failed: Failure[] = []
  const results = await Promise.all(
    items.map((item) =>
      gate(async () => {
        try {
          if (time && time.now() >= time.stopAt) throw outOfTime(item.certId)
          return { value: await work(item) }
        } catch (thrown) {
          return { failure: { certId: item.certId, error: asRotationError(thrown) } }
        }
      }),
    ),
  )
  for (const result of results) {
    if ('failure' in result) failed.push(result.failure)
    else done.push(result.value)
  }
  return { done, failed }
}

/** As `each`, for calls that are not about one certificate: results in the order of `items`; throws what `work` throws. */
export function inParallel<T, R>(
  items: readonly T[],
  concurrency: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const gate = pLimit(concurrency)
  return Promise.all(items.map((item) => gate(work, item)))
}
