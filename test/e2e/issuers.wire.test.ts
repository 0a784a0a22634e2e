/** Other CAs than the usual one, and what they may want or offer: staging, accounts of their own, no challenges, profiles. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { entry, HOST, HOUR_MS, type Quick, startQuick } from '../support/quick.ts'
import { DAY_MS, names, only } from '../support/trial.ts'

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
      ['nothing is configured', () => undefined, /acme.external_account is not given/],
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
