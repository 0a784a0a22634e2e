import { Route53Client } from '@aws-sdk/client-route-53'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { HostedZones, TxtRecordSet } from '../../../../lambda/adapters/dns-01/hosted-zones.ts'
import { route53Zones } from '../../../../lambda/adapters/dns-01/route53.ts'
import type { HostedZone } from '../../../../lambda/domain/model.ts'
import { ServiceError } from '../../../sandbox/aws/service.ts'
import type { Sandbox } from '../../../sandbox/sandbox.ts'
import { CLIENT, refusal, startQuickSandbox } from '../../../support/adapters.ts'

const NAME = '_acme-challenge.www.example.com'
const set = (values: readonly string[], ttlSeconds = 10): TxtRecordSet => ({ name: NAME, ttlSeconds, values })

describe('Route53', () => {
  let sandbox: Sandbox
  let zones: HostedZones
  let zone: HostedZone

  beforeEach(async () => {
    sandbox = await startQuickSandbox()
    zones = route53Zones(new Route53Client(CLIENT))
    zone = { id: sandbox.route53.addZone('example.com'), name: 'example.com' }
  })
  afterEach(() => sandbox.stop())

  it('lists every zone over all pages, private ones marked, names without the trailing dot', async () => {
    for (let at = 0; at < 230; at++) sandbox.route53.addZone(`zone-${at}.test`, { isPrivate: at % 2 === 1 })
    const listed = await zones.list()
    expect(listed).toHaveLength(231)
    expect(listed[0]).toEqual({ ...zone, isPrivate: false })
    expect(listed.filter(({ isPrivate }) => isPrivate)).toHaveLength(115)
  })

  it('creates a set, which is in sync when all servers have it', async () => {
    const answer = await zones.change(zone, [], [set(['"one"', '"two"'])])
    expect(answer).toHaveProperty('changeId', expect.stringMatching(/^C/))
    expect(await zones.isInSync((answer as { changeId: string }).changeId)).toBe(true)
    expect(await zones.read(zone, NAME)).toEqual({ txt: set(['"one"', '"two"']), obstacle: null })
  })

  it('is refused, as an answer, when a set to create is there or a set to delete is another', async () => {
    await zones.change(zone, [], [set(['"one"'])])
    expect(await zones.change(zone, [], [set(['"two"'])])).toEqual({
      refused: expect.stringContaining('already exists'),
    })
    expect(await zones.change(zone, [set(['"two"'])], [])).toEqual({
      refused: expect.stringContaining('do not match'),
    })
    expect(await zones.change(zone, [set(['"one"'], 60)], [])).toHaveProperty('refused')
    expect((await zones.read(zone, NAME)).txt?.values).toEqual(['"one"'])
  })

  it('changes all of a batch or nothing', async () => {
    const other = { ...set(['"x"']), name: '_acme-challenge.other.example.com' }
    expect(await zones.change(zone, [set(['"not there"'])], [other])).toHaveProperty('refused')
    expect((await zones.read(zone, other.name)).txt).toBeNull()
  })

  it('reads only the name asked for, and values byte for byte', async () => {
    sandbox.route53.put(zone.id, { name: `a.${NAME}`, type: 'TXT', values: ['"below"'] })
    sandbox.route53.put(zone.id, {
      name: NAME,
      type: 'TXT',
      ttl: 77,
      values: ['"a \\"b\\" \\344" "second string"'],
    })
    expect((await zones.read(zone, NAME)).txt).toEqual(set(['"a \\"b\\" \\344" "second string"'], 77))
    expect(await zones.read(zone, '_acme-challenge.nothing.example.com')).toEqual({
      txt: null,
      obstacle: null,
    })
  })

  it.each([
    [{ type: 'CNAME', values: ['elsewhere.test.'] }, 'a CNAME record'],
    [{ type: 'TXT', values: ['"weighted"'], setIdentifier: 'blue' }, 'TXT records with a routing policy'],
  ])('sees what no TXT set can be written beside: %j', async (record, obstacle) => {
    sandbox.route53.put(zone.id, { name: NAME, ...record })
    expect(await zones.read(zone, NAME)).toEqual({ txt: null, obstacle })
  })

  it('names action and resource when access is denied', async () => {
    sandbox.aws.allow(({ action }) => action !== 'route53:ListResourceRecordSets')
    expect(await refusal(zones.read(zone, NAME))).toMatchObject({
      code: 'aws/access-denied',
      message: expect.stringMatching(new RegExp(`^route53:ListResourceRecordSets on ${zone.id} is denied: `)),
    })
  })

  it('says who does not answer: a service that hangs or resets', async () => {
    const requestHandler = { requestTimeout: 1_000, throwOnRequestTimeout: true }
    const impatient = route53Zones(new Route53Client({ ...CLIENT, requestHandler }))
    for (const mishap of ['hang', 'reset'] as const) {
      sandbox.aws.intercept(() => mishap)
      expect(await refusal(impatient.list())).toMatchObject({
        code: 'aws/unreachable',
        message: expect.stringMatching(/^route53:ListHostedZones on all hosted zones got no answer/),
      })
    }
  })

  it.each([
    [
      'aws/credentials',
      new ServiceError('ExpiredToken', 'The security token included in the request is expired', 403),
    ],
    ['aws/unavailable', new ServiceError('ServiceUnavailable', 'try later', 503)],
    ['aws/throttled', new ServiceError('Throttling', 'Rate exceeded', 400)],
    ['aws/refused', new ServiceError('InvalidInput', 'not this', 400)],
  ])('gives every refusal a code: %s', async (code, error) => {
    sandbox.aws.intercept(() => error)
    expect(await refusal(zones.list())).toMatchObject({
      code,
      message: expect.stringContaining(error.message),
    })
  })

  it('gives a code to an address that is not an endpoint', async () => {
    process.env['AWS_ENDPOINT_URL'] = 'nonsense'
    const broken = route53Zones(new Route53Client(CLIENT))
    expect(await refusal(broken.list())).toMatchObject({ code: 'aws/unreachable' })
  })

  it('rides out a reset and a throttled call', async () => {
    sandbox.aws.intercept(({ count }) => (count === 1 ? 'reset' : null))
    expect(await zones.list()).toHaveLength(1)
  })
})
