import { beforeEach, describe, expect, it } from 'vitest'
import { DAY_MS } from '../../../lambda/domain/instant.ts'
import { NOTHING_KNOWN } from '../../../lambda/domain/remembered.ts'
import { makeItem, readCertificate } from '../../../lambda/state/items.ts'
import { type Memory, openMemory } from '../../../lambda/state/memory.ts'
import { type FakeTable, fakeTable } from './fake-table.ts'

describe('what is remembered', () => {
  let table: FakeTable
  let now: number
  beforeEach(() => {
    table = fakeTable()
    now = 100 * DAY_MS
  })
  const open = (): Memory => openMemory([...table.items.values()], table, 'shop', { now: () => now })

  it('is there for the next run, and what was not changed stays', async () => {
    await open().note('a', { postponed: true })
    await open().note('a', { nextTry: { at: 1, since: 0, set: 'x' } })
    expect(open().of('a')).toEqual({
      ...NOTHING_KNOWN,
      postponed: true,
      nextTry: { at: 1, since: 0, set: 'x' },
    })
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

  it('keeps a ledger that many write at once as the last of them left it', async () => {
    const memory = open()
    const one = { fullAt: 1, orders: ['1'], lastIssued: null, lastIssuedBy: null }
    await Promise.all([1, 2, 3].map((fullAt) => memory.noteLedger('ledger#x', { ...one, fullAt })))
    expect(open().ledger('ledger#x')).toEqual({ ...one, fullAt: 3 })
    expect(open().ledger('ledger#y')).toEqual({ fullAt: 0, orders: [], lastIssued: null, lastIssuedBy: null })
  })
})
