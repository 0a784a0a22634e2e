import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Config } from '../../lambda/domain/config.ts'
import type { RotationError } from '../../lambda/domain/rotation-error.ts'
import { classicListener } from '../../lambda/domain/targets.ts'
import { hostsWithoutZone } from '../../lib/dns-permissions.ts'
import type { Permission } from '../../lib/permission.ts'
import { permissionsOf } from '../../lib/permissions.ts'
import { divide, LONGEST_SCOPE, toStatement } from '../../lib/policies.ts'
import { configOf } from '../support/configs.ts'

const PLACE = {
  partition: 'aws-cn',
  region: 'cn-north-1',
  account: '111122223333',
  deployment: 'shop',
  logGroupArn: 'arn:aws-cn:logs:cn-north-1:111122223333:log-group:rotator:*',
}
const ZONE = { name: 'example.com', id: 'Z1' }

/** `sid: actions on resources` */
function lines(config: Config): string[] {
  return permissionsOf(config, PLACE).map(
    ({ sid, actions, resources }) => `${sid}: ${actions.join(', ')} on ${resources.join(', ')}`,
  )
}

function names(permissions: readonly Permission[]): string[] {
  return permissions.flatMap(({ conditions }) =>
    Object.entries(conditions?.['ForAllValues:StringEquals'] ?? {}).flatMap(([key, values]) =>
      key.endsWith('NormalizedRecordNames') ? values : [],
    ),
  )
}

function hosts(count: number, length = 30): string[] {
  return Array.from({ length: count }, (_, at) => `${`${at}`.padStart(length - 12, 'h')}.example.com`)
}

describe('the permissions of a configuration', () => {
  it('name each load balancer, the path, the zone, the parameters, the table and the log group, in any partition', () => {
    expect(lines({ ...configOf({}), zones: [ZONE] })).toEqual([
      'FindLoadBalancers: elasticloadbalancing:DescribeLoadBalancers on *',
      'SwapCertificates1: elasticloadbalancing:SetLoadBalancerListenerSSLCertificate on arn:aws-cn:elasticloadbalancing:cn-north-1:111122223333:loadbalancer/balancer-0',
      'ListCertificates: iam:ListServerCertificates, iam:GetAccountSummary on *',
      'ReadCertificates: iam:GetServerCertificate on arn:aws-cn:iam::111122223333:server-certificate/*',
      'StoreCertificates: iam:UploadServerCertificate, iam:TagServerCertificate, iam:DeleteServerCertificate on arn:aws-cn:iam::111122223333:server-certificate/elb-cert-rotator/cn-north-1/shop/*',
      'ReadRecords1: route53:ListResourceRecordSets on arn:aws-cn:route53:::hostedzone/Z1',
      'WriteChallenges1: route53:ChangeResourceRecordSets on arn:aws-cn:route53:::hostedzone/Z1',
      'AwaitChanges: route53:GetChange on arn:aws-cn:route53:::change/*',
      expect.stringMatching(
        /^ReadKeys: ssm:GetParameter on arn:aws-cn:ssm:cn-north-1:111122223333:parameter\/elb-cert-rotator\/shop\/account\/[0-9a-f]{16}, arn:aws-cn:ssm:cn-north-1:111122223333:parameter\/elb-cert-rotator\/shop\/key\/\*$/,
      ),
      expect.stringMatching(
        /^KeepKeys: ssm:PutParameter on \S+\/shop\/account\/[0-9a-f]{16}, \S+\/shop\/key\/\*$/,
      ),
      'DropKeys: ssm:DeleteParameter on arn:aws-cn:ssm:cn-north-1:111122223333:parameter/elb-cert-rotator/shop/key/*',
      'Remember: dynamodb:Scan, dynamodb:PutItem, dynamodb:DeleteItem on arn:aws-cn:dynamodb:cn-north-1:111122223333:table/elb-cert-rotator-shop',
      `WriteLogs: logs:CreateLogStream, logs:PutLogEvents on ${PLACE.logGroupArn}`,
    ])
  })

  it('read the secret of an external account, and no other parameter, where one is configured', () => {
    const bound = { ...configOf({}), externalAccount: { keyId: 'kid', parameter: '/acme/hmac-key' } }
    expect(lines(bound).filter((line) => line.startsWith('ReadExternalAccount'))).toEqual([
      'ReadExternalAccount: ssm:GetParameter on arn:aws-cn:ssm:cn-north-1:111122223333:parameter/acme/hmac-key',
    ])
    expect(lines(configOf({})).join()).not.toContain('ReadExternalAccount')
  })

  it('allow listing of zones, and any zone for the exact names, only for hosts whose zone has no id', () => {
    const two = { ...configOf({}, { hosts: ['api.example.org'] }), zones: [ZONE] }
    expect(hostsWithoutZone(two)).toEqual(['api.example.org'])
    const found = lines(two)
    expect(found).toContain('ListZones: route53:ListHostedZones on *')
    expect(found).toContain(
      'WriteChallenges1: route53:ChangeResourceRecordSets on arn:aws-cn:route53:::hostedzone/Z1',
    )
    expect(found).toContain(
      'WriteChallenges2: route53:ChangeResourceRecordSets on arn:aws-cn:route53:::hostedzone/*',
    )
    const [, open] = permissionsOf(two, PLACE).filter(({ sid }) => sid.startsWith('WriteChallenges'))
    expect(names(open ? [open] : [])).toEqual(['_acme-challenge.api.example.org'])
  })

  it('allow TXT alone, CREATE and DELETE alone, and nothing where a key is missing', () => {
    const [write] = permissionsOf(configOf({ hosts: ['example.com', '*.example.com'] }), PLACE).filter(
      ({ sid }) => sid.startsWith('WriteChallenges'),
    )
    const key = 'route53:ChangeResourceRecordSets'
    expect(write?.conditions).toEqual({
      'ForAllValues:StringEquals': {
        [`${key}NormalizedRecordNames`]: ['_acme-challenge.example.com'],
        [`${key}RecordTypes`]: ['TXT'],
        [`${key}Actions`]: ['CREATE', 'DELETE'],
      },
      Null: {
        [`${key}NormalizedRecordNames`]: 'false',
        [`${key}RecordTypes`]: 'false',
        [`${key}Actions`]: 'false',
      },
    })
  })

  it('tell for every * that is left why, and the page that says so', () => {
    const all = permissionsOf({ ...configOf({}, { hosts: ['api.example.org'] }), zones: [ZONE] }, PLACE)
    const wide = all.filter(({ resources }) => resources.some((resource) => /(^|[/:])\*$/.test(resource)))
    const ownPath = /elb-cert-rotator|log-group/
    for (const { sid, resources, wide: reason } of wide)
      if (!resources.some((resource) => ownPath.test(resource)))
        expect(reason, sid).toMatchObject({
          page: expect.stringMatching(/^https:\/\/docs\.(aws\.amazon\.com|amazonaws\.cn)\/.+\.html$/),
        })
  })

  it('are the same whatever the order of the configuration', () => {
    const one = configOf({ hosts: ['a.example.com', 'b.example.com'] }, {})
    const other = { ...one, certificates: [...one.certificates].reverse() }
    expect(permissionsOf(other, PLACE)).toEqual(permissionsOf(one, PLACE))
  })
})

