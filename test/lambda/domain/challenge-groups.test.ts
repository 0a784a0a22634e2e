/** How challenge names are divided: what the policy and the DNS changes both rely on. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { challengeGroups } from '../../../lambda/domain/challenge-groups.ts'

const hostsOf = (zone: string, count: number) =>
  Array.from({ length: count }, (_, at) => `host-${at}.${zone}`)
const config = (zones: Record<string, string>, ...certificates: string[][]) => ({
  zones: Object.entries(zones).map(([name, id]) => ({ name, id })),
  certificates: certificates.map((hosts) => ({ hosts })),
})

describe('challenge names', () => {
  it('are one group where they fit, each name once, wildcard and apex as one', () => {
    expect(
      challengeGroups(config({ 'example.com': 'Z1' }, ['example.com', '*.example.com'], ['a.example.com'])),
    ).toEqual([{ zoneIds: ['Z1'], names: ['_acme-challenge.a.example.com', '_acme-challenge.example.com'] }])
  })

  it('of zones that do not nest share a group', () => {
    const groups = challengeGroups(
      config({ 'example.com': 'Z1', 'example.org': 'Z2' }, ['a.example.com', 'a.example.org']),
    )
    expect(groups.map(({ zoneIds }) => zoneIds)).toEqual([['Z1', 'Z2']])
  })

  it('of nested zones are kept apart: a name could be written in both', () => {
    const groups = challengeGroups(
      config({ 'example.com': 'Z1', 'dev.example.com': 'Z2' }, ['a.example.com', 'a.dev.example.com']),
    )
    expect(groups).toEqual([
      { zoneIds: ['Z2'], names: ['_acme-challenge.a.dev.example.com'] },
      { zoneIds: ['Z1'], names: ['_acme-challenge.a.example.com'] },
    ])
  })

  it('of nested zones are kept apart whichever sorts first', () => {
    const zones = { 'example.com': 'Z1', 'z.example.com': 'Z2' }
    expect(
      challengeGroups(config(zones, ['a.example.com', 'a.z.example.com'])).map(({ zoneIds }) => zoneIds),
    ).toEqual([['Z1'], ['Z2']])
  })

  it('of many nested pairs of zones need two groups, whatever their order', () => {
    const zones = Array.from({ length: 20 }, (_, at) => [`k${at}.com`, `k${at}.k${at}.com`]).flat()
    const ids = Object.fromEntries(zones.map((zone) => [zone, `Z-${zone}`]))
    expect(challengeGroups(config(ids, zones))).toHaveLength(2)
  })

  it('without a zone id are groups of their own', () => {
    const groups = challengeGroups(config({ 'example.com': 'Z1' }, ['a.example.com', 'a.example.org']))
    expect(groups.map(({ zoneIds }) => zoneIds)).toEqual([['Z1'], []])
  })

  it('are, a thousand of them, eight groups of at most 5,590 characters', () => {
    const groups = challengeGroups(config({ 'example.com': 'Z1' }, hostsOf('example.com', 1000)))
    expect(groups).toHaveLength(8)
    for (const { names } of groups) expect(JSON.stringify(names).length).toBeLessThanOrEqual(5_591)
    expect(groups.flatMap(({ names }) => names)).toHaveLength(1000)
  })

  it('are divided in the same way whatever the order of the configuration, and none is lost or twice', () => {
    const zones = { 'a.test': 'ZA', 'b.a.test': 'ZB', 'c.test': 'ZC' }
    const host = fc
      .tuple(fc.integer({ min: 0, max: 400 }), fc.constantFrom(...Object.keys(zones), 'other.test'))
      .map(([at, zone]) => `h${at}.${zone}`)
    fc.assert(
      fc.property(fc.uniqueArray(host, { minLength: 1, maxLength: 300 }), (hosts) => {
        const groups = challengeGroups(config(zones, hosts))
        const turned = config(Object.fromEntries(Object.entries(zones).reverse()), [...hosts].reverse())
        expect(challengeGroups(turned)).toEqual(groups)
        for (const { zoneIds } of groups) expect(zoneIds.includes('ZA') && zoneIds.includes('ZB')).toBe(false)
        const names = groups.flatMap((group) => group.names)
        expect(names.toSorted()).toEqual(hosts.map((one) => `_acme-challenge.${one}`).sort())
      }),
    )
  })
})
