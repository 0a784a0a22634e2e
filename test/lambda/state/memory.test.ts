import { beforeEach, describe, expect, it } from 'vitest'
import { makeItem, NOTHING_KNOWN, readCertificate } from '../../../lambda/state/items.ts'
import { type Memory, openMemory } from '../../../lambda/state/memory.ts'
import { configOf } from '../../support/configs.ts'
import { type FakeTable, fakeTable } from './fake-table.ts'

const DAY = 86_400_000
const [A, B] = configOf(
  { id: 'a', hosts: ['a.example.com'] },
  { id: 'b', hosts: ['b.example.com'] },
).certificates

describe('what is remembered', () => {
  let table: FakeTable
  let now: number
  beforeEach(() => {
    table = fakeTable()
    now = 100 * DAY
  })
  const open = (): Memory => openMemory([...table.items.values()], table, 'shop', { now: () => now })

  it('is there for the next run, and what was not changed stays', async () => {
    await open().note('a', { postponed: true })
    await open().note('a', { nextTry: { at: 1, set: 'x' } })
    expect(open().of('a')).toEqual({ ...NOTHING_KNOWN, postponed: true, nextTry: { at: 1, set: 'x' } })
    expect(open().of('b')).toEqual(NOTHING_KNOWN)
    expect([...open().certificates.keys()]).toEqual(['a'])
  })

  it('is gone when it is forgotten', async () => {
    await open().note('a', { postponed: true })
    await open().forget('a')
    expect(open().of('a')).toEqual(NOTHING_KNOWN)
  })

  it('is kept only where its last note was written', async () => {
    const memory = open()
    expect(memory.isKept('a')).toBe(false)
    await memory.note('a', { postponed: true })
    expect(memory.isKept('a')).toBe(true)
    table.mishap = () => 'denied'
    await memory.note('a', { postponed: false })
    expect(memory.isKept('a')).toBe(false)
    expect(memory.of('a').postponed, 'this run knows it all the same').toBe(false)
    expect(memory.troubles).toMatchObject([{ code: 'aws/access-denied' }])
    await memory.note('b', { postponed: true })
    expect(memory.troubles, 'each once').toHaveLength(1)
  })

  it.each([{ v: 2 }, { deployment: 'other' }])(
    'leaves an item alone that is not ours to write over: %j',
    async (more) => {
      const item = { ...makeItem('cert#a', 'shop', now, NOTHING_KNOWN), ...more }
      table.items.set('cert#a', item)
      const memory = open()
      await memory.note('a', { postponed: true })
      await memory.forget('a')
      expect(table.items.get('cert#a')).toEqual(item)
      expect(memory.isKept('a')).toBe(false)
    },
  )

  it.each([{ deployment: null }, { at: null }, { v: null }, { data: '{}' }])(
    'knows a damaged item: %j',
    (more) => {
      const item = { ...makeItem('cert#a', 'shop', now, NOTHING_KNOWN), ...more }
      expect(readCertificate(item, 'shop')).toMatchObject({ code: 'state/item-unreadable' })
    },
  )

  it('counts what was issued for a set of hosts for seven days, each order once, and for no other set', async () => {
    if (!A || !B) throw new Error('two certificates')
    await open().noteIssued(A, 'order-1')
    now += DAY
    await open().noteIssued(A, 'order-1')
    await open().noteIssued({ ...A, id: 'other', keyType: 'rsa' }, 'order-2')
    expect(open().issued(A, now)).toEqual([100 * DAY, 101 * DAY])
    expect(open().issued(B, now)).toEqual([])
    expect(open().issued({ ...A, directoryUrl: 'https://other.example.com/' }, now)).toEqual([])
    expect(open().issued(A, 107 * DAY - 1)).toHaveLength(2)
    expect(open().issued(A, 107 * DAY)).toEqual([101 * DAY])
  })
})
