/** Days on which something goes wrong half-way: what is reported, what is left in place, and what the next run does. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ServiceError } from '../sandbox/aws/service.ts'
import { Problem } from '../sandbox/ca/problem.ts'
import { makeAuthority, makeLeaf } from '../sandbox/certificates.ts'
import { DAY_MS, names, only, startTrial, TABLE, type Trial } from '../support/trial.ts'

const HOST = 'www.example.com'
const ATTACH = 'elasticloadbalancing:SetLoadBalancerListenerSSLCertificate'
const CHANGE = 'route53:ChangeResourceRecordSets'

describe('on a bad day', () => {
  let trial: Trial

  beforeEach(async () => {
    trial = await startTrial(undefined, { settings: { verifyTimeoutMs: 30_000 } })
    trial.sandbox.route53.addZone('example.com')
    trial.sandbox.route53.addZone('example.org')
    await balancer('web', [HOST])
    trial.configure([entry('web')])
  })
  afterEach(() => trial.stop())

  function entry(name: string, hosts: readonly string[] = [HOST]): object {
    return { name, hosts, key_type: 'ecdsa', elb: { name } }
  }

  async function balancer(name: string, hosts: readonly string[], days = 9): Promise<void> {
    const arn = await trial.sandbox.buy(`bought-for-${name}`, { hosts, endsInMs: days * DAY_MS })
    await trial.sandbox.addLoadBalancer(name, 443, arn)
  }

  const listener = (name = 'web') => trial.sandbox.listener(name, 443)
  const attached = (name = 'web') => trial.sandbox.elb.balancers.get(name)?.listeners[0]?.certificateArn
  const isOurs = (arn: string) => arn.includes('/elb-cert-rotator/')

  /** Refuse the nth call of an action, from 1, and all that follow when `onward`. */
  function refuse(action: string, nth: number, onward = false): void {
    const error = new ServiceError('AccessDenied', `not authorized to perform: ${action}`, 403)
    trial.sandbox.aws.intercept((call) =>
      call.action === action && (call.count === nth || (onward && call.count > nth)) ? error : null,
    )
  }

  it('reports verify/not-served when the old certificate is served to the end, and undoes nothing', async () => {
    listener().delayMs = DAY_MS
    const ran = await trial.run()
    expect(ran).toMatchObject({ codes: ['verify/not-served'], outcomes: { web: 'failed' } })
    expect(isOurs(attached() ?? '')).toBe(true)
    expect(only(ran, 'run.finished').soonestExpiryDays, 'the old one is what clients see').toBeCloseTo(9, 0)
    listener().delayMs = 0
    trial.sandbox.clock.advance(DAY_MS)
    expect((await trial.run()).outcomes).toEqual({ web: 'settled' })
  })

  it('does not undo for a single failed handshake', async () => {
    let closed = 0
    listener().behaviour = ({ arn }) => (isOurs(arn) && closed++ === 0 ? 'close' : 'serve')
    expect((await trial.run()).outcomes).toEqual({ web: 'renewed' })
    expect(closed).toBeGreaterThan(1)
  })

  it('undoes when a listener serves a third certificate', async () => {
    const third = await trial.sandbox.buy('third', { hosts: [HOST], endsInMs: DAY_MS })
    const instead = trial.sandbox.iam.all().find(({ arn }) => arn === third)
    const before = attached()
    listener().behaviour = ({ arn }) => (isOurs(arn) && instead ? { instead } : 'serve')
    const ran = await trial.run()
    expect(ran).toMatchObject({ codes: ['verify/rejected'], outcomes: { web: 'rejected' } })
    expect(attached()).toBe(before)
    expect(only(ran, 'run.finished').soonestExpiryDays).toBeCloseTo(9, 0)
  })

  it('puts the previous one back in the next run where undoing failed', async () => {
    listener().behaviour = ({ arn }) => (isOurs(arn) ? 'close' : 'serve')
    const before = attached()
    refuse(ATTACH, 2)
    trial.sandbox.iam.spreadMs = 0
    const first = await trial.run()
    expect(first).toMatchObject({ codes: ['undo/failed'], outcomes: { web: 'failed' } })
    expect(names(first)).not.toContain('cert.rejected')
    expect(attached()).not.toBe(before)
    const second = await trial.run()
    expect(second).toMatchObject({ codes: ['verify/rejected'], outcomes: { web: 'rejected' } })
    expect(attached()).toBe(before)
    expect((await trial.run()).codes, 'and is not attached again').toEqual(['verify/rejected'])
  })

  it('knows that one was rejected, and what was there before, also when the tag was refused too', async () => {
    listener().behaviour = ({ arn }) => (isOurs(arn) ? 'close' : 'serve')
    const before = attached()
    trial.sandbox.iam.spreadMs = 0
    let attachments = 0
    trial.sandbox.aws.allow(
      ({ action }) => action !== 'iam:TagServerCertificate' && !(action === ATTACH && ++attachments === 2),
    )
    expect((await trial.run()).codes).toEqual(['undo/failed', 'store/tag-refused'])
    const second = await trial.run()
    expect(second.codes).toEqual(['verify/rejected', 'store/tag-refused'])
    expect(attached()).toBe(before)
  })

  it('puts the previous one back where the run that swapped it died before it looked', async () => {
    const before = attached()
    trial.sandbox.iam.spreadMs = 0
    listener().behaviour = ({ arn }) => (isOurs(arn) ? 'close' : 'serve')
    // dead to the world from the swap on: what it does after that comes to nothing
    let isDead = false
    trial.sandbox.aws.intercept(({ action }) => {
      if (isDead) return 'reset'
      isDead = action === ATTACH
      return null
    })
    await trial.run()
    expect(attached(), 'it is left broken').not.toBe(before)
    trial.sandbox.aws.intercept(null)
    trial.sandbox.clock.advance(DAY_MS / 24)
    expect((await trial.run()).codes).toEqual(['verify/rejected'])
    expect(attached()).toBe(before)
  })

  it('believes the API of a listener that was closed off before the swap, and counts it as working', async () => {
    await trial.run()
    listener().behaviour = () => 'close'
    trial.sandbox.clock.advance(DAY_MS / 24)
    await trial.run()
    for (let renewal = 0; renewal < 3; renewal++) {
      trial.sandbox.clock.advance(3 * DAY_MS)
      expect((await trial.run({ force: true })).outcomes).toEqual({ web: 'renewed' })
    }
    trial.sandbox.clock.advance(3 * DAY_MS)
    await trial.run()
    expect(
      trial.sandbox.iam.all().filter(({ arn }) => isOurs(arn)),
      'one in force, one for rollback',
    ).toHaveLength(2)
  })

  it('goes on failing while a listener has what broke it, when nobody remembers what was there before', async () => {
    listener().behaviour = ({ arn }) => (isOurs(arn) ? 'close' : 'serve')
    refuse(ATTACH, 2)
    trial.sandbox.iam.spreadMs = 0
    expect((await trial.run()).codes).toEqual(['undo/failed'])
    await trial.sandbox.dynamodb.deleteTable(TABLE)
    await trial.sandbox.dynamodb.addTable(TABLE)
    const second = await trial.run()
    expect(second).toMatchObject({ codes: ['undo/failed'], outcomes: { web: 'failed' } })
    listener().behaviour = () => 'serve'
    expect((await trial.run()).outcomes, 'somebody mended the listener').toEqual({ web: 'settled' })
  })

  it('puts back what was served before when a listener breaks in a later run than the swap', async () => {
    await trial.run()
    const good = attached()
    listener().delayMs = 600_000
    expect((await trial.run({ force: true })).codes).toEqual(['verify/not-served'])
    const fresh = attached()
    expect(fresh).not.toBe(good)
    listener().delayMs = 0
    // it still serves the good one when the run looks first, and breaks with the new one after that
    let looks = 0
    listener().behaviour = ({ arn }) => (arn === fresh ? 'close' : looks++ === 0 ? 'serve' : 'close')
    const ran = await trial.run()
    expect(ran.outcomes).toEqual({ web: 'rejected' })
    expect(attached()).toBe(good)
  })

  it('says so when the rejection could not be written down', async () => {
    listener().behaviour = ({ arn }) => (isOurs(arn) ? 'close' : 'serve')
    trial.sandbox.aws.allow(({ action }) => action !== 'iam:TagServerCertificate')
    const before = attached()
    expect((await trial.run()).codes).toEqual(['verify/rejected', 'store/tag-refused'])
    expect(attached()).toBe(before)
  })

  it('goes on failing for a rejected certificate also where the foreign one is not due', async () => {
    await balancer('fresh', [HOST], 200)
    trial.configure([entry('fresh')])
    const before = attached('fresh')
    listener('fresh').behaviour = ({ arn }) => (isOurs(arn) ? 'close' : 'serve')
    expect((await trial.run({ force: true })).outcomes).toEqual({ fresh: 'rejected' })
    expect((await trial.run()).outcomes).toEqual({ fresh: 'rejected' })
    expect(attached('fresh')).toBe(before)
  })

  it('issues once although IAM lists the new certificate late', async () => {
    trial.sandbox.iam.listLagMs = DAY_MS
    trial.configure([{ ...entry('web'), take_over: 'now' }])
    const ran = await trial.run()
    expect(ran.outcomes).toEqual({ web: 'renewed' })
    expect(names(ran).filter((name) => name === 'cert.issued')).toHaveLength(1)
  })

  it('refuses at once to attach an old certificate that the load balancer does not know', async () => {
    trial.sandbox.aws.allow(({ action }) => action !== ATTACH)
    await trial.run()
    trial.sandbox.aws.allow(null)
    trial.sandbox.clock.advance(3_600_000)
    trial.sandbox.iam.spreadMs = DAY_MS
    const calls = trial.sandbox.aws.calls.length
    expect((await trial.run()).codes).toEqual(['attach/certificate-not-found'])
    expect(trial.sandbox.aws.calls.slice(calls).filter(({ action }) => action === ATTACH)).toHaveLength(1)
  })

  it('reports what came of every certificate also when AWS can no longer be asked in the second pass', async () => {
    await balancer('bad', ['www.no-zone.test'])
    trial.configure([entry('web'), entry('bad', ['www.no-zone.test'])])
    refuse('iam:ListServerCertificates', 2, true)
    const ran = await trial.run()
    expect(ran.codes).toEqual(['dns/zone-not-found', 'aws/access-denied'])
    expect(ran.outcomes).toEqual({ web: 'renewed', bad: 'failed' })
    expect(ran.error?.code).toBe('aws/access-denied')
    expect(only(ran, 'run.finished').ok).toBe(false)
  })

  it('fails only the certificates of the zone whose change cannot be followed', async () => {
    await balancer('org', ['www.example.org'])
    trial.configure([entry('web'), entry('org', ['www.example.org'])])
    refuse('route53:GetChange', 1)
    const ran = await trial.run()
    expect(ran.codes).toEqual(['aws/access-denied'])
    expect(Object.values(ran.outcomes).sort()).toEqual(['failed', 'renewed'])
    expect(challengeValues()).toEqual([])
  })

  it('waits for the changes of every zone', async () => {
    await balancer('org', ['www.example.org'])
    trial.configure([entry('web'), entry('org', ['www.example.org'])])
    await trial.run()
    const asked = trial.sandbox.aws.calls.filter(({ action }) => action === 'route53:GetChange')
    expect(new Set(asked.flatMap(({ resources }) => resources)).size).toBe(2)
  })

  it('leaves other certificates alone when one of ours cannot be read', async () => {
    await balancer('other', ['other.example.com'])
    trial.configure([entry('web'), entry('other', ['other.example.com'])])
    trial.sandbox.aws.allow(({ action }) => action !== ATTACH)
    await trial.run()
    trial.sandbox.aws.allow(({ action }) => action !== 'iam:GetServerCertificate')
    const [one] = trial.sandbox.iam.all().filter(({ name }) => name.startsWith('other'))
    trial.sandbox.elb.balancers
      .get('other')
      ?.listeners.splice(0, 1, { port: 443, protocol: 'HTTPS', certificateArn: one?.arn ?? '' })
    if (one) listener('other').attach(one)
    const ran = await trial.run()
    expect(ran.outcomes).toEqual({ web: 'failed', other: 'settled' })
    expect(ran.codes).toEqual(['aws/access-denied'])
  })

  it('fails when what it attaches does not last, because another tool sets the listener', async () => {
    const theirs = attached() ?? ''
    const [one] = trial.sandbox.elb.balancers.get('web')?.listeners ?? []
    trial.sandbox.aws.intercept(({ action }) => {
      if (action === 'elasticloadbalancing:DescribeLoadBalancers' && one) one.certificateArn = theirs
      return null
    })
    const ran = await trial.run()
    expect(ran).toMatchObject({ codes: ['run/not-settled'], outcomes: { web: 'failed' } })
    expect(names(ran).filter((name) => name === 'cert.issued')).toHaveLength(1)
  })

  it('issues once a run although runs are too far apart for what the CA issues, and says so', async () => {
    const ran = await trial.run({}, 365 * DAY_MS)
    expect(ran.outcomes).toEqual({ web: 'renewed' })
    expect(names(ran).filter((name) => name === 'cert.issued')).toHaveLength(1)
    const again = await trial.run({}, 365 * DAY_MS)
    expect(again.events.find((event) => event.event === 'cert.due')).toMatchObject({
      reason: 'renewal-due',
      detail: expect.stringContaining('runs are too far apart'),
    })
  })

  it('goes back to a certificate that once broke a listener and was mended', async () => {
    await balancer('quiet', [HOST])
    listener('quiet').behaviour = () => 'close'
    const targets = [{ elb: { name: 'web' } }, { elb: { name: 'quiet' } }]
    trial.configure([{ name: 'web', hosts: [HOST], key_type: 'ecdsa', targets }])
    trial.sandbox.iam.spreadMs = 0
    listener().behaviour = ({ arn }) => (isOurs(arn) ? 'close' : 'serve')
    refuse(ATTACH, 3)
    expect((await trial.run()).codes).toEqual(['undo/failed'])
    trial.sandbox.aws.intercept(null)
    const mended = attached()
    listener().behaviour = () => 'serve'
    expect((await trial.run()).outcomes).toEqual({ web: 'settled' })
    listener().behaviour = ({ arn }) => (arn === mended ? 'serve' : 'close')
    expect((await trial.run({ force: true })).codes).toEqual(['verify/rejected'])
    expect(attached()).toBe(mended)
  })

  it('goes on failing when a forced certificate does not mend a broken listener either', async () => {
    listener().behaviour = ({ arn }) => (isOurs(arn) ? 'close' : 'serve')
    refuse(ATTACH, 2)
    trial.sandbox.iam.spreadMs = 0
    expect((await trial.run()).codes).toEqual(['undo/failed'])
    trial.sandbox.aws.intercept(null)
    const forced = await trial.run({ force: true })
    expect(forced).toMatchObject({ codes: ['verify/rejected'], outcomes: { web: 'rejected' } })
    expect(isOurs(attached() ?? ''), 'what worked before both is back').toBe(false)
    expect((await trial.run()).codes, 'and it stays so').toEqual(['verify/rejected'])
  })

  it('says so, by name, when challenge values could not be taken away', async () => {
    refuse(CHANGE, 2, true)
    const ran = await trial.run()
    expect(ran).toMatchObject({ codes: ['dns/clean-up-failed'], outcomes: { web: 'failed' } })
    const [event] = ran.events.filter((one) => one.event === 'cert.failed')
    expect(event?.error.message).toContain(
      'challenge values are still at _acme-challenge.www.example.com in example.com',
    )
    expect(challengeValues()).toHaveLength(1)
    expect(isOurs(attached() ?? ''), 'the certificate is in place all the same').toBe(true)
  })

  it.each(['reset', 'lost'] as const)(
    'leaves no challenge value when every answer to the first change is %s',
    async (mishap) => {
      trial.sandbox.aws.intercept(({ action, count }) => (action === CHANGE && count <= 5 ? mishap : null))
      const ran = await trial.run()
      expect(Object.values(ran.outcomes)).toHaveLength(1)
      expect(challengeValues()).toEqual([])
    },
  )

  it('goes on when one answer to a write was lost', async () => {
    const writes = [CHANGE, ATTACH, 'iam:UploadServerCertificate', 'ssm:PutParameter']
    trial.sandbox.aws.intercept(({ action, count }) =>
      writes.includes(action) && count === 1 ? 'lost' : null,
    )
    const ran = await trial.run()
    expect(ran).toMatchObject({ codes: [], outcomes: { web: 'renewed' } })
    expect(challengeValues()).toEqual([])
  })

  it.each<[string, (hosts: readonly string[]) => Promise<string>, RegExp]>([
    ['for another key', async (hosts) => (await strangeLeaf(hosts)).pem, /is for another key/],
    ['without a host', async () => (await strangeLeaf(['other.example.com'])).pem, /lacks www\.example\.com/],
  ])('stores nothing when the CA delivers a certificate %s', async (_, deliver, words) => {
    const pem = await deliver([HOST])
    trial.sandbox.ca.options.deliver = () => pem
    const before = trial.sandbox.iam.all().length
    const ran = await trial.run()
    expect(ran.codes).toEqual(['acme/certificate-unusable'])
    expect(ran.events.find((one) => one.event === 'cert.failed')?.error.message).toMatch(words)
    expect(trial.sandbox.iam.all()).toHaveLength(before)
    trial.sandbox.ca.options.deliver = (chain) => chain
    trial.sandbox.clock.advance(60_000)
    expect((await trial.run()).outcomes, 'with another order').toEqual({ web: 'renewed' })
    expect(trial.sandbox.ca.book.issued).toHaveLength(2)
  })

  it.each([
    ['text', 'no certificate at all'],
    ['half a chain', '-----BEGIN CERTIFICATE-----\nAAAA'],
    ['a certificate of nonsense', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'],
  ])('asks for the same certificate again in the next run when the CA delivered %s', async (_, text) => {
    trial.sandbox.ca.options.deliver = () => text
    expect((await trial.run()).codes).toEqual(['acme/unexpected-answer'])
    trial.sandbox.ca.options.deliver = (chain) => chain
    expect((await trial.run()).outcomes).toEqual({ web: 'renewed' })
    expect(trial.sandbox.ca.book.issued).toHaveLength(1)
  })

  it("fails with acme/order-failed and the CA's words when issuing goes wrong at the CA", async () => {
    trial.sandbox.ca.options.spoil = () => new Problem('caa', 'CAA record prevents issuance', 403)
    const ran = await trial.run()
    expect(ran.codes).toEqual(['acme/order-failed'])
    expect(ran.events.find((one) => one.event === 'cert.failed')?.error.message).toContain(
      'CAA record prevents issuance (caa)',
    )
  })

  it('fails with acme/no-dns-challenge where the CA offers others alone', async () => {
    trial.sandbox.ca.options.offers = ['http-01', 'tls-alpn-01']
    const ran = await trial.run()
    expect(ran.codes).toEqual(['acme/no-dns-challenge'])
    expect(ran.events.find((one) => one.event === 'cert.failed')?.error.message).toContain(
      'offers http-01, tls-alpn-01',
    )
  })

  describe('with a certificate of ACM, which only a handshake can tell', () => {
    function attachOfAcm(name: string): void {
      const [one] = trial.sandbox.elb.balancers.get(name)?.listeners ?? []
      if (one)
        one.certificateArn =
          'arn:aws:acm:us-east-1:123456789012:certificate/01234567-89ab-cdef-0123-456789abcdef'
    }

    it('leaves it until it is due', async () => {
      await balancer('acm', [HOST], 200)
      attachOfAcm('acm')
      trial.configure([entry('acm')])
      const before = trial.sandbox.snapshot()
      expect((await trial.run()).outcomes).toEqual({ acm: 'settled' })
      expect(trial.sandbox.snapshot()).toEqual(before)
    })

    it('replaces it when it is due', async () => {
      attachOfAcm('web')
      expect((await trial.run()).outcomes).toEqual({ web: 'renewed' })
    })

    it('holds it back when the listener cannot be reached, and says so', async () => {
      attachOfAcm('web')
      listener().behaviour = () => 'close'
      const before = trial.sandbox.snapshot()
      const ran = await trial.run()
      expect(ran.outcomes).toEqual({ web: 'held-back' })
      expect(trial.sandbox.snapshot()).toEqual(before)
    })
  })

  async function strangeLeaf(hosts: readonly string[]): Promise<{ pem: string }> {
    return makeLeaf(await makeAuthority('Strange CA'), {
      hosts,
      notBefore: Date.now() - DAY_MS,
      notAfter: Date.now() + DAY_MS,
    })
  }

  function challengeValues(): string[] {
    return trial.sandbox.route53
      .zones()
      .flatMap(({ id }) => trial.sandbox.route53.records(id))
      .filter(({ name }) => name.startsWith('_acme-challenge'))
      .flatMap(({ values }) => values)
  }

  it('tells by metrics what came of a run, and nothing for a dry one or one that looked at some only', async () => {
    await balancer('bad', ['www.no-zone.test'])
    trial.configure([entry('web'), entry('bad', ['www.no-zone.test'])])
    expect((await trial.run({ dryRun: true })).metrics).toEqual({})
    expect((await trial.run({ only: ['web'] })).metrics).toEqual({})
    expect((await trial.run()).metrics).toEqual({
      runsFinished: 1,
      certificatesFailing: 1,
      certificatesRenewed: 0,
      certificatesHeldBack: 0,
      daysLeft: 9,
      storeUsedPercent: 15,
    })
  })

  it('says nothing of failing certificates when AWS could not be asked', async () => {
    refuse('iam:ListServerCertificates', 1)
    const { metrics } = await trial.run()
    expect(metrics).toMatchObject({ runsFinished: 1 })
    expect(metrics).not.toHaveProperty('certificatesFailing')
  })

  it('counts a certificate as failing whose due time is long past, whatever held it back', async () => {
    await trial.run()
    trial.sandbox.iam.limit = 2
    trial.sandbox.clock.advance(60 * DAY_MS)
    const held = await trial.run()
    expect(held.codes).toEqual(['store/quota-full'])
    trial.sandbox.clock.advance(12 * DAY_MS)
    expect((await trial.run()).metrics).toMatchObject({ certificatesFailing: 1, storeUsedPercent: 100 })
  })

  it('warns of a full store when nothing else asks, and says when that is not known', async () => {
    await trial.run()
    refuse('iam:GetAccountSummary', 1)
    const ran = await trial.run()
    expect(ran.outcomes).toEqual({ web: 'settled' })
    expect(only(ran, 'quota.unread').error.code).toBe('aws/access-denied')
    expect(ran.metrics).not.toHaveProperty('storeUsedPercent')
  })

  it('says that the schedule is too slow once lifetimes have shrunk', async () => {
    expect(names(await trial.run())).not.toContain('schedule.outpaced')
    const ran = await trial.run({}, 3 * DAY_MS)
    expect(only(ran, 'schedule.outpaced')).toMatchObject({
      certId: 'web',
      windowHours: 43.2,
      intervalHours: 72,
    })
  })
})