describe('the policies of a role', () => {
  const sized = (count: number, length?: number) =>
    permissionsOf(
      { ...configOf({ hosts: hosts(count, length) }), zones: [ZONE] },
      { ...LONGEST_SCOPE, deployment: 'd'.repeat(128) },
    )
  const characters = (permissions: readonly Permission[]) =>
    JSON.stringify({
      Version: '2012-10-17',
      Statement: permissions.map((permission) => toStatement(permission).toStatementJson()),
    }).length

  it('are one inline policy as long as it fits', () => {
    const { inline, managed } = divide(sized(50))
    expect(managed).toEqual([])
    expect(inline).toContain('WriteChallenges1')
  })

  it.each([1, 10, 100, 500, 1_000])('hold %i exact names within the limits of IAM', (count) => {
    const all = sized(count)
    const { inline, managed } = divide(all)
    const bySid = new Map(all.map((permission) => [permission.sid, permission]))
    const of = (sids: readonly string[]) => sids.flatMap((sid) => bySid.get(sid) ?? [])
    expect(characters(of(inline))).toBeLessThanOrEqual(10_240)
    expect(managed.length).toBeLessThanOrEqual(10)
    for (const sids of managed) expect(characters(of(sids))).toBeLessThanOrEqual(6_144)
    expect([...inline, ...managed.flat()].sort()).toEqual([...bySid.keys()].sort())
    expect(new Set(names(all)).size).toBe(count)
  })

  it('hold a thousand names of hosts of forty characters, and hundreds in zones that lie within each other', () => {
    expect(divide(sized(1_000, 40)).managed.length).toBeLessThanOrEqual(10)
    const pairs = Array.from({ length: 150 }, (_, at) => [`k${at}.com`, `k${at}.k${at}.com`]).flat()
    const nested = {
      ...configOf({ hosts: pairs }),
      zones: pairs.map((name, at) => ({ name, id: `Z${String(at).padStart(20, '0')}` })),
    }
    const { managed } = divide(permissionsOf(nested, { ...LONGEST_SCOPE, deployment: 'shop' }))
    expect(managed.length).toBeLessThanOrEqual(10)
  })

  it('are filled to the brim and no further, whatever the sizes of the statements', () => {
    const statement = (size: number, at: number): Permission => {
      const bare = { sid: `S${at}`, actions: ['a:b'], resources: [''], why: '' }
      const { length } = JSON.stringify(toStatement(bare).toStatementJson())
      return { ...bare, resources: ['x'.repeat(Math.max(1, size - length))] }
    }
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 80, max: 3_100 }), { minLength: 1, maxLength: 20 }), (sizes) => {
        const all = sizes.map(statement)
        const bySid = new Map(all.map((one) => [one.sid, one]))
        const { inline, managed } = divide(all)
        for (const [sids, most] of [
          [inline, 10_240] as const,
          ...managed.map((one) => [one, 6_144] as const),
        ])
          expect(characters(sids.flatMap((sid) => bySid.get(sid) ?? []))).toBeLessThanOrEqual(most)
      }),
    )
    // exactly full: 6,144 less the frame, in two statements with a comma between them
    const [first, second] = [statement(3_000, 1), statement(6_144 - 40 - 3_001, 2)]
    const filler = [4_000, 4_000, 2_200].map((size, at) => statement(size, at + 10))
    const { managed } = divide([...filler, first, second])
    expect(managed.flat().length).toBeGreaterThanOrEqual(2)
    for (const sids of managed)
      expect(
        characters(
          sids.map((sid) => [...filler, first, second].find((one) => one.sid === sid) as Permission),
        ),
      ).toBeLessThanOrEqual(6_144)
  })

  it('hold in the largest of regions too: hundreds of load balancers with long names, and zones of one host each', () => {
    const targets = Array.from({ length: 200 }, (_, at) =>
      classicListener(`a-load-balancer-with-a-name-${at}`.slice(0, 32), 443),
    )
    const zones = Array.from({ length: 200 }, (_, at) => ({
      name: `zone-${at}.test`,
      id: `Z${String(at).padStart(31, '0')}`,
    }))
    const config = { ...configOf({ targets, hosts: zones.map(({ name }) => name) }), zones }
    const scope = {
      partition: 'aws-us-gov',
      region: 'us-gov-west-1',
      account: '1'.repeat(12),
      deployment: 'd'.repeat(128),
      logGroupArn: `arn:aws-us-gov:logs:us-gov-west-1:${'1'.repeat(12)}:log-group:${'g'.repeat(200)}:*`,
    }
    const bySid = new Map(permissionsOf(config, scope).map((one) => [one.sid, one]))
    const { inline, managed } = divide(
      permissionsOf(config, { ...LONGEST_SCOPE, deployment: scope.deployment }),
    )
    const of = (sids: readonly string[]) => sids.flatMap((sid) => bySid.get(sid) ?? [])
    expect(characters(of(inline))).toBeLessThanOrEqual(10_240)
    for (const sids of managed) expect(characters(of(sids))).toBeLessThanOrEqual(6_144)
    expect(new Set([...inline, ...managed.flat()])).toEqual(new Set(bySid.keys()))
  })

  it('say that load balancers are too many where they are', () => {
    const targets = Array.from({ length: 1_500 }, (_, at) =>
      classicListener(`a-load-balancer-with-a-name-${at}`, 443),
    )
    const all = permissionsOf(configOf({ targets }), { ...LONGEST_SCOPE, deployment: 'shop' })
    expect(() => divide(all)).toThrow(/1 challenge names and 1500 load balancers need/)
  })

  it('fail with synth/too-many-names, and the numbers, beyond what a role holds', () => {
    let refused: RotationError | null = null
    try {
      divide(sized(2_000))
    } catch (error) {
      refused = error as RotationError
    }
    expect(refused?.code).toBe('synth/too-many-names')
    expect(refused?.message).toMatch(
      /^the permissions for 2000 challenge names and 1 load balancers need \d\d managed policies of 6144 characters beside the role's own, which holds 10240; a role may have 10$/,
    )
  })
})
