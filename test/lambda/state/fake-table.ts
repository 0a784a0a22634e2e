/** The table in memory, with what may go wrong with a call of it. */

import type { Item } from '../../../lambda/domain/remembered.ts'
import { RotationError } from '../../../lambda/domain/rotation-error.ts'
import type { StateTable } from '../../../lambda/ports.ts'

export interface FakeTable extends StateTable {
  readonly items: Map<string, Item>
  /** By method, in order. */
  readonly calls: string[]
  /** Asked before each call: `lost` is done, and its answer never comes. */
  mishap: (method: string, count: number) => 'lost' | 'denied' | null
}

export function fakeTable(): FakeTable {
  const items = new Map<string, Item>()
  const calls: string[] = []
  const same = (a: Item | undefined, b: Item | null) => JSON.stringify(a ?? null) === JSON.stringify(b)
  async function call<T>(method: string, work: () => T): Promise<T> {
    calls.push(method)
    const met = table.mishap(method, calls.length)
    if (met === 'denied') throw new RotationError('aws/access-denied', `${method} is denied`)
    const done = work()
    if (met === 'lost') throw new RotationError('aws/unreachable', `${method} got no answer`)
    return done
  }
  const table: FakeTable = {
    items,
    calls,
    mishap: () => null,
    read: () => call('read', () => [...items.values()]),
    write: (item) => call('write', () => void items.set(item.id, item)),
    replace: (item, expected) =>
      call('replace', () => {
        if (!same(items.get(item.id), expected)) return false
        items.set(item.id, item)
        return true
      }),
    remove: (id, expected) =>
      call('remove', () => {
        if (expected === null || same(items.get(id), expected)) items.delete(id)
      }),
  }
  return table
}
