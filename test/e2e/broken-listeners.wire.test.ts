/** A listener that does not serve the new certificate: what is undone, what is reported, and what the next run does. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../lambda/domain/instant.ts'
import { ATTACH, entry, HOST, isOurs, type Quick, startWithBalancer } from '../support/quick.ts'
import { names, only, TABLE } from '../support/trial.ts'

describe('a listener that breaks', () => {
  let trial: Quick
  beforeEach(async () => {
    trial = await startWithBalancer({ settings: { verifyTimeoutMs: 30_000 } })
    trial.sandbox.route53.addZone('example.org')
    trial.configure([entry('web')])
  })
  afterEach(() => trial.stop())

  it('reports verify/not-served when the old certificate is served to the end, and undoes nothing', async () => {
    trial.listener().delayMs = DAY_MS
    const ran = await trial.run()
    expect(ran).toMatchObject({ codes: ['verify/not-served'], outcomes: { web: 'failed' } })
    expect(isOurs(trial.attached() ?? '')).toBe(true)
    expect(only(ran, 'run.finished').soonestExpiryDays, 'the old one is what clients see').toBeCloseTo(9, 0)
    trial.listener().delayMs = 0
    trial.sandbox.clock.advance(DAY_MS)
    expect((await trial.run()).outcomes).toEqual({ web: 'settled' })
  })

  it('does not undo for a single failed handshake', async () => {
    let closed = 0
    trial.listener().behaviour = ({ arn }) => (isOurs(arn) && closed++ === 0 ? 'close' : 'serve')
    expect((await trial.run()).outcomes).toEqual({ web: 'renewed' })
    expect(closed).toBeGreaterThan(1)
  })

  it('undoes when a listener serves a third certificate', async () => {
    const third = await trial.sandbox.buy('third', { hosts: [HOST], endsInMs: DAY_MS })
    const instead = trial.sandbox.iam.all().find(({ arn }) => arn === third)
    const before = trial.attached()
    trial.listener().behaviour = ({ arn }) => (isOurs(arn) && instead ? { instead } : 'serve')
    const ran = await trial.run()
    expect(ran).toMatchObject({ codes: ['verify/rejected'], outcomes: { web: 'rejected' } })
    expect(trial.attached()).toBe(before)
    expect(only(ran, 'run.finished').soonestExpiryDays).toBeCloseTo(9, 0)
  })

  it('puts the previous one back in the next run where undoing failed', async () => {
    trial.listener().behaviour = ({ arn }) => (isOurs(arn) ? 'close' : 'serve')
    const before = trial.attached()
    trial.deny(ATTACH, 2)
    trial.sandbox.iam.spreadMs = 0
    const first = await trial.run()
    expect(first).toMatchObject({ codes: ['undo/failed'], outcomes: { web: 'failed' } })
    expect(names(first)).not.toContain('cert.rejected')
    expect(trial.attached()).not.toBe(before)
    const second = await trial.run()
    expect(second).toMatchObject({ codes: ['verify/rejected'], outcomes: { web: 'rejected' } })
    expect(trial.attached()).toBe(before)
    expect((await trial.run()).codes, 'and is not attached again').toEqual(['verify/rejected'])
  })

  it('knows that one was rejected, and what was there before, also when the tag was refused too', async () => {
    trial.listener().behaviour = ({ arn }) => (isOurs(arn) ? 'close' : 'serve')
    const before = trial.attached()
    trial.sandbox.iam.spreadMs = 0
    let attachments = 0
    trial.sandbox.aws.allow(
      ({ action }) => action !== 'iam:TagServerCertificate' && !(action === ATTACH && ++attachments === 2),
    )
    expect((await trial.run()).codes).toEqual(['undo/failed', 'store/tag-refused'])
    const second = await trial.run()
    expect(second.codes).toEqual(['verify/rejected', 'store/tag-refused'])
    expect(trial.attached()).toBe(before)
  })

  it('puts the previous one back where the run that swapped it died before it looked', async () => {
    const before = trial.attached()
    trial.sandbox.iam.spreadMs = 0
    trial.listener().behaviour = ({ arn }) => (isOurs(arn) ? 'close' : 'serve')
    // dead to the world from the swap on: what it does after that comes to nothing
    let isDead = false
    trial.sandbox.aws.intercept(({ action }) => {
      if (isDead) return 'reset'
      isDead = action === ATTACH
      return null
    })
    await trial.run()
    expect(trial.attached(), 'it is left broken').not.toBe(before)
    trial.sandbox.aws.intercept(null)
    trial.sandbox.clock.advance(HOUR_MS)
    expect((await trial.run()).codes).toEqual(['verify/rejected'])
    expect(trial.attached()).toBe(before)
  })

  it('believes the API of a listener that was closed off before the swap, and counts it as working', async () => {
    await trial.run()
    trial.listener().behaviour = () => 'close'
    trial.sandbox.clock.advance(HOUR_MS)
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
    trial.listener().behaviour = ({ arn }) => (isOurs(arn) ? 'close' : 'serve')
    trial.deny(ATTACH, 2)
    trial.sandbox.iam.spreadMs = 0
    expect((await trial.run()).codes).toEqual(['undo/failed'])
    await trial.sandbox.dynamodb.deleteTable(TABLE)
    await trial.sandbox.dynamodb.addTable(TABLE)
    const second = await trial.run()
    expect(second).toMatchObject({ codes: ['undo/failed'], outcomes: { web: 'failed' } })
    trial.listener().behaviour = () => 'serve'
    expect((await trial.run()).outcomes, 'somebody fixed the listener').toEqual({ web: 'settled' })
  })

  it('puts back what was served before when a listener breaks in a later run than the swap', async () => {
    await trial.run()
    const good = trial.attached()
    trial.listener().delayMs = 10 * MINUTE_MS
    expect((await trial.run({ force: true })).codes).toEqual(['verify/not-served'])
    const fresh = trial.attached()
    expect(fresh).not.toBe(good)
    trial.listener().delayMs = 0
    // it still serves the good one when the run looks first, and breaks with the new one after that
    let looks = 0
    trial.listener().behaviour = ({ arn }) => (arn === fresh ? 'close' : looks++ === 0 ? 'serve' : 'close')
    const ran = await trial.run()
    expect(ran.outcomes).toEqual({ web: 'rejected' })
    expect(trial.attached()).toBe(good)
  })

  it('says so when the rejection could not be written down', async () => {
    trial.listener().behaviour = ({ arn }) => (isOurs(arn) ? 'close' : 'serve')
    trial.sandbox.aws.allow(({ action }) => action !== 'iam:TagServerCertificate')
    const before = trial.attached()
    expect((await trial.run()).codes).toEqual(['verify/rejected', 'store/tag-refused'])
    expect(trial.attached()).toBe(before)
  })

  it('goes on failing for a rejected certificate also where the foreign one is not due', async () => {
    await trial.balancer('fresh', [HOST], 200)
    trial.configure([entry('fresh')])
    const before = trial.attached('fresh')
    trial.listener('fresh').behaviour = ({ arn }) => (isOurs(arn) ? 'close' : 'serve')
    expect((await trial.run({ force: true })).outcomes).toEqual({ fresh: 'rejected' })
    expect((await trial.run()).outcomes).toEqual({ fresh: 'rejected' })
    expect(trial.attached('fresh')).toBe(before)
  })

  it('goes back to a certificate that once broke a listener and works again', async () => {
    await trial.balancer('quiet', [HOST])
    trial.listener('quiet').behaviour = () => 'close'
    const targets = [{ elb: { name: 'web' } }, { elb: { name: 'quiet' } }]
    trial.configure([{ name: 'web', hosts: [HOST], key_type: 'ecdsa', targets }])
    trial.sandbox.iam.spreadMs = 0
    trial.listener().behaviour = ({ arn }) => (isOurs(arn) ? 'close' : 'serve')
    trial.deny(ATTACH, 3)
    expect((await trial.run()).codes).toEqual(['undo/failed'])
    trial.sandbox.aws.intercept(null)
    const fixed = trial.attached()
    trial.listener().behaviour = () => 'serve'
    expect((await trial.run()).outcomes).toEqual({ web: 'settled' })
    trial.listener().behaviour = ({ arn }) => (arn === fixed ? 'serve' : 'close')
    expect((await trial.run({ force: true })).codes).toEqual(['verify/rejected'])
    expect(trial.attached()).toBe(fixed)
  })

  it('goes on failing when a forced certificate does not fix a broken listener either', async () => {
    trial.listener().behaviour = ({ arn }) => (isOurs(arn) ? 'close' : 'serve')
    trial.deny(ATTACH, 2)
    trial.sandbox.iam.spreadMs = 0
    expect((await trial.run()).codes).toEqual(['undo/failed'])
    trial.sandbox.aws.intercept(null)
    const forced = await trial.run({ force: true })
    expect(forced).toMatchObject({ codes: ['verify/rejected'], outcomes: { web: 'rejected' } })
    expect(isOurs(trial.attached() ?? ''), 'what worked before both is back').toBe(false)
    expect((await trial.run()).codes, 'and it stays so').toEqual(['verify/rejected'])
  })
})
