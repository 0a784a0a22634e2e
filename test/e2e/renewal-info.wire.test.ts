/** What the CA says of renewals (RFC 9773): when it is asked, what its word does, and what an order tells it. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { DEFAULTS } from '../../lambda/domain/defaults.ts'
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../lambda/domain/instant.ts'
import { pointIn } from '../../lambda/plan/window.ts'
import { ServiceError } from '../sandbox/aws/service.ts'
import type { CaMishap } from '../sandbox/ca/server.ts'
import { remember } from '../support/ours.ts'
import { entry, HOST, type Quick, startQuick } from '../support/quick.ts'
import { names, only, type Ran, TABLE } from '../support/trial.ts'

describe('the word of the CA on renewals', () => {
  let trial: Quick
  beforeEach(async () => {
    trial = await startQuick()
    trial.configure([entry('web')])
    expect((await trial.run()).outcomes).toEqual({ web: 'renewed' })
  })
  afterEach(() => trial.stop())

  const renewals = () => trial.sandbox.ca.book.renewals
  const lastOrder = () => [...trial.sandbox.ca.book.orders.values()].at(-1)
  const askAfter = async () => (await trial.stateOf('web')).renewal?.askAfter ?? 0
  const waits = async () => Math.round(((await askAfter()) - trial.sandbox.clock.now()) / MINUTE_MS)

  function reasons(ran: Ran): string[] {
    return ran.events.flatMap((event) => (event.event === 'cert.due' ? [event.reason] : []))
  }

  function answerWith(mishap: CaMishap | null): void {
    trial.sandbox.ca.mishap = (kind) => (kind === 'renewal-info' ? mishap : null)
  }

  it('is asked for by the first run after the issuance, and then not before the CA wants it', async () => {
    expect(trial.requests('renewal-info')).toBe(0)
    const first = await trial.later(HOUR_MS)
    expect(first.outcomes).toEqual({ web: 'settled' })
    const { start, end } = renewals().windowOf(trial.newest())
    const told = only(first, 'renewal.advised')
    expect(Date.parse(told.start)).toBe(Math.floor(start / 1000) * 1000)
    expect(Date.parse(told.end)).toBe(Math.floor(end / 1000) * 1000)
    for (let hour = 0; hour < 5; hour++) await trial.later(HOUR_MS)
    expect(trial.requests('renewal-info')).toBe(1)
    const again = await trial.later(2 * HOUR_MS)
    expect(trial.requests('renewal-info')).toBe(2)
    expect(names(again), 'nothing new is nothing to tell').not.toContain('renewal.advised')
  })

  it('costs no request of the CA in a run that has nothing to ask', async () => {
    await trial.later(HOUR_MS)
    const before = trial.requests('directory')
    await trial.later(HOUR_MS)
    expect(trial.requests('directory')).toBe(before)
  })

  it('decides on the day, at a point of its own in the window, and the order says what it replaces', async () => {
    await trial.later(HOUR_MS)
    const { window, serial = '', id } = (await trial.stateOf('web')).renewal ?? {}
    if (!window) throw new Error('no window')
    const point = pointIn(window, serial)
    const { clock } = trial.sandbox
    clock.advance(point - clock.now() - 7 * HOUR_MS)
    expect((await trial.run({}, 6 * HOUR_MS)).outcomes).toEqual({ web: 'settled' })
    expect((await trial.later(6 * HOUR_MS)).outcomes).toEqual({ web: 'renewed' })
    expect(clock.now()).toBeGreaterThan(window.start)
    expect(clock.now()).toBeLessThan(window.end)
    expect(lastOrder()?.replaces).toBe(id)
    expect((await trial.stateOf('web')).renewal).toMatchObject({
      serial: trial.newest().serial,
      window: null,
    })
  })

  it('has a certificate replaced early when it is revoked, with the page that says why', async () => {
    renewals().revoke(trial.newest().serial)
    renewals().explanation = 'https://ca.example.com/incident'
    const ran = await trial.later(HOUR_MS)
    expect(ran.outcomes).toEqual({ web: 'renewed' })
    expect(only(ran, 'renewal.advised').explanation).toBe('https://ca.example.com/incident')
    expect(only(ran, 'cert.due')).toMatchObject({
      reason: 'replace-early',
      detail: expect.stringContaining('see https://ca.example.com/incident'),
    })
    const quiet = await trial.later(DAY_MS)
    expect(quiet.outcomes, 'what was said of the old one is not said of the new one').toEqual({
      web: 'settled',
    })
  })

  it('is not asked about what is over, and such a one is replaced all the same', async () => {
    trial.sandbox.clock.advance(91 * DAY_MS)
    expect((await trial.run()).outcomes).toEqual({ web: 'renewed' })
    expect(trial.requests('renewal-info')).toBe(0)
    expect(lastOrder()?.replaces).toBeNull()
  })

  it('is neither asked about nor told of what broke a listener', async () => {
    const listener = trial.sandbox.listener('web', 443)
    const good = trial.sandbox.elb.balancers.get('web')?.listeners[0]?.certificateArn
    listener.behaviour = ({ arn }) => (arn === good ? 'serve' : 'close')
    await trial.later(HOUR_MS, { force: true })
    const asked = trial.requests('renewal-info')
    listener.behaviour = () => 'serve'
    expect((await trial.later(2 * DAY_MS)).outcomes).toEqual({ web: 'renewed' })
    expect(trial.requests('renewal-info')).toBe(asked)
    expect(lastOrder()?.replaces).toBeNull()
  })

  it.each<[string, CaMishap, number]>([
    ['is unavailable', { status: 503, text: 'down' }, 1],
    ['hangs', 'hang', 1],
    ['resets', 'reset', 1],
    ['does not know it', { status: 404, text: '{}' }, 360],
    ['answers a page', { status: 200, text: '<html>welcome</html>' }, 360],
    ['answers nothing', { status: 200, text: '' }, 360],
    ['answers null', { status: 200, text: 'null' }, 360],
    ['answers megabytes', { status: 200, text: 'x'.repeat(2_000_000) }, 360],
    ['answers half of it', 'truncated', 360],
  ])('is done without when it %s, and asked for again in time', async (_, mishap, minutes) => {
    answerWith(mishap)
    // a request for anything else that is given up for it comes to the same
    if (mishap === 'hang') trial.settings.acmeRequestTimeoutMs = 300
    const ran = await trial.later(HOUR_MS)
    expect(ran).toMatchObject({ outcomes: { web: 'settled' }, error: null })
    expect(only(ran, 'renewal.unknown').why).not.toBe('')
    expect(await waits()).toBeCloseTo(minutes, -1)
    answerWith(null)
    delete trial.settings.acmeRequestTimeoutMs
    const well = await trial.later(7 * HOUR_MS)
    expect(names(well)).toContain('renewal.advised')
  })

  it.each([
    ['ends before it starts', '2027-01-02T00:00:00Z', '2027-01-01T00:00:00Z'],
    ['lies in the far past', '1999-01-01T00:00:00Z', '1999-01-02T00:00:00Z'],
    ['is no time', 'soon', 'later'],
  ])('counts for nothing when its window %s', async (_, start, end) => {
    renewals().override = () => ({ suggestedWindow: { start, end } })
    const ran = await trial.later(HOUR_MS)
    expect(ran.outcomes).toEqual({ web: 'settled' })
    expect(names(ran)).toContain('renewal.unknown')
  })

  it('does not keep a certificate until it ends when its window lies in the far future', async () => {
    renewals().override = () => ({
      suggestedWindow: { start: '2090-01-01T00:00:00Z', end: '2090-01-03T00:00:00Z' },
    })
    const told = await trial.later(HOUR_MS)
    const [outcome] = only(told, 'run.finished').outcomes
    expect(outcome?.detail, 'the last guard comes first').toMatch(/due 20(26|27)-/)
    trial.sandbox.clock.advance(84 * DAY_MS)
    expect((await trial.run({}, HOUR_MS)).outcomes).toEqual({ web: 'settled' })
    expect((await trial.later(DAY_MS)).outcomes).toMatchObject({ web: 'renewed' })
  })

  it.each([
    ['a date', new Date(Date.now() + 40 * DAY_MS).toUTCString(), 24 * 60],
    ['seconds', '7200', 120],
    ['negative', '-5', 360],
    ['absent', null, 360],
    ['a year', '31536000', 24 * 60],
  ])('is asked for again within a day when Retry-After is %s', async (_, wait, minutes) => {
    trial.sandbox.ca.options.renewalRetryAfter = wait
    await trial.later(HOUR_MS)
    expect(await waits()).toBeCloseTo(minutes, -1)
  })

  it('is done without where the CA has no such thing: once a day is looked whether it has', async () => {
    trial.sandbox.ca.options.hasRenewalInfo = false
    const ran = await trial.later(HOUR_MS)
    expect(ran.outcomes).toEqual({ web: 'settled' })
    expect(names(ran).filter((name) => name.startsWith('renewal.'))).toEqual([])
    const directories = trial.requests('directory')
    for (let hour = 0; hour < 5; hour++) await trial.later(HOUR_MS)
    expect(trial.requests('directory')).toBe(directories)
    trial.sandbox.clock.advance(60 * DAY_MS)
    expect((await trial.later(DAY_MS)).outcomes).toEqual({ web: 'renewed' })
    expect(lastOrder()?.replaces, 'RFC 9773 §5').toBeNull()
  })

  it('is heard although the name of the certificate could not be read at first', async () => {
    await trial.forget()
    trial.sandbox.aws.intercept(({ action }) =>
      action === 'iam:GetServerCertificate' ? new ServiceError('ServiceFailure', 'no', 500) : null,
    )
    const blind = await trial.later(HOUR_MS)
    expect(blind.outcomes).toEqual({ web: 'settled' })
    expect(only(blind, 'renewal.unknown').why).toContain('iam:GetServerCertificate')
    trial.sandbox.aws.intercept(null)
    renewals().revoke(trial.newest().serial)
    expect(reasons(await trial.later(HOUR_MS))).toEqual(['replace-early'])
  })

  it('is waited for as long as the CA says when it has no time', async () => {
    answerWith({ status: 503, text: 'down', headers: { 'retry-after': '36000' } })
    await trial.later(HOUR_MS)
    expect(await waits()).toBeCloseTo(600, -1)
  })

  it('of another certificate counts for nothing, and this one is asked about at once', async () => {
    await trial.later(HOUR_MS)
    const state = await trial.stateOf('web')
    const past = { start: trial.sandbox.clock.now() - 2 * HOUR_MS, end: trial.sandbox.clock.now() - HOUR_MS }
    const askAfter = trial.sandbox.clock.now() + 20 * HOUR_MS
    const renewal = state.renewal && {
      ...state.renewal,
      serial: '03ff',
      id: 'another.one',
      window: past,
      askAfter,
    }
    await remember(trial.sandbox, TABLE, 'web', { ...state, renewal })
    const asked = trial.requests('renewal-info')
    expect((await trial.later(HOUR_MS)).outcomes).toEqual({ web: 'settled' })
    expect(trial.requests('renewal-info')).toBe(asked + 1)
    const { serial, id, window } = state.renewal ?? {}
    expect((await trial.stateOf('web')).renewal).toMatchObject({ serial, id, window })
  })

  it('is not asked for of what another CA has issued', async () => {
    const directory_url = trial.sandbox.ca.directoryUrl.replace('127.0.0.1', 'localhost')
    trial.configure({ acme: { directory_url }, certificates: [entry('web')] })
    expect(reasons(await trial.later(HOUR_MS))).toEqual(['issuer-changed'])
    expect(trial.requests('renewal-info')).toBe(0)
  })

  it('is not asked for of what has been replaced, when that is wanted again', async () => {
    await trial.later(HOUR_MS)
    trial.configure([entry('web', [HOST], { key_type: 'ecdsa-p384' })])
    await trial.later(HOUR_MS)
    trial.configure([entry('web')])
    expect((await trial.later(HOUR_MS)).outcomes).toEqual({ web: 'attached' })
    const asked = trial.requests('renewal-info')
    expect((await trial.later(DAY_MS)).outcomes).toEqual({ web: 'settled' })
    expect(trial.requests('renewal-info')).toBe(asked)
  })

  it('that makes no sense is told also after one that did', async () => {
    await trial.later(HOUR_MS)
    renewals().override = () => ({
      suggestedWindow: { start: '2027-01-02T00:00:00Z', end: '2027-01-01T00:00:00Z' },
    })
    expect(only(await trial.later(7 * HOUR_MS), 'renewal.unknown').why).toMatch(/makes no sense/)
  })

  it('that it is revoked is no word on how often runs have to come', async () => {
    renewals().revoke(trial.newest().serial)
    expect(names(await trial.later(HOUR_MS))).not.toContain('schedule.outpaced')
  })

  it('is asked for three times in a run, and not for each of many, when the CA is down', async () => {
    trial.sandbox.iam.limit = 100
    const many = Array.from({ length: 12 }, (_, at) => `web${at}`)
    for (const name of many) await trial.balancer(name, [`${name}.example.com`])
    trial.configure(many.map((name) => entry(name, [`${name}.example.com`])))
    await trial.run()
    expect(trial.sandbox.ca.book.issued).toHaveLength(13)
    let asked = 0
    trial.sandbox.ca.mishap = (kind) =>
      kind === 'renewal-info' && ++asked > 0 ? { status: 503, text: 'down' } : null
    await trial.later(HOUR_MS)
    expect(asked).toBeLessThan(3 + DEFAULTS.concurrency)
  })

  it('does not keep a settled run from its end while the CA is down', async () => {
    trial.sandbox.ca.mishap = () => 'reset'
    const ran = await trial.later(HOUR_MS)
    expect(ran).toMatchObject({ outcomes: { web: 'settled' }, error: null })
    expect(names(ran)).toContain('renewal.unknown')
  })

  describe('a refused replacement', () => {
    /** As if the CA had been told another name than what it knows. */
    async function renamed(id: string): Promise<Ran> {
      await trial.later(HOUR_MS)
      const state = await trial.stateOf('web')
      if (!state.renewal) throw new Error('nothing is known')
      const renewal = { ...state.renewal, id, askAfter: trial.sandbox.clock.now() + 7 * HOUR_MS }
      await remember(trial.sandbox, TABLE, 'web', { ...state, renewal })
      return trial.later(HOUR_MS, { force: true })
    }

    it.each([
      ['malformed', 'nonsense', /Invalid path/],
      ['of an unknown issuer', 'AAAA.AAAA', /did not match a known issuer/],
    ])('is ordered once without it when the name is %s', async (_, id, words) => {
      const orders = trial.requests('new-order')
      const ran = await renamed(id)
      expect(ran.outcomes).toEqual({ web: 'renewed' })
      expect(only(ran, 'replacement.refused').why).toMatch(words)
      expect(trial.requests('new-order')).toBe(orders + 2)
      expect(lastOrder()?.replaces).toBeNull()
    })

    it('is ordered once without it when the CA does not know the certificate', async () => {
      await trial.later(HOUR_MS)
      const [issuer] = (await trial.stateOf('web')).renewal?.id?.split('.') ?? []
      expect(only(await renamed(`${issuer}.AwEBAQ`), 'replacement.refused').why).toMatch(
        /no current certificate/,
      )
    })

    it('is ordered once without it when it is replaced already', async () => {
      const { renewal } = await trial.stateOf('web')
      await trial.later(HOUR_MS, { force: true })
      const ran = await renamed(renewal?.id ?? '')
      expect(ran.outcomes).toEqual({ web: 'renewed' })
      expect(only(ran, 'replacement.refused').why).toMatch(/already has a replacement order.*alreadyReplaced/)
    })

    it('is not said to another account, and where nobody knows, the CA is heard', async () => {
      const { parameters } = trial.sandbox.ssm
      for (const name of parameters.keys()) if (name.includes('/account/')) parameters.delete(name)
      const ran = await trial.later(HOUR_MS, { force: true })
      expect(ran.outcomes).toEqual({ web: 'renewed' })
      expect(names(ran)).not.toContain('replacement.refused')
      expect(lastOrder()?.replaces).toBeNull()
      for (const name of parameters.keys()) if (name.includes('/account/')) parameters.delete(name)
      await trial.forget()
      const unknown = await trial.later(HOUR_MS, { force: true })
      expect(unknown.outcomes).toEqual({ web: 'renewed' })
      expect(only(unknown, 'replacement.refused').why).toMatch(/requester account did not request/)
    })
  })

  it('is told nothing where hosts are others altogether', async () => {
    await trial.later(HOUR_MS)
    trial.configure([entry('web', ['other.example.com'])])
    const ran = await trial.later(HOUR_MS)
    expect(reasons(ran)).toEqual(['hosts-changed'])
    expect(names(ran)).not.toContain('replacement.refused')
    expect(lastOrder()?.replaces).toBeNull()
  })

  it('is told what a certificate with another key type replaces', async () => {
    await trial.later(HOUR_MS)
    const { renewal } = await trial.stateOf('web')
    trial.configure([entry('web', [HOST], { key_type: 'ecdsa-p384' })])
    expect(reasons(await trial.later(HOUR_MS))).toEqual(['key-type-changed'])
    expect(lastOrder()?.replaces).toBe(renewal?.id)
  })

  it('goes on with an order that replaces another, which a second one could not', async () => {
    await trial.later(HOUR_MS)
    trial.sandbox.ca.options.authorizationReuseMs = 0
    trial.sandbox.route53.propagationMs = MINUTE_MS
    expect((await trial.later(HOUR_MS, { force: true })).codes).toEqual(['dns/not-in-sync'])
    trial.sandbox.route53.propagationMs = 0
    const orders = trial.requests('new-order')
    const ran = await trial.later(HOUR_MS, { force: true })
    expect(ran.outcomes).toEqual({ web: 'renewed' })
    expect(trial.requests('new-order')).toBe(orders)
    expect(names(ran)).not.toContain('replacement.refused')
  })
})
