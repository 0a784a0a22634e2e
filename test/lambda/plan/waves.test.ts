import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Action } from '../../../lambda/plan/actions.ts'
import { waves } from '../../../lambda/plan/waves.ts'

const action = (certId: string): Action => {
  return {
    kind: 'issue',
    certId,
    reason: { code: 'missing', detail: '' },
    isUrgent: false,
    predecessor: null,
    ends: null,
  }
}

const hostsOf = (id: string, count: number) =>
  Array.from({ length: count }, (_, at) => `${at}.${id}.example.com`)

it("holds whole certificates, each wave in the plan's order, at most so many hosts in each, and loses none", () => {
  const certificates = fc.uniqueArray(
    fc.tuple(fc.string({ minLength: 1 }), fc.integer({ min: 1, max: 100 })),
    {
      selector: ([id]) => id,
    },
  )
  fc.assert(
    fc.property(certificates, fc.integer({ min: 1, max: 150 }), (all, most) => {
      const hosts = new Map(all)
      const actions = all.flatMap(([id]) => [action(id), action(id)])
      const divided = waves(actions, (id) => hostsOf(id, hosts.get(id) ?? 0), most)
      expect(divided.flat()).toHaveLength(actions.length)
      const idsOf = divided.map((wave) => [...new Set(wave.map(({ certId }) => certId))])
      const order = all.map(([id]) => id)
      expect(idsOf.flat().sort()).toEqual([...order].sort())
      for (const ids of idsOf) expect(ids).toEqual(order.filter((id) => ids.includes(id)))
      for (const ids of idsOf)
        if (ids.length > 1)
          expect(ids.reduce((sum, id) => sum + (hosts.get(id) ?? 0), 0)).toBeLessThanOrEqual(most)
    }),
  )
})

it('puts two certificates together as long as they fit, and not a host more', () => {
  const actions = ['a', 'b', 'c'].map(action)
  const sizes = (most: number) => waves(actions, (id) => hostsOf(id, 50), most).map(({ length }) => length)
  expect(sizes(99)).toEqual([1, 1, 1])
  expect(sizes(100)).toEqual([2, 1])
  expect(sizes(150)).toEqual([3])
})

it('has no two orders for the same hosts in one wave, and no more waves than that takes', () => {
  const actions = ['a-rsa', 'a-ecdsa', 'b-rsa', 'b-ecdsa'].map(action)
  const divided = waves(actions, (id) => hostsOf(id.slice(0, 1), 2), 100)
  expect(divided.map((wave) => wave.map(({ certId }) => certId))).toEqual([
    ['a-rsa', 'b-rsa'],
    ['a-ecdsa', 'b-ecdsa'],
  ])
  const attach = { ...action('a-ecdsa'), kind: 'delete' } as unknown as Action
  expect(waves([action('a-rsa'), attach], (id) => hostsOf(id.slice(0, 1), 2), 100)).toHaveLength(1)
})
