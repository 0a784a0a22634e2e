/** Whatever comes in: an error from the table, or a right result; never an exception that nobody explains. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { parseConfig } from '../../lambda/config/parse.ts'
import { RotationError } from '../../lambda/domain/rotation-error.ts'
import { parseInvocation } from '../../lambda/run/invocation.ts'
import { refuseFuture } from '../../lambda/state/items.ts'
import { openMemory } from '../../lambda/state/memory.ts'
import { loadProduct, tellWithItems } from './claims.ts'
import { anItem, documentText } from './nonsense.ts'

/** @returns the code of what was thrown; `null` when nothing was */
function codeOf(work: () => unknown): string | null {
  try {
    work()
    return null
  } catch (error) {
    if (error instanceof RotationError) return error.code
    throw error
  }
}

it('reads any configuration, or says what is wrong with it', () => {
  let good = 0
  fc.assert(
    fc.property(documentText, (text) => {
      const code = codeOf(() => parseConfig(text))
      if (code === null) good++
      else expect(code).toMatch(/^config\//)
    }),
    { numRuns: 2_000, seed: 1 },
  )
  expect(good, 'some are right').toBeGreaterThan(20)
})

it('reads any invocation, or says what is wrong with it', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (event) => {
      expect([null, 'invocation/invalid']).toContain(codeOf(() => parseInvocation(event)))
    }),
    { numRuns: 2_000, seed: 1 },
  )
})

it('remembers nothing of a damaged item, reports it once, and forgets nothing else', () => {
  fc.assert(
    fc.property(fc.array(anItem, { maxLength: 5 }), (items) => {
      const memory = openMemory(items, null, 'toy', { now: () => 0 })
      expect([null, 'state/from-the-future']).toContain(codeOf(() => refuseFuture(items, 0, 0)))
      expect(memory.unread.length).toBeLessThanOrEqual(items.length)
      for (const { code } of memory.unread) expect(code).toMatch(/^state\//)
    }),
    { numRuns: 2_000, seed: 1 },
  )
})

it('runs over any table to an end that is explained', async () => {
  const product = await loadProduct(new URL('../../lambda/', import.meta.url))
  await fc.assert(
    fc.asyncProperty(fc.array(anItem, { maxLength: 4 }), async (items) => {
      for (const code of await tellWithItems(product, items)) expect(code).toMatch(/^(state|run|dns)\//)
    }),
    { numRuns: 300, seed: 1 },
  )
})
