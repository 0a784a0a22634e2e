import { describe, expect, it } from 'vitest'
import type { HostedZones, ListedZone } from '../../../../lambda/adapters/dns-01/hosted-zones.ts'
import { zoneFinder } from '../../../../lambda/adapters/dns-01/zones.ts'

const zone = (name: string, id = `Z-${name}`, isPrivate = false): ListedZone => ({ name, id, isPrivate })

/** Every host that is looked for here. */
const HOSTS = [
  '*.a.example.com',
  '*.example.com',
  'a.dev.example.com',
  'a.example.com',
  'b.example.com',
  'dev.example.com',
  'example.com',
  'notdev.example.com',
  'www.example.com',
]

function finder(listed: readonly ListedZone[], explicit: readonly ListedZone[] = []) {
  let lists = 0
  const zones = {
    list: async () => {
      lists++
      return listed
    },
  } as unknown as HostedZones
  return {
    find: zoneFinder(zones, { zones: explicit, certificates: [{ hosts: HOSTS }] as never }),
    lists: () => lists,
  }
}

describe('the zone of a host', () => {
  it.each([
    ['www.example.com', 'Z-example.com'],
    ['example.com', 'Z-example.com'],
    ['*.example.com', 'Z-example.com'],
    ['a.dev.example.com', 'Z-dev.example.com'],
    ['dev.example.com', 'Z-dev.example.com'],
    ['notdev.example.com', 'Z-example.com'],
  ])('of %s is the longest public one that ends at a label: %s', async (host, id) => {
    const { find } = finder([
      zone('example.com'),
      zone('dev.example.com'),
      zone('com'),
      zone('www.example.com', 'ZP', true),
    ])
    expect((await find(host)).id).toBe(id)
  })

  it('is listed once for all hosts', async () => {
    const { find, lists } = finder([zone('example.com')])
    await Promise.all([find('a.example.com'), find('b.example.com')])
    expect(lists()).toBe(1)
  })

  it('is the one that the configuration gives, and then nothing is listed', async () => {
    const { find, lists } = finder([zone('dev.example.com')], [zone('example.com', 'ZGIVEN')])
    expect((await find('a.dev.example.com')).id).toBe('ZGIVEN')
    expect(lists()).toBe(0)
  })

  it('fails with dns/zone-ambiguous when two public ones have the longest name', async () => {
    const { find } = finder([
      zone('example.com', 'Z1'),
      zone('example.com', 'Z2'),
      zone('example.com', 'Z3', true),
    ])
    await expect(find('www.example.com')).rejects.toMatchObject({
      code: 'dns/zone-ambiguous',
      message: 'two public hosted zones named example.com cover www.example.com: Z1 and Z2',
    })
  })

  it('fails with dns/zone-not-found and names what was looked for', async () => {
    const { find } = finder([zone('other.org')])
    await expect(find('*.a.example.com')).rejects.toMatchObject({
      code: 'dns/zone-not-found',
      message: 'no public hosted zone covers *.a.example.com, looked for a.example.com, example.com',
    })
  })

  it('has one group with its names where all fit, and the names of a listed zone have a group of their own', async () => {
    const { find } = finder([zone('example.com')], [zone('dev.example.com')])
    const [www, bare, dev] = await Promise.all(
      ['www.example.com', 'example.com', 'dev.example.com'].map(find),
    )
    expect(www?.group).toBe(bare?.group)
    expect(dev?.group).not.toBe(www?.group)
  })
})
