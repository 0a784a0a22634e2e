/** Other CAs than the usual one, and what they may want or offer: staging, accounts of their own, no challenges, profiles. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../lambda/domain/instant.ts'
import { ServiceError } from '../sandbox/aws/service.ts'
import { Problem } from '../sandbox/ca/problem.ts'
import { entry, HOST, type Quick, startQuick } from '../support/quick.ts'
import { names, only } from '../support/trial.ts'

const HMAC_KEY = 'zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W'
const PARAMETER = '/acme/hmac-key'

describe('a CA', () => {
  let trial: Quick
  beforeEach(async () => {
    trial = await startQuick()
    trial.configure([entry('web')])
  })
  afterEach(() => trial.stop())

  describe('whose certificates no client trusts', () => {
    const staging = (more: object = {}) => {
      trial.configure({ acme: { staging: true }, certificates: [entry('web', [HOST], more)] })
    }

    it('replaces nothing that clients trust, whatever is asked for', async () => {
      staging({ take_over: 'now' })
      const ran = await trial.run({ force: true })
      expect(ran.codes).toEqual(['plan/staging-over-production'])
      expect(trial.requests('new-order')).toBe(0)
    })

    it('replaces it where the entry says so, renews itself without it, and gives way to production', async () => {
      staging({ allow_staging: true })
      expect((await trial.run()).outcomes).toEqual({ web: 'renewed' })
      staging()
      trial.sandbox.clock.advance(70 * DAY_MS)
      expect((await trial.later(DAY_MS)).outcomes).toEqual({ web: 'renewed' })
      staging({ key_type: 'ecdsa-p384' })
      expect((await trial.later(DAY_MS)).outcomes, 'what it has is of such a CA too').toEqual({
        web: 'renewed',
      })
    })

    const both = (more: object = {}) => {
      const targets = [{ elb: { name: 'web' } }, { elb: { name: 'two' } }]
      const certificate = { name: 'web', hosts: [HOST], key_type: 'ecdsa', targets, ...more }
      trial.configure({ acme: { staging: true }, certificates: [certificate] })
    }
    const attached = (name: string) => trial.sandbox.elb.balancers.get(name)?.listeners[0]?.certificateArn

    it('does not come back by a stored one over what a trusted CA has issued since', async () => {
      staging({ allow_staging: true })
      expect((await trial.run()).outcomes).toEqual({ web: 'renewed' })
      const production = trial.sandbox.ca.directoryUrl.replace('127.0.0.1', 'localhost')
      trial.configure({ acme: { directory_url: production }, certificates: [entry('web')] })
      expect((await trial.later(HOUR_MS)).outcomes).toEqual({ web: 'renewed' })
      const good = attached('web')
      staging()
      const ran = await trial.later(HOUR_MS)
      expect(ran).toMatchObject({ outcomes: { web: 'failed' }, codes: ['plan/staging-over-production'] })
      expect(attached('web')).toBe(good)
    })

    it.each<[string, object, object]>([
      ['taken over', { take_over: 'now' }, {}],
      ['forced', {}, { force: true }],
    ])('gets no second listener that has a trusted one, also when it is %s', async (_, more, invocation) => {
      await trial.balancer('two', [HOST], 200)
      staging({ allow_staging: true })
      await trial.run()
      const good = attached('two')
      both(more)
      const ran = await trial.later(HOUR_MS, invocation)
      expect(ran.codes).toEqual(['plan/staging-over-production'])
      expect(attached('two')).toBe(good)
    })

    it('does not go over what cannot be read', async () => {
      trial.sandbox.listener('web', 443).behaviour = () => 'close'
      trial.sandbox.aws.intercept(({ action }) =>
        action === 'iam:GetServerCertificate' ? new ServiceError('AccessDenied', 'no', 403) : null,
      )
      const unknown = attached('web')
      staging({ take_over: 'now' })
      const ran = await trial.run()
      expect(ran.codes).toEqual(['plan/staging-over-production'])
      expect(attached('web')).toBe(unknown)
      expect(trial.requests('new-order')).toBe(0)
    })
  })

  describe('that makes accounts for those it knows', () => {
    const bound = (keyId = 'kid-1') => {
      const external_account = { key_id: keyId, hmac_key_parameter: PARAMETER }
      trial.configure({ acme: { external_account }, certificates: [entry('web')] })
    }
    const keep = (value: string) =>
      trial.sandbox.ssm.parameters.set(PARAMETER, { value, type: 'SecureString', version: 1 })
    beforeEach(() => {
      trial.sandbox.ca.options.externalAccounts = new Map([['kid-1', HMAC_KEY]])
    })

    it('makes one when the key is in its parameter, and needs it no more', async () => {
      bound()
      keep(`${HMAC_KEY}\n`)
      const ran = await trial.run()
      expect(ran.outcomes).toEqual({ web: 'renewed' })
      expect(JSON.stringify(ran.events)).not.toContain(HMAC_KEY)
      trial.sandbox.ssm.parameters.delete(PARAMETER)
      expect((await trial.later(HOUR_MS, { force: true })).outcomes).toEqual({ web: 'renewed' })
    })

    it.each([
      ['nothing is configured', () => undefined, /acme.external_account is not set/],
      ['its parameter is not there', () => bound(), /there is no SSM parameter \/acme\/hmac-key/],
      [
        'its parameter holds something else',
        () => {
          bound()
          keep('{"secret":"x y z"}')
        },
        /holds no HMAC key in base64url/,
      ],
    ])(
      'fails with account/external-missing when %s, and nothing is registered',
      async (_, prepare, words) => {
        prepare()
        const ran = await trial.run()
        expect(ran.codes).toEqual(['account/external-missing'])
        expect(only(ran, 'cert.failed').error.message).toMatch(words)
        expect(JSON.stringify(ran.events)).not.toContain('x y z')
        expect(trial.requests('new-account')).toBe(0)
      },
    )

    it('fails with the words of the CA when the key is another, and with nothing of the key', async () => {
      bound()
      keep(HMAC_KEY.replace('z', 'y'))
      const ran = await trial.run()
      expect(only(ran, 'cert.failed').error.message).toMatch(
        /external account binding JWS verification error/,
      )
      expect(JSON.stringify(ran)).not.toContain(HMAC_KEY.slice(1))
      bound('kid-9')
      expect(only(await trial.later(DAY_MS), 'cert.failed').error.message).toMatch(
        /not known to the ACME server/,
      )
    })
  })

  it('that knows the hosts needs no challenge', async () => {
    trial.sandbox.ca.options.preApproved = () => true
    const ran = await trial.run()
    expect(ran.outcomes).toEqual({ web: 'renewed' })
    expect(names(ran)).not.toContain('challenge.presented')
    expect(trial.sandbox.aws.calls.filter(({ action }) => action.startsWith('route53:Change'))).toEqual([])
  })

  it('that answers a new order as already valid is told from one that issues', async () => {
    trial.sandbox.ca.options.placedAs = 'valid'
    const ran = await trial.run()
    expect(ran.codes).toEqual(['acme/order-failed'])
    expect(only(ran, 'cert.failed').error.message).toMatch(/valid already.*its key is not here/)
    expect((await trial.stateOf('web')).order).toBeNull()
    trial.sandbox.ca.options.placedAs = null
    expect((await trial.later(HOUR_MS)).outcomes).toEqual({ web: 'renewed' })
  })

  it('that answers a second order with one in flight issues one after the other for two entries of the same hosts', async () => {
    await trial.balancer('two', [HOST])
    trial.configure([entry('web'), entry('two', [HOST], { key_type: 'rsa' })])
    expect((await trial.run()).outcomes).toEqual({ web: 'renewed', two: 'renewed' })
    expect(trial.sandbox.ca.book.issued).toHaveLength(2)
  })

  describe('that gives one entry the order of another, which is not done,', () => {
    beforeEach(async () => {
      await trial.balancer('two', [HOST], 20)
      trial.configure([entry('web'), entry('two', [HOST], { key_type: 'rsa' })])
    })

    it('mixes up no certificates', async () => {
      trial.sandbox.route53.propagationMs = MINUTE_MS
      expect((await trial.run()).codes).toEqual(['dns/not-in-sync', 'dns/not-in-sync'])
      trial.sandbox.route53.propagationMs = 0
      expect((await trial.later(HOUR_MS)).outcomes).toEqual({ web: 'renewed', two: 'renewed' })
      expect(trial.sandbox.ca.book.issued).toHaveLength(2)
    })

    it('does not keep this one waiting for as long as the other one fails', async () => {
      let times = 0
      trial.sandbox.ca.options.refuse = (operation) =>
        operation === 'finalize' && times++ < 2 ? new Problem('badCSR', 'not this key') : null
      const ran = await trial.run()
      expect(ran.outcomes).toEqual({ web: 'failed', two: 'renewed' })
      expect(only(ran, 'order.dropped')).toMatchObject({ certId: 'web', why: expect.stringContaining('two') })
      expect((await trial.later(HOUR_MS)).outcomes).toEqual({ web: 'renewed', two: 'settled' })
    })

    it('leaves it to the other one when it has begun to issue', async () => {
      trial.configure([entry('web')])
      trial.sandbox.ca.options.finalizeDelayMs = DAY_MS
      expect((await trial.run()).codes).toEqual(['acme/timed-out'])
      const { order } = await trial.stateOf('web')
      const location = order?.url ?? ''
      const identifiers = [{ type: 'dns', value: HOST }]
      const text = JSON.stringify({
        status: 'processing',
        identifiers,
        authorizations: [],
        finalize: location,
      })
      const headers = { location, 'content-type': 'application/json' }
      trial.sandbox.ca.mishap = (kind) => (kind === 'new-order' ? { status: 201, text, headers } : null)
      trial.configure([entry('web'), entry('two', [HOST], { key_type: 'rsa' })])
      const ran = await trial.later(HOUR_MS)
      expect(only(ran, 'run.finished').outcomes).toMatchObject([{ state: 'failed' }, { state: 'failed' }])
      expect((await trial.stateOf('web')).order).toEqual(order)
      trial.sandbox.ca.mishap = () => null
      trial.sandbox.ca.options.finalizeDelayMs = 0
      expect((await trial.later(DAY_MS)).outcomes).toEqual({ web: 'renewed', two: 'renewed' })
      expect(trial.sandbox.ca.book.issued).toHaveLength(2)
    })
  })

  it('that names a profile in its directory and refuses it in an order is not asked at each run', async () => {
    trial.configure([entry('web', [HOST], { profile: 'tlsserver' })])
    trial.sandbox.ca.options.refuse = (operation) =>
      operation === 'newOrder' ? new Problem('invalidProfile', 'no such profile') : null
    for (let hour = 0; hour < 10; hour++) await trial.later(HOUR_MS)
    expect(trial.requests('new-order')).toBeLessThan(7)
    trial.sandbox.ca.options.refuse = () => null
    trial.configure([entry('web')])
    expect((await trial.later(HOUR_MS)).outcomes, 'at once, with another one').toEqual({ web: 'renewed' })
  })

  it.each<[string, object | null]>([
    ['an array of profiles', { profiles: ['classic'] }],
    ['no meta', null],
  ])('whose directory has %s and nonsense for the rest issues all the same', async (_, meta) => {
    const origin = new URL(trial.sandbox.ca.directoryUrl).origin
    const urls = {
      newNonce: `${origin}/new-nonce`,
      newAccount: `${origin}/new-account`,
      newOrder: `${origin}/new-order`,
    }
    const text = JSON.stringify({ ...urls, renewalInfo: 7, meta })
    trial.sandbox.ca.mishap = (kind) => (kind === 'directory' ? { status: 200, text } : null)
    expect((await trial.run()).outcomes).toEqual({ web: 'renewed' })
    trial.configure([entry('web', [HOST], { profile: 'classic' })])
    expect(only(await trial.later(DAY_MS), 'cert.failed').error.message).toMatch(/it offers none/)
  })

  it('has a certificate issued anew when another profile is wanted, and lifetimes are those of what it issues', async () => {
    await trial.run()
    trial.configure([entry('web', [HOST], { profile: 'shortlived' })])
    const ran = await trial.later(HOUR_MS)
    expect(only(ran, 'cert.due')).toMatchObject({
      reason: 'profile-changed',
      detail: 'from none to shortlived',
    })
    const { serial, notAfter } = trial.newest()
    expect(trial.sandbox.listener('web', 443).serving().x509.serialNumber.toLowerCase()).toBe(serial)
    expect(Date.parse(only(ran, 'cert.issued').notAfter)).toBe(notAfter)
    for (let hour = 0; hour < 70; hour += 10) await trial.later(10 * HOUR_MS)
    expect((await trial.later(10 * HOUR_MS)).outcomes, 'half of 160 hours').toEqual({ web: 'renewed' })
  })

  it('that drops a profile is asked for no other: what is installed stays, and every run says so', async () => {
    trial.configure([entry('web', [HOST], { profile: 'tlsserver' })])
    expect((await trial.run()).outcomes).toEqual({ web: 'renewed' })
    trial.sandbox.ca.options.profiles = ['classic']
    expect((await trial.later(DAY_MS)).outcomes).toEqual({ web: 'settled' })
    const orders = trial.requests('new-order')
    trial.sandbox.clock.advance(32 * DAY_MS)
    const ran = await trial.later(DAY_MS)
    expect(ran).toMatchObject({ outcomes: { web: 'failed' }, codes: ['acme/profile-not-offered'] })
    expect(trial.requests('new-order')).toBe(orders)
    trial.sandbox.ca.options.profiles = null
    expect(only(await trial.later(DAY_MS), 'cert.failed').error.message).toMatch(/it offers none/)
  })
})
