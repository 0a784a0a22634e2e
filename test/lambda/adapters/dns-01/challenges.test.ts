/** Publishing and taking away over many names, with a zone that misbehaves in the middle. */
import { describe, expect, it } from 'vitest'
import { publish, remove, waitInSync } from '../../../../lambda/adapters/dns-01/challenges.ts'
import type { HostedZones, TxtRecordSet } from '../../../../lambda/adapters/dns-01/hosted-zones.ts'
import { DEFAULTS } from '../../../../lambda/domain/defaults.ts'
import { RotationError } from '../../../../lambda/domain/rotation-error.ts'
import type { ChallengeValue, Time } from '../../../../lambda/ports.ts'

const ZONE = { id: 'Z1', name: 'example.com', group: 0 }

/** A zone in memory that behaves as Route53 does: all of a change or nothing. */
function memoryZone() {
  const sets = new Map<string, TxtRecordSet>()
  const same = (a: TxtRecordSet | undefined, b: TxtRecordSet) =>
    a !== undefined && JSON.stringify(a) === JSON.stringify(b)
  let changes = 0
  /** What happens in the place of a change, by its number from 1. */
  const mishaps = new Map<number, { error: RotationError; arrives: boolean }>()
  const zones: HostedZones = {
    list: async () => [],
    read: async (_, name) => ({ txt: sets.get(name) ?? null, obstacle: null }),
    isInSync: async () => true,
    async change(_, remove, create) {
      const mishap = mishaps.get(++changes)
      if (mishap && !mishap.arrives) throw mishap.error
      const names = new Set(remove.map(({ name }) => name))
      if (remove.some((set) => !same(sets.get(set.name), set))) return { refused: 'not found' }
      if (create.some(({ name }) => sets.has(name) && !names.has(name))) return { refused: 'exists' }
      for (const { name } of remove) sets.delete(name)
      for (const set of create) sets.set(set.name, set)
      if (mishap) throw mishap.error
      return { changeId: `C${changes}` }
    },
  }
  return { zones, sets, mishaps, changes: () => changes }
}

const time: Time = { now: () => 0, sleep: async () => undefined, stopAt: Infinity }
const over = (zones: HostedZones) => ({ zones, time, settings: DEFAULTS })
const wanted = (count: number): ChallengeValue[] =>
  Array.from({ length: count }, (_, at) => ({
    certId: 'shop',
    zone: ZONE,
    name: `_acme-challenge.h${String(at).padStart(3, '0')}.example.com`,
    value: `value${at}`,
  }))

