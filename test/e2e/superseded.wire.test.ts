/** Which certificates are deleted, and when. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { DAY_MS, HOUR_MS } from '../../lambda/domain/instant.ts'
import { ServiceError } from '../sandbox/aws/service.ts'
import { type BetweenRuns, startBetweenRuns } from '../support/between-runs.ts'
import { remember, storeOurs } from '../support/ours.ts'
import { entry } from '../support/quick.ts'
import { names, only, TABLE } from '../support/trial.ts'

describe('what is superseded', () => {
  let trial: BetweenRuns
  beforeEach(async () => {
    trial = await startBetweenRuns()
  })
  afterEach(() => trial.stop())

  const ours = () => trial.sandbox.iam.all().filter(({ path }) => path !== '/')

  it('is deleted a day and two runs after its successor was seen working, except for one', async () => {
    await trial.run()
    const arns = [trial.attached()]
    for (let renewal = 0; renewal < 2; renewal++) {
      trial.sandbox.clock.advance(HOUR_MS)
      await trial.run({ force: true })
      arns.push(trial.attached())
    }
    expect(ours()).toHaveLength(3)
    const early = await trial.later(DAY_MS)
    expect(names(early)).not.toContain('cert.pruned')
    expect(only(early, 'plan.made').kept.map(({ why }) => why.replace(/ until .*/, ''))).toEqual([
      'kept for rollback',
      'superseded, and kept',
    ])
    const late = await trial.later(DAY_MS)
    expect(late).toMatchObject({ error: null, outcomes: { web: 'settled' } })
    expect(ours().map(({ arn }) => arn)).toEqual(arns.slice(1))
  })

  it('makes room in a full store, and then the new one is ordered', async () => {
    for (const ageDays of [89, 80]) await storeOurs(trial.sandbox, trial.specified(), { ageDays })
    const arn = await storeOurs(trial.sandbox, trial.specified(), { ageDays: 70 })
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

  it('stays when IAM says that something uses it, which is reported and not a failure', async () => {
    const old = await storeOurs(trial.sandbox, trial.specified(), { ageDays: 80 })
    await storeOurs(trial.sandbox, trial.specified(), { ageDays: 60 })
    const arn = await storeOurs(trial.sandbox, trial.specified(), { ageDays: 10 })
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

  it('is never a certificate of somebody else or of another deployment', async () => {
    for (const ageDays of [88, 80, 70]) await storeOurs(trial.sandbox, trial.specified(), { ageDays })
    const [, old] = ours()
    if (!old) throw new Error('three certificates')
    // the same names, under other paths
    const { name, body, privateKey } = old
    const others = ['/', '/elb-cert-rotator/us-east-1/other/', '/elb-cert-rotator/us-east-1/trial-2/']
    for (const [at, path] of others.entries())
      trial.sandbox.iam.add({ name: `${name}${at}`, path, body, privateKey })
    const before = trial.sandbox.iam.all().filter(({ path }) => others.includes(path))
    await trial.run({ force: true })
    for (let day = 0; day < 4; day++) await trial.later(DAY_MS)
    expect(trial.sandbox.iam.all().filter(({ path }) => others.includes(path))).toEqual(before)
    expect(ours().filter(({ path }) => path.endsWith('/trial/'))).toHaveLength(2)
  })
})
