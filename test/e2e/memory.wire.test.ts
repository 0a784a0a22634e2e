/** What is remembered between runs: orders that are gone on with, one run at a time, what is deleted, and what is not. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { generateKey } from '../../lambda/adapters/node-keys.ts'
import { keyParameterPath, specificationHash } from '../../lambda/domain/names.ts'
import type { CertificateState } from '../../lambda/domain/remembered.ts'
import { ServiceError } from '../sandbox/aws/service.ts'
import { Problem } from '../sandbox/ca/problem.ts'
import { remember, storeOurs } from '../support/ours.ts'
import { DEPLOYMENT } from '../support/runners.ts'
import { DAY_MS, names, only, type Ran, startTrial, TABLE, type Trial } from '../support/trial.ts'

const HOST = 'www.example.com'
const HOUR_MS = 3_600_000
const UPLOAD = 'iam:UploadServerCertificate'
const ATTACH = 'elasticloadbalancing:SetLoadBalancerListenerSSLCertificate'

describe('between two runs', () => {
  let trial: Trial
  let zone: string

  beforeEach(async () => {
    trial = await startTrial(undefined, {
      propagationMs: 0,
      spreadMs: 0,
      ca: { validationDelayMs: 0, finalizeDelayMs: 0 },
      settings: { verifyTimeoutMs: 30_000, dnsSyncTimeoutMs: 10_000, acmePollTimeoutMs: 20_000 },
    })
    zone = trial.sandbox.route53.addZone('example.com')
    await balancer('web', [HOST])
    trial.configure([entry('web')])
  })
  afterEach(async () => {
    const left = [...values(), ...keysInFlight()]
    await trial.stop()
    expect(left, 'no challenge value and no key is left').toEqual([])
  })

  function entry(name: string, hosts: readonly string[] = [HOST], more: object = {}): object {
    return { name, hosts, key_type: 'ecdsa', elb: { name }, ...more }
  }

  async function balancer(name: string, hosts: readonly string[], days = 9): Promise<void> {
    const arn = await trial.sandbox.buy(`bought-for-${name}`, { hosts, endsInMs: days * DAY_MS })
    await trial.sandbox.addLoadBalancer(name, 443, arn)
  }

  function values(): string[] {
    const { route53 } = trial.sandbox
    return route53
      .records(zone)
      .filter(({ name, type }) => type === 'TXT' && name.startsWith('_acme-challenge'))
      .flatMap((set) => set.values.filter((value) => !value.includes('foreign')))
  }

  function keysInFlight(): string[] {
    const { parameters } = trial.sandbox.ssm
    return [...parameters.keys()].filter((name) => name.startsWith(keyParameterPath(DEPLOYMENT)))
  }

  const specified = () => ({ id: 'web', hosts: [HOST], directoryUrl: trial.sandbox.ca.directoryUrl })
  const attached = (name = 'web') => trial.sandbox.elb.balancers.get(name)?.listeners[0]?.certificateArn
  const isOurs = (arn: string | null | undefined) => arn?.includes('/elb-cert-rotator/') ?? false
  const issued = () => trial.sandbox.ca.book.issued.length

  async function stateOf(certId: string): Promise<CertificateState> {
    const items = await trial.sandbox.dynamodb.items(TABLE)
    return JSON.parse(String(items.get(`cert#${certId}`)?.['data'])) as CertificateState
  }

  function refuseOnce(action: string): void {
    const { aws } = trial.sandbox
    aws.intercept((call) =>
      call.action === action && call.count === 1 ? new ServiceError('InvalidInput', 'not today') : null,
    )
  }

  async function later(ms = HOUR_MS): Promise<Ran> {
    trial.sandbox.clock.advance(ms)
    return trial.run()
  }

  function resumed(ran: Ran): string[] {
    return ran.events.flatMap((event) => (event.event === 'order.resumed' ? [event.status] : []))
  }

  function dropped(ran: Ran): string[] {
    return ran.events.flatMap((event) => (event.event === 'order.dropped' ? [event.why] : []))
  }

  describe('an order in flight', () => {
    it('that is valid is fetched again when the upload was refused: the CA issues once', async () => {
      refuseOnce(UPLOAD)
      expect((await trial.run()).codes).toEqual(['store/refused'])
      expect(keysInFlight()).toHaveLength(1)
      expect((await stateOf('web')).order?.keyParameter).toBe(keysInFlight()[0])
      const second = await later()
      expect(second).toMatchObject({ outcomes: { web: 'renewed' }, codes: [] })
      expect(resumed(second)).toEqual(['valid'])
      expect(issued()).toBe(1)
      expect((await stateOf('web')).order).toBeNull()
    })

    it('that is pending is answered again, with its values written anew', async () => {
      trial.sandbox.route53.propagationMs = 60_000
      expect((await trial.run()).codes).toEqual(['dns/not-in-sync'])
      trial.sandbox.route53.propagationMs = 0
      const second = await later()
      expect(second.outcomes).toEqual({ web: 'renewed' })
      expect(resumed(second)).toEqual(['pending'])
      expect(trial.sandbox.ca.requests.get('new-order')).toBe(1)
    })

    it('that is ready is finalized with the key that is kept', async () => {
      trial.sandbox.ca.options.refuse = (operation) =>
        operation === 'finalize' ? new Problem('serverInternal', 'out of order', 500) : null
      expect((await trial.run()).codes).toEqual(['acme/refused'])
      const [kept] = keysInFlight()
      trial.sandbox.ca.options.refuse = () => null
      const second = await later()
      expect(resumed(second)).toEqual(['ready'])
      expect(second.outcomes).toEqual({ web: 'renewed' })
      expect(kept).toBeDefined()
      expect(trial.sandbox.ca.requests.get('new-order')).toBe(1)
    })

    it('that is processing is waited for', async () => {
      trial.sandbox.ca.options.finalizeDelayMs = HOUR_MS
      expect((await trial.run()).codes).toEqual(['acme/timed-out'])
      // half of what is left has passed when the second run looks
      trial.sandbox.clock.advance(HOUR_MS - 40_000)
      const second = await trial.run()
      expect(resumed(second)).toEqual(['processing'])
      expect(second.outcomes).toEqual({ web: 'renewed' })
      expect(issued()).toBe(1)
    })

    it('is dropped with its key when it is for another specification', async () => {
      refuseOnce(UPLOAD)
      await trial.run()
      trial.configure([entry('web', [HOST], { key_type: 'ecdsa-p384' })])
      const second = await later()
      expect(dropped(second)).toEqual(['it is for another specification'])
      expect(second.outcomes).toEqual({ web: 'renewed' })
    })

    it('is dropped when the CA has forgotten it', async () => {
      refuseOnce(UPLOAD)
      await trial.run()
      trial.sandbox.ca.book.orders.clear()
      const second = await later()
      expect(dropped(second)).toEqual([expect.stringContaining('No such resource')])
      expect(second.outcomes).toEqual({ web: 'renewed' })
      expect(issued()).toBe(2)
    })

    it('is dropped when it failed', async () => {
      trial.sandbox.ca.options.spoil = () => new Problem('caa', 'a record forbids it', 403)
      expect((await trial.run()).codes).toEqual(['acme/order-failed'])
      trial.sandbox.ca.options.spoil = () => null
      const second = await later()
      expect(dropped(second)).toEqual([expect.stringContaining('a record forbids it')])
      expect(second.outcomes).toEqual({ web: 'renewed' })
    })

    it('is dropped when its key is gone, and when its parameter holds no key: nothing of it is told', async () => {
      for (const [spoil, why] of [
        [
          () => trial.sandbox.ssm.parameters.delete(keysInFlight()[0] ?? ''),
          'it is valid, and its key is gone',
        ],
        [() => spoilKey('{"version":1,"key":"secret words"}'), 'holds no private key of version 1'],
        [() => spoilKey('secret words'), '(key/unreadable)'],
      ] as const) {
        refuseOnce(UPLOAD)
        await trial.run({ force: true })
        spoil()
        const second = await trial.run({ force: true })
        expect(dropped(second)).toEqual([expect.stringContaining(why)])
        expect(JSON.stringify(second.events)).not.toContain('secret words')
        expect(second.outcomes).toEqual({ web: 'renewed' })
        // IAM counts whole seconds: an order of the same one would look as if it was stored
        trial.sandbox.clock.advance(HOUR_MS)
      }
    })

    function spoilKey(value: string): void {
      const name = keysInFlight()[0] ?? ''
      trial.sandbox.ssm.parameters.set(name, { type: 'SecureString', value, version: 1 })
    }

    it('is dropped when its key is of another type', async () => {
      refuseOnce(UPLOAD)
      await trial.run()
      const other = await generateKey('ecdsa-p384')
      spoilKey(JSON.stringify({ version: 1, key: other.export({ type: 'pkcs8', format: 'pem' }) }))
      const second = await later()
      expect(dropped(second)).toEqual(['its key is of another type'])
      expect(second.outcomes).toEqual({ web: 'renewed' })
    })

    it('is kept while the CA cannot be asked', async () => {
      refuseOnce(UPLOAD)
      await trial.run()
      trial.sandbox.ca.mishap = (kind) => (kind === 'order' ? 'reset' : null)
      expect((await later()).codes).toEqual(['acme/unreachable'])
      trial.sandbox.ca.mishap = () => null
      expect((await later()).outcomes).toEqual({ web: 'renewed' })
      expect(issued()).toBe(1)
    })

    it.each<[string, number, string]>([
      ['a page of a proxy', 200, '<html>Sign in</html>'],
      ['a refusal of a proxy', 403, '<html>Forbidden</html>'],
      ['trouble of its own', 500, ''],
      ['a refused nonce', 400, '{"type":"urn:ietf:params:acme:error:badNonce","detail":"no"}'],
    ])('is kept when the CA seems to answer with %s', async (_, status, text) => {
      refuseOnce(UPLOAD)
      await trial.run()
      trial.sandbox.ca.mishap = (kind) => (kind === 'order' ? { status, text } : null)
      expect((await later()).outcomes).toEqual({ web: 'failed' })
      trial.sandbox.ca.mishap = () => null
      expect((await later()).outcomes).toEqual({ web: 'renewed' })
      expect(issued()).toBe(1)
    })

    it('of other hosts, as a table that was copied may have it, is dropped', async () => {
      await balancer('other', ['other.example.com'])
      trial.configure([entry('other', ['other.example.com'])])
      refuseOnce(UPLOAD)
      await trial.run()
      const { order } = await stateOf('other')
      const own = specificationHash({ ...specified(), keyType: 'ecdsa', profile: null })
      await remember(trial.sandbox, TABLE, 'web', { order: order && { ...order, specificationHash: own } })
      trial.configure([entry('web'), entry('other', ['other.example.com'])])
      const second = await later()
      expect(dropped(second).join()).toContain('is for other.example.com, expected www.example.com')
      expect(second.outcomes).toMatchObject({ web: 'renewed' })
    })

    it('of which nobody would know is left no key of: neither in the table, nor in the run that was refused it', async () => {
      let puts = 0
      trial.sandbox.aws.intercept(({ action, body }) => {
        if (action === UPLOAD) return new ServiceError('InvalidInput', 'not today')
        const isOrder = action === 'dynamodb:PutItem' && body.includes('cert#web') && body.includes('/order/')
        return isOrder && ++puts > 0 ? new ServiceError('ValidationException', 'not today') : null
      })
      expect((await trial.run()).codes).toContain('store/refused')
      expect(puts).toBeGreaterThan(0)
      expect(keysInFlight()).toEqual([])
      trial.sandbox.aws.intercept(null)
      expect((await later()).outcomes).toEqual({ web: 'renewed' })
    })

    it('keeps its key in mind where that could not be deleted, and deletes it in the next run', async () => {
      refuseOnce('ssm:DeleteParameter')
      const first = await trial.run()
      expect(first).toMatchObject({ codes: ['aws/refused'], outcomes: { web: 'failed' } })
      expect(keysInFlight()).toEqual([(await stateOf('web')).order?.keyParameter])
      expect(await later()).toMatchObject({ error: null, outcomes: { web: 'settled' } })
      expect((await stateOf('web')).order).toBeNull()
    })

    it('that is processing is dropped as well when its key is gone', async () => {
      trial.sandbox.ca.options.finalizeDelayMs = HOUR_MS
      await trial.run()
      trial.sandbox.ssm.parameters.delete(keysInFlight()[0] ?? '')
      trial.sandbox.clock.advance(60_000)
      const second = await trial.run()
      expect(dropped(second)).toEqual(['it is processing, and its key is gone'])
      trial.sandbox.ca.options.finalizeDelayMs = 0
      await later(2 * HOUR_MS)
    })

    it('is kept while its listener is away for a run', async () => {
      refuseOnce(UPLOAD)
      await trial.run()
      const { balancers } = trial.sandbox.elb
      const web = balancers.get('web')
      balancers.delete('web')
      expect((await later()).codes).toEqual(['elb/load-balancer-not-found'])
      if (web) balancers.set('web', web)
      expect((await later()).outcomes).toEqual({ web: 'renewed' })
      expect(issued()).toBe(1)
    })

    it('that nobody can be asked about is dropped when it is older than orders live', async () => {
      const order = {
        url: 'https://127.0.0.1:9/order/1',
        specificationHash: specificationHash({ ...specified(), keyType: 'ecdsa', profile: null }),
        keyParameter: `${keyParameterPath(DEPLOYMENT)}none`,
        since: trial.sandbox.clock.now() - 6 * DAY_MS,
        isReplacement: false,
      }
      await remember(trial.sandbox, TABLE, 'web', { order })
      expect((await trial.run()).codes).toEqual(['acme/unreachable'])
      expect((await later(2 * DAY_MS)).outcomes).toEqual({ web: 'renewed' })
    })

    it('is not gone on with when its certificate is stored: a rejected one would come back as its own successor', async () => {
      trial.sandbox.aws.allow(({ action }) => action !== 'ssm:DeleteParameter')
      const listener = trial.sandbox.listener('web', 443)
      listener.behaviour = ({ arn }) => (isOurs(arn) ? 'close' : 'serve')
      expect(new Set((await trial.run()).codes)).toEqual(new Set(['aws/access-denied', 'verify/rejected']))
      expect(new Set((await later(DAY_MS)).codes)).toContain('verify/rejected')
      trial.sandbox.aws.allow(null)
      listener.behaviour = () => 'serve'
      expect((await later(DAY_MS)).outcomes).toEqual({ web: 'renewed' })
      expect(issued()).toBeGreaterThan(1)
    })

    it('that nothing needs any more is given up', async () => {
      refuseOnce(UPLOAD)
      await trial.run()
      const arn = await trial.sandbox.buy('fresh', { hosts: [HOST], endsInMs: 300 * DAY_MS })
      const listener = trial.sandbox.elb.balancers.get('web')?.listeners[0]
      if (listener) listener.certificateArn = arn
      const second = await later()
      expect(names(second)).toContain('cert.cleaned-up')
      expect(second.outcomes).toEqual({ web: 'settled' })
      expect((await stateOf('web')).order).toBeNull()
    })

    it('of an entry that is gone is given up, with its key and its values', async () => {
      await balancer('other', ['other.example.com'], 300)
      refuseOnce(UPLOAD)
      await trial.run()
      trial.sandbox.route53.put(zone, {
        name: `_acme-challenge.${HOST}`,
        type: 'TXT',
        ttl: 10,
        values: ['"left"', '"foreign"'],
      })
      const noted = { zone: { id: zone, name: 'example.com', group: 0 }, name: `_acme-challenge.${HOST}` }
      await remember(trial.sandbox, TABLE, 'web', {
        ...(await stateOf('web')),
        values: [{ ...noted, ours: ['"left"'] }],
      })
      trial.configure([entry('other', ['other.example.com'])])
      expect(await later()).toMatchObject({ outcomes: { other: 'settled' }, codes: [] })
      expect((await trial.sandbox.dynamodb.items(TABLE)).has('cert#web')).toBe(false)
      expect(trial.sandbox.route53.records(zone).find(({ type }) => type === 'TXT')?.values).toEqual([
        '"foreign"',
      ])
    })
  })

  it('goes on trying to take away what an entry that is gone has left, where it may', async () => {
    await balancer('other', ['other.example.com'], 300)
    const name = `_acme-challenge.${HOST}`
    const noted = { zone: { id: zone, name: 'example.com', group: 0 }, name }
    trial.sandbox.route53.put(zone, { name, type: 'TXT', ttl: 10, values: ['"left"'] })
    await remember(trial.sandbox, TABLE, 'web', { values: [{ ...noted, ours: ['"left"'] }] })
    trial.sandbox.aws.intercept(({ action }) =>
      action === 'route53:ChangeResourceRecordSets' ? new ServiceError('InvalidInput', 'not today') : null,
    )
    trial.configure([entry('other', ['other.example.com'])])
    expect((await later()).codes).toEqual(['dns/clean-up-failed'])
    trial.sandbox.aws.intercept(null)
    const only = await later()
    expect(only.error).toBeNull()
    expect((await trial.sandbox.dynamodb.items(TABLE)).has('cert#web')).toBe(false)
  })

  it('leaves alone what a gone entry has left where the run is about some only', async () => {
    await balancer('other', ['other.example.com'], 300)
    await remember(trial.sandbox, TABLE, 'web', { postponed: true })
    trial.configure([entry('other', ['other.example.com'])])
    await trial.run({ only: ['other'] })
    expect((await trial.sandbox.dynamodb.items(TABLE)).has('cert#web')).toBe(true)
  })

  it('tells once what an entry that is gone has left where the function may not write any more', async () => {
    await balancer('other', ['other.example.com'], 300)
    const noted = { zone: { id: zone, name: 'example.com', group: 0 }, name: `_acme-challenge.${HOST}` }
    await remember(trial.sandbox, TABLE, 'web', { values: [{ ...noted, ours: ['"left"'] }] })
    trial.sandbox.aws.allow(({ action }) => !action.startsWith('route53:'))
    trial.configure([entry('other', ['other.example.com'])])
    expect(await later()).toMatchObject({ codes: ['dns/clean-up-failed'], outcomes: { other: 'settled' } })
    expect(await later()).toMatchObject({ error: null })
  })

  it('is content where what an entry has left is gone from a zone that it may not write any more', async () => {
    await balancer('other', ['other.example.com'], 300)
    const noted = { zone: { id: zone, name: 'example.com', group: 0 }, name: `_acme-challenge.${HOST}` }
    await remember(trial.sandbox, TABLE, 'other', { values: [{ ...noted, ours: ['"left"'] }] })
    trial.sandbox.aws.allow(({ action }) => action !== 'route53:ChangeResourceRecordSets')
    trial.configure([entry('other', ['other.example.com'])])
    expect(await later()).toMatchObject({ error: null, outcomes: { other: 'settled' } })
    expect((await stateOf('other')).values).toEqual([])
  })

  describe('challenge values', () => {
    it('that could not be taken away stay remembered when new ones at the same name could', async () => {
      const name = `_acme-challenge.${HOST}`
      trial.sandbox.route53.put(zone, { name, type: 'TXT', ttl: 10, values: ['"left"'] })
      const noted = { zone: { id: zone, name: 'example.com', group: 0 }, name }
      await remember(trial.sandbox, TABLE, 'web', { values: [{ ...noted, ours: ['"left"'] }] })
      refuseOnce('route53:ChangeResourceRecordSets')
      await trial.run()
      expect((await stateOf('web')).values).toMatchObject([{ ours: ['"left"'] }])
      await later()
      expect(values()).toEqual([])
    })

    it('that could not be taken away are remembered, and taken away by the next run', async () => {
      let changes = 0
      trial.sandbox.aws.intercept(({ action }) =>
        action === 'route53:ChangeResourceRecordSets' && ++changes > 1
          ? new ServiceError('AccessDenied', 'no', 403)
          : null,
      )
      expect((await trial.run()).codes).toEqual(['dns/clean-up-failed'])
      expect(values()).toHaveLength(1)
      expect((await later()).codes, 'until they are').toEqual(['dns/clean-up-failed'])
      trial.sandbox.aws.intercept(null)
      expect(await later()).toMatchObject({ codes: [], outcomes: { web: 'settled' } })
      expect(values()).toEqual([])
    })
  })

  describe('two runs at the same time', () => {
    it('do not both act: the other says so, and is no failure', async () => {
      const [one, other] = await Promise.all([trial.run(), trial.run()])
      const [yielded, acted] = Object.keys(one.outcomes).length === 0 ? [one, other] : [other, one]
      expect(acted.outcomes).toEqual({ web: 'renewed' })
      expect(names(yielded)).toEqual(['run.started', 'run.yielded', 'run.finished'])
      expect(yielded).toMatchObject({ error: null, metrics: {} })
      expect(issued()).toBe(1)
      expect((await trial.sandbox.dynamodb.items(TABLE)).has('lease')).toBe(false)
    })

    it('are kept apart by a lease that ends by itself', async () => {
      const { clock } = trial.sandbox
      await lease({ holder: 'dead', expiresAt: clock.now() + 10 * 60_000 })
      expect(names(await trial.run())).toContain('run.yielded')
      expect(await later(12 * 60_000)).toMatchObject({ outcomes: { web: 'renewed' } })
    })

    it('stop the first one when it lost its lease: it writes nothing more', async () => {
      const { sandbox } = trial
      const before = attached()
      sandbox.aws.intercept(({ action, count }) => {
        if (action === UPLOAD && count === 1) {
          // it was asleep for long, and another run has begun
          sandbox.clock.advance(20 * 60_000)
          void lease({ holder: 'another', expiresAt: sandbox.clock.now() + 600_000 })
        }
        return null
      })
      const ran = await trial.run()
      expect(new Set(ran.codes)).toEqual(new Set(['run/lease-lost']))
      expect(attached()).toBe(before)
      sandbox.aws.intercept(null)
      expect(await later()).toMatchObject({ outcomes: { web: 'attached' }, codes: [] })
    })

    it('are none when the lease is taken over and the answer is lost', async () => {
      await lease({ holder: 'dead', expiresAt: trial.sandbox.clock.now() - HOUR_MS })
      trial.sandbox.aws.intercept(({ action, count }) =>
        action === 'dynamodb:PutItem' && count === 2 ? 'lost' : null,
      )
      expect((await trial.run()).outcomes).toEqual({ web: 'renewed' })
    })

    it.each([
      ['state/item-newer', { v: 2 }],
      ['state/other-deployment', { deployment: 'elsewhere' }],
    ])('are refused where the lease is %s: nobody knows who holds it', async (code, item) => {
      const data = JSON.stringify({ holder: 'x', expiresAt: trial.sandbox.clock.now() + 600_000 })
      const at = trial.sandbox.clock.now()
      await trial.sandbox.dynamodb.put(TABLE, {
        id: 'lease',
        v: 1,
        deployment: DEPLOYMENT,
        at,
        data,
        ...item,
      })
      const before = trial.sandbox.snapshot()
      expect(await trial.run()).toMatchObject({ error: { code }, outcomes: {} })
      expect(trial.sandbox.snapshot()).toEqual(before)
    })

    it('keep their lease to its end while the table cannot be asked: a broken listener gets its certificate back', async () => {
      const { sandbox } = trial
      const before = attached()
      sandbox.listener('web', 443).behaviour = ({ arn }) => (isOurs(arn) ? 'close' : 'serve')
      sandbox.aws.intercept(({ action }) => {
        if (action === ATTACH && attached() === before) sandbox.clock.advance(6 * 60_000)
        const isLater = action.startsWith('dynamodb:') && attached() !== before
        return isLater ? new ServiceError('ThrottlingException', 'not today') : null
      })
      await trial.run()
      sandbox.aws.intercept(null)
      expect(attached()).toBe(before)
    })

    it('are kept apart also where the table cannot be read after the lease was taken', async () => {
      trial.sandbox.aws.allow(({ action }) => action !== 'dynamodb:Scan')
      const ran = await trial.run()
      expect(ran).toMatchObject({ error: { code: 'aws/access-denied' }, outcomes: { web: 'renewed' } })
      expect((await trial.sandbox.dynamodb.items(TABLE)).has('lease'), 'given back').toBe(false)
    })

    it('are none for a dry run, which takes no lease and is kept out by none', async () => {
      await lease({ holder: 'other', expiresAt: trial.sandbox.clock.now() + 600_000 })
      expect(only(await trial.run({ dryRun: true }), 'plan.made').actions.length).toBeGreaterThan(0)
      trial.sandbox.clock.advance(HOUR_MS)
      await trial.run()
    })
  })

  async function lease(data: object, at = trial.sandbox.clock.now()): Promise<void> {
    const item = { id: 'lease', v: 1, deployment: DEPLOYMENT, at, data: JSON.stringify(data) }
    await trial.sandbox.dynamodb.put(TABLE, item)
  }

  describe('what is wrong in the table', () => {
    const told = (ran: Ran) =>
      ran.events.flatMap((event) => (event.event === 'state.unread' ? [event.error.code] : []))
    const put = (item: Record<string, string | number>) =>
      trial.sandbox.dynamodb.put(TABLE, {
        id: 'cert#web',
        v: 1,
        deployment: DEPLOYMENT,
        at: trial.sandbox.clock.now(),
        ...item,
      })

    it.each([
      ['no data', {}],
      ['data that is no JSON', { data: 'x' }],
      ['data of another shape', { data: '{"order":7}' }],
      ['instants beyond all time', { data: '{}', at: 1e30 }],
    ])('an item with %s is told, and written anew', async (_, item) => {
      await put(item)
      const ran = await trial.run()
      expect(told(ran)).toEqual(['state/item-unreadable'])
      expect(ran).toMatchObject({ error: null, outcomes: { web: 'renewed' } })
      expect(isOurs((await stateOf('web')).working['web:443']?.arn)).toBe(true)
    })

    it.each([
      ['state/item-newer', { v: 2, data: '{"to":"come"}' }],
      ['state/other-deployment', { deployment: 'elsewhere', data: '{}' }],
    ])('an item that is %s is left alone, and fails the run, which acts all the same', async (code, item) => {
      await put(item)
      const ran = await trial.run()
      expect(told(ran)).toEqual([code])
      expect(ran).toMatchObject({ error: { code }, codes: [code], outcomes: { web: 'renewed' } })
      const kept = (await trial.sandbox.dynamodb.items(TABLE)).get('cert#web')
      expect(kept).toMatchObject(item)
      expect(keysInFlight(), 'what nobody would remember is not left').toEqual([])
    })

    it('a lease that no run would ask for is told, and taken over', async () => {
      await lease({ holder: 'x', expiresAt: trial.sandbox.clock.now() + 400 * DAY_MS })
      const ran = await trial.run()
      expect(told(ran)).toEqual(['state/item-unreadable'])
      expect(ran).toMatchObject({ error: null, outcomes: { web: 'renewed' } })
    })

    it.each([
      ['lease', { data: JSON.stringify({ holder: 'x', expiresAt: 1 }) }],
      ['cert#web', { data: '{}' }],
    ])('%s of the future: nothing is touched, and the message says which', async (id, item) => {
      await put({ id, ...item, at: trial.sandbox.clock.now() + 2 * HOUR_MS })
      const before = [trial.sandbox.snapshot(), await trial.sandbox.dynamodb.items(TABLE)]
      const ran = await trial.run()
      expect(ran).toMatchObject({ error: { code: 'state/from-the-future' }, outcomes: {} })
      expect(ran.error?.message).toContain(`the item ${id} was written at`)
      expect([trial.sandbox.snapshot(), await trial.sandbox.dynamodb.items(TABLE)]).toEqual(before)
      expect(names(await later(3 * HOUR_MS))).toContain('cert.attached')
    })

    it('a clock that went backwards refuses, and goes on when it is right again', async () => {
      await trial.run()
      trial.sandbox.clock.advance(-DAY_MS)
      expect((await trial.run()).error?.code).toBe('state/from-the-future')
      expect(await later(DAY_MS)).toMatchObject({ error: null, outcomes: { web: 'settled' } })
    })

    it('no table at all is told, fails the run, and stops nothing', async () => {
      await trial.sandbox.dynamodb.deleteTable(TABLE)
      const ran = await trial.run()
      expect(ran).toMatchObject({ error: { code: 'state/absent' }, outcomes: { web: 'renewed' } })
      expect(told(ran)).toEqual(['state/absent'])
    })
  })

  describe('what is superseded', () => {
    const ours = () => trial.sandbox.iam.all().filter(({ path }) => path !== '/')

    it('is deleted a day and two runs after its successor was seen working, but for one', async () => {
      await trial.run()
      const arns = [attached()]
      for (let renewal = 0; renewal < 2; renewal++) {
        trial.sandbox.clock.advance(HOUR_MS)
        await trial.run({ force: true })
        arns.push(attached())
      }
      expect(ours()).toHaveLength(3)
      const early = await later(DAY_MS)
      expect(names(early)).not.toContain('cert.pruned')
      expect(only(early, 'plan.made').kept.map(({ why }) => why.replace(/ until .*/, ''))).toEqual([
        'kept for rollback',
        'superseded, and kept',
      ])
      const late = await later(DAY_MS)
      expect(late).toMatchObject({ error: null, outcomes: { web: 'settled' } })
      expect(ours().map(({ arn }) => arn)).toEqual(arns.slice(1))
    })

    it('makes room in a full store, and then the new one is ordered', async () => {
      for (const ageDays of [89, 80]) await storeOurs(trial.sandbox, specified(), { ageDays })
      const arn = await storeOurs(trial.sandbox, specified(), { ageDays: 70 })
      await trial.sandbox.addLoadBalancer('full', 443, arn)
      trial.configure([{ ...entry('full'), name: 'web' }])
      const since = trial.sandbox.clock.now() - 2 * HOUR_MS
      await remember(trial.sandbox, TABLE, 'web', {
        working: { 'full:443': { arn, since, seen: true, before: null } },
      })
      trial.sandbox.iam.limit = trial.sandbox.iam.all().length
      const ran = await trial.run()
      expect(ran).toMatchObject({ error: null, outcomes: { web: 'renewed' } })
      expect(names(ran).filter((name) => name === 'cert.pruned' || name === 'cert.issued')).toEqual([
        'cert.pruned',
        'cert.issued',
      ])
    })

    it('stays where IAM says that something uses it, which is told and no failure', async () => {
      const old = await storeOurs(trial.sandbox, specified(), { ageDays: 80 })
      await storeOurs(trial.sandbox, specified(), { ageDays: 60 })
      const arn = await storeOurs(trial.sandbox, specified(), { ageDays: 10 })
      await trial.sandbox.addLoadBalancer('new', 443, arn)
      trial.configure([{ ...entry('new'), name: 'web' }])
      const since = trial.sandbox.clock.now() - 9 * DAY_MS
      await remember(trial.sandbox, TABLE, 'web', {
        working: { 'new:443': { arn, since, seen: true, before: null } },
      })
      trial.sandbox.aws.intercept(({ action }) =>
        action === 'iam:DeleteServerCertificate'
          ? new ServiceError('DeleteConflict', 'it is in use by a distribution', 409)
          : null,
      )
      const ran = await trial.run()
      expect(ran).toMatchObject({ error: null, outcomes: { web: 'settled' } })
      expect(only(ran, 'cert.kept').why).toContain('a distribution')
      expect(ours().some((one) => one.arn === old)).toBe(true)
    })

    it('is never what others have stored, nor what another deployment has', async () => {
      for (const ageDays of [88, 80, 70]) await storeOurs(trial.sandbox, specified(), { ageDays })
      const [, old] = ours()
      if (!old) throw new Error('three certificates')
      // the same names, under other paths
      const { name, body, privateKey } = old
      const others = ['/', '/elb-cert-rotator/us-east-1/other/', '/elb-cert-rotator/us-east-1/trial-2/']
      for (const [at, path] of others.entries())
        trial.sandbox.iam.add({ name: `${name}${at}`, path, body, privateKey })
      const before = trial.sandbox.iam.all().filter(({ path }) => others.includes(path))
      await trial.run({ force: true })
      for (let day = 0; day < 4; day++) await later(DAY_MS)
      expect(trial.sandbox.iam.all().filter(({ path }) => others.includes(path))).toEqual(before)
      expect(ours().filter(({ path }) => path.endsWith('/trial/'))).toHaveLength(2)
    })
  })

  describe('the successor of a rejected certificate', () => {
    it('is ordered after a day and not before, once a day, and settles when the listener takes it', async () => {
      const listener = trial.sandbox.listener('web', 443)
      listener.behaviour = ({ arn }) => (isOurs(arn) ? 'close' : 'serve')
      expect((await trial.run()).outcomes).toEqual({ web: 'rejected' })
      expect(await later()).toMatchObject({ outcomes: { web: 'rejected' } })
      expect(issued()).toBe(1)
      expect(await later(DAY_MS)).toMatchObject({ outcomes: { web: 'rejected' } })
      expect(issued()).toBe(2)
      expect(await later()).toMatchObject({ outcomes: { web: 'rejected' } })
      expect(issued()).toBe(2)
      listener.behaviour = () => 'serve'
      expect(await later(DAY_MS)).toMatchObject({ outcomes: { web: 'renewed' }, error: null })
      expect(issued()).toBe(3)
    })

    it('is held back by the ledger, and still is a failure', async () => {
      await balancer('patient', [HOST], 200)
      const limits = { same_hosts_a_week: 2 }
      trial.configure({ acme: { limits }, certificates: [{ ...entry('patient'), take_over: 'now' }] })
      const listener = trial.sandbox.listener('patient', 443)
      listener.behaviour = ({ arn }) => (isOurs(arn) ? 'close' : 'serve')
      for (let day = 0; day < 2; day++)
        expect((await later(DAY_MS)).outcomes).toEqual({ patient: 'rejected' })
      const held = await later(DAY_MS)
      expect(issued()).toBe(2)
      expect([...held.codes].sort()).toEqual(['limits/ledger-full', 'verify/rejected'])
      expect(only(held, 'plan.made').heldBack).toMatchObject([{ code: 'limits/ledger-full' }])
      expect(held.error?.code).toBe('run/failed')
    })
  })

  describe('what the CA asked for', () => {
    it('is remembered: until then no order is made, and what is installed is good', async () => {
      await balancer('old', [HOST], 110)
      trial.configure([entry('old')])
      trial.sandbox.ca.options.refuse = (operation) =>
        operation === 'newOrder' ? new Problem('rateLimited', 'too many', 429, { retryAfter: '86400' }) : null
      expect((await trial.run()).codes).toEqual(['acme/rate-limited'])
      trial.sandbox.ca.options.refuse = () => null
      const held = await later()
      expect(held).toMatchObject({ error: null, outcomes: { old: 'held-back' } })
      expect(only(held, 'plan.made').heldBack).toMatchObject([{ code: 'limits/asked-to-wait' }])
      expect(await later(DAY_MS)).toMatchObject({ outcomes: { old: 'renewed' } })
      expect((await stateOf('old')).failures).toBeNull()
    })

    it('is a failure where what is installed cannot wait', async () => {
      trial.sandbox.ca.options.refuse = (operation) =>
        operation === 'newOrder' ? new Problem('rateLimited', 'too many', 429, { retryAfter: '86400' }) : null
      await trial.run()
      expect(await later()).toMatchObject({ codes: ['limits/asked-to-wait'], outcomes: { web: 'failed' } })
      expect((await stateOf('web')).failures).toMatchObject({ count: 2, code: 'limits/asked-to-wait' })
    })
  })

  it('tells since when and for how many runs something fails', async () => {
    trial.sandbox.aws.allow(({ action }) => action !== UPLOAD)
    const told = (ran: Ran) => only(ran, 'cert.failed')
    const first = told(await trial.run())
    expect(first.runs).toBe(1)
    expect(told(await later())).toMatchObject({ runs: 2, since: first.since })
    trial.sandbox.aws.allow(null)
    await later()
    refuseOnce('elasticloadbalancing:DescribeLoadBalancers')
    await trial.run()
    expect((await stateOf('web')).failures).toBeNull()
  })

  it('attaches what was stored in a run that died after it', async () => {
    refuseOnce(ATTACH)
    await trial.run()
    expect(await later()).toMatchObject({ outcomes: { web: 'attached' } })
    expect(issued()).toBe(1)
  })
})