describe('challenge values', () => {
  it('are written and taken away unread, a hundred names a change', async () => {
    const zone = memoryZone()
    const { written, changes, failed } = await publish(wanted(250), over(zone.zones))
    expect({ sets: zone.sets.size, changes: changes.length, failed: failed.size }).toEqual({
      sets: 250,
      changes: 3,
      failed: 0,
    })
    expect(await remove(written, over(zone.zones))).toEqual([])
    expect({ left: zone.sets.size, changes: zone.changes() }).toEqual({ left: 0, changes: 6 })
  })

  it('of two groups of a zone are never in one change', async () => {
    const zone = memoryZone()
    const grouped = wanted(6).map((one, at) => ({ ...one, zone: { ...ZONE, group: at % 2 } }))
    const { changes, written } = await publish(grouped, over(zone.zones))
    expect({ sets: zone.sets.size, changes: changes.length }).toEqual({ sets: 6, changes: 2 })
    expect(await remove(written, over(zone.zones))).toEqual([])
    expect({ left: zone.sets.size, changes: zone.changes() }).toEqual({ left: 0, changes: 4 })
  })

  it.each([
    ['was lost on its way', new RotationError('aws/unreachable', 'no answer'), false],
    ['was made, and its answer lost', new RotationError('aws/unavailable', 'a 503'), true],
    ['was denied', new RotationError('aws/access-denied', 'denied'), false],
  ])('are all gone in the end when the second of three changes %s', async (_, error, arrives) => {
    const zone = memoryZone()
    zone.mishaps.set(2, { error, arrives })
    const { written, failed } = await publish(wanted(250), over(zone.zones))
    expect([...failed.values()]).toEqual(Array(100).fill(error))
    expect(await remove(written, over(zone.zones))).toEqual([])
    expect(zone.sets.size).toBe(0)
  })

  it('that cannot be taken away are named', async () => {
    const zone = memoryZone()
    const { written } = await publish(wanted(2), over(zone.zones))
    zone.mishaps.set(2, { error: new RotationError('aws/access-denied', 'denied'), arrives: false })
    const [left] = await remove(written, over(zone.zones))
    expect(left).toMatchObject({
      names: ['_acme-challenge.h000.example.com', '_acme-challenge.h001.example.com'],
      cause: { code: 'aws/access-denied' },
    })
  })

  it('that are there already, as after a lost answer, are written once more, so that they can be waited for', async () => {
    const zone = memoryZone()
    const [first] = wanted(1)
    zone.sets.set(first?.name ?? '', { name: first?.name ?? '', ttlSeconds: 10, values: ['"value0"'] })
    const { written, changes, failed } = await publish(wanted(1), over(zone.zones))
    expect({ changes: changes.length, failed: failed.size }).toEqual({ changes: 1, failed: 0 })
    expect(await remove(written, over(zone.zones))).toEqual([])
    expect(zone.sets.size).toBe(0)
  })

  it('are waited for in every zone, and a zone that is never in sync fails alone', async () => {
    const { zones } = memoryZone()
    const asked = new Map<string, number>()
    zones.isInSync = async (changeId) => {
      asked.set(changeId, (asked.get(changeId) ?? 0) + 1)
      if (changeId === 'C3') throw new RotationError('aws/throttled', 'too often')
      return changeId === 'C2' && asked.get(changeId) === 3
    }
    let now = 0
    const ticking = {
      now: () => now,
      stopAt: Infinity,
      async sleep(ms: number) {
        now += ms
      },
    }
    const changes = ['C1', 'C2', 'C3'].map((changeId, at) => ({
      changeId,
      zone: { ...ZONE, id: `Z${at + 1}` },
    }))
    const settings = { ...DEFAULTS, dnsSyncTimeoutMs: 10_000 }
    const late = await waitInSync(changes, { zones, time: ticking, settings })
    expect([...late].map(([zone, { code, message }]) => `${zone} ${code} ${message}`)).toEqual([
      "Z1 0 dns/not-in-sync Route53's change C1 was still PENDING after 10 s",
      'Z3 0 aws/throttled too often',
    ])
    expect(asked.get('C2')).toBe(3)
  })

  it('that are gone already leave what others wrote untouched', async () => {
    const zone = memoryZone()
    const { written } = await publish(wanted(1), over(zone.zones))
    const [name = ''] = zone.sets.keys()
    const theirs = { name, ttlSeconds: 77, values: ['"theirs"'] }
    zone.sets.set(name, theirs)
    expect(await remove(written, over(zone.zones))).toEqual([])
    expect(zone.sets.get(name)).toBe(theirs)
  })

  it('of one name that goes on being refused do not keep the others from being written', async () => {
    const zone = memoryZone()
    const change = zone.zones.change
    const protectedName = wanted(3)[1]?.name
    zone.zones.change = async (at, remove, create) =>
      create.some(({ name }) => name === protectedName)
        ? { refused: 'protected' }
        : change(at, remove, create)
    const { failed } = await publish(wanted(3), over(zone.zones))
    expect([...failed].map(([place, { code }]) => `${place} ${code}`)).toEqual([
      `Z1 ${protectedName} dns/change-refused`,
    ])
    expect(zone.sets.size).toBe(2)
  })
})
