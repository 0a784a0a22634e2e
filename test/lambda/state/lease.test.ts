import { beforeEach, describe, expect, it } from 'vitest'
import { DEFAULTS } from '../../../lambda/domain/defaults.ts'
import { MINUTE_MS } from '../../../lambda/domain/instant.ts'
import { makeItem } from '../../../lambda/state/items.ts'
import { type HeldLease, takeLease } from '../../../lambda/state/lease.ts'
import { type FakeTable, fakeTable } from './fake-table.ts'

const START = 1_800_000_000_000

describe('the lease', () => {
  let table: FakeTable
  let now: number
  const time = { now: () => now, sleep: async () => undefined, stopAt: Number.POSITIVE_INFINITY }
  beforeEach(() => {
    table = fakeTable()
    now = START
  })

  const take = (holder: string) => takeLease({ holder, deployment: 'shop' }, table, time, DEFAULTS)
  async function taken(holder: string): Promise<HeldLease> {
    const { lease } = await take(holder)
    if (lease === null) throw new Error(`${holder} did not get it`)
    return lease
  }
  const holder = () => JSON.parse(table.items.get('lease')?.data ?? '{}').holder as string | undefined
  const put = (data: object, at = now) =>
    table.items.set('lease', makeItem('lease', 'shop', at, data as never))

  it("is one run's, and free again when it is given back", async () => {
    const lease = await taken('one')
    expect(await take('two')).toEqual({ lease: null, until: START + 10 * MINUTE_MS })
    await lease.release()
    expect(table.items.size).toBe(0)
    await taken('two')
  })

  it("is another run's a minute after it ended, and not before", async () => {
    await taken('one')
    now += 10 * MINUTE_MS + 59_000
    expect((await take('two')).lease).toBeNull()
    now += 2_000
    await taken('two')
    expect(holder()).toBe('two')
  })

  it('is taken again when half of it is over, and not before', async () => {
    const lease = await taken('one')
    now += 5 * MINUTE_MS - 1
    await lease.check()
    expect(table.calls).toEqual(['replace'])
    now += 1
    await lease.check()
    expect(table.items.get('lease')?.at).toBe(now)
    now += 4 * MINUTE_MS
    await lease.check()
    expect(table.calls).toEqual(['replace', 'replace'])
  })

  it('is taken again once for several writes side by side', async () => {
    const lease = await taken('one')
    now += 6 * MINUTE_MS
    await Promise.all([1, 2, 3, 4].map(() => lease.check()))
    expect(table.calls).toEqual(['replace', 'replace'])
  })

  it('is given back also after it was taken again', async () => {
    const lease = await taken('one')
    for (let time = 0; time < 3; time++) {
      now += 6 * MINUTE_MS
      await lease.check()
    }
    await lease.release()
    expect(table.items.size).toBe(0)
  })

  it.each([5, 9, 11, 13, 20])(
    "that is another run's after %i minutes stops every write, and is left alone",
    async (minutes) => {
      const lease = await taken('one')
      now += minutes * MINUTE_MS
      put({ holder: 'two', expiresAt: now + 10 * MINUTE_MS })
      await expect(lease.check()).rejects.toMatchObject({ code: 'run/lease-lost' })
      await lease.release()
      expect(holder()).toBe('two')
    },
  )

  it('holds to its end while the table cannot be asked, and no longer', async () => {
    const lease = await taken('one')
    table.mishap = () => 'denied'
    now += 10 * MINUTE_MS - 1
    await lease.check()
    now += 1
    await expect(lease.check()).rejects.toMatchObject({ code: 'aws/access-denied' })
  })

  it('is ours when the answer to taking it again was lost', async () => {
    const lease = await taken('one')
    now += 6 * MINUTE_MS
    table.mishap = (method) => (method === 'replace' ? 'lost' : null)
    await lease.check()
    table.mishap = () => null
    await lease.check()
    expect(holder()).toBe('one')
  })

  it('is not taken from a run that was quicker to take it over', async () => {
    put({ holder: 'dead', expiresAt: START - MINUTE_MS * 5 }, START - 15 * MINUTE_MS)
    table.mishap = (method, count) => {
      if (method === 'replace' && count > 1) put({ holder: 'two', expiresAt: now + 10 * MINUTE_MS })
      return null
    }
    expect((await take('one')).lease).toBeNull()
    expect(holder()).toBe('two')
  })

  it.each<[string, object, string]>([
    ['data of another shape', { holder: 7 }, 'state/item-unreadable'],
    [
      'an end that no run asks for',
      { holder: 'x', expiresAt: START + 16 * MINUTE_MS },
      'state/item-unreadable',
    ],
  ])('with %s is told, and taken over', async (_, data, code) => {
    put(data)
    const taking = await take('one')
    expect(taking).toMatchObject({ unreadable: { code } })
    expect(holder()).toBe('one')
  })

  it('that a clock a little ahead has written is believed', async () => {
    put({ holder: 'x', expiresAt: START + 14 * MINUTE_MS }, START + 4 * MINUTE_MS)
    expect((await take('one')).lease).toBeNull()
  })

  it.each<[string, object]>([
    ['state/item-newer', { v: 2 }],
    ['state/other-deployment', { deployment: 'other' }],
    ['state/from-the-future', { at: START + 6 * MINUTE_MS }],
  ])('fails with %s, and is left as it is', async (code, more) => {
    const item = { ...makeItem('lease', 'shop', now, { holder: 'x', expiresAt: now }), ...more }
    table.items.set('lease', item)
    await expect(take('one')).rejects.toMatchObject({ code })
    expect(table.items.get('lease')).toEqual(item)
  })
})
