/** What CloudWatch and the log report about a run as a whole. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { DAY_MS } from '../../lambda/domain/instant.ts'
import { entry, type Quick, startWithBalancer } from '../support/quick.ts'
import { names, only } from '../support/trial.ts'

describe('a run', () => {
  let trial: Quick
  beforeEach(async () => {
    trial = await startWithBalancer({ settings: { verifyTimeoutMs: 30_000 } })
    trial.sandbox.route53.addZone('example.org')
    trial.configure([entry('web')])
  })
  afterEach(() => trial.stop())

  it('tells by metrics what came of a run, and nothing for a dry one or one that looked at some only', async () => {
    await trial.balancer('bad', ['www.no-zone.test'])
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
    trial.deny('iam:ListServerCertificates', 1)
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
    trial.deny('iam:GetAccountSummary', 1)
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
