/** One run at a time: the lease. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { HOUR_MS, MINUTE_MS } from '../../lambda/domain/instant.ts'
import { ServiceError } from '../sandbox/aws/service.ts'
import { type BetweenRuns, startBetweenRuns } from '../support/between-runs.ts'
import { ATTACH, isOurs, UPLOAD } from '../support/quick.ts'
import { DEPLOYMENT } from '../support/runners.ts'
import { names, only, TABLE } from '../support/trial.ts'

describe('two runs at the same time', () => {
  let trial: BetweenRuns
  beforeEach(async () => {
    trial = await startBetweenRuns()
  })
  afterEach(() => trial.stop())

  it('do not both act: the second one reports that, and succeeds', async () => {
    const [one, other] = await Promise.all([trial.run(), trial.run()])
    const [yielded, acted] = Object.keys(one.outcomes).length === 0 ? [one, other] : [other, one]
    expect(acted.outcomes).toEqual({ web: 'renewed' })
    expect(names(yielded)).toEqual(['run.started', 'run.yielded', 'run.finished'])
    expect(yielded).toMatchObject({ error: null, metrics: {} })
    expect(trial.issued()).toBe(1)
    expect((await trial.sandbox.dynamodb.items(TABLE)).has('lease')).toBe(false)
  })

  it('are kept apart by a lease that expires', async () => {
    const { clock } = trial.sandbox
    await trial.lease({ holder: 'dead', expiresAt: clock.now() + 10 * MINUTE_MS })
    expect(names(await trial.run())).toContain('run.yielded')
    expect(await trial.later(12 * MINUTE_MS)).toMatchObject({ outcomes: { web: 'renewed' } })
  })

  it('cannot both write: the one that has lost its lease stops', async () => {
    const { sandbox } = trial
    const before = trial.attached()
    sandbox.aws.intercept(async ({ action, count }) => {
      if (action === UPLOAD && count === 1) {
        // it was asleep for long, and another run has begun
        sandbox.clock.advance(20 * MINUTE_MS)
        await trial.lease({ holder: 'another', expiresAt: sandbox.clock.now() + 10 * MINUTE_MS })
      }
      return null
    })
    const ran = await trial.run()
    expect(new Set(ran.codes)).toEqual(new Set(['run/lease-lost']))
    expect(trial.attached()).toBe(before)
    sandbox.aws.intercept(null)
    expect(await trial.later()).toMatchObject({ outcomes: { web: 'attached' }, codes: [] })
  })

  it('do not count the run itself as the other one when it took over the lease and the answer was lost', async () => {
    await trial.lease({ holder: 'dead', expiresAt: trial.sandbox.clock.now() - HOUR_MS })
    trial.sandbox.aws.intercept(({ action, count }) =>
      action === 'dynamodb:PutItem' && count === 2 ? 'lost' : null,
    )
    expect((await trial.run()).outcomes).toEqual({ web: 'renewed' })
  })

  it.each([
    ['state/item-newer', { v: 2 }],
    ['state/other-deployment', { deployment: 'elsewhere' }],
  ])('are refused when the lease is %s, because its holder is unknown', async (code, item) => {
    const data = JSON.stringify({ holder: 'x', expiresAt: trial.sandbox.clock.now() + 10 * MINUTE_MS })
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

  it('keep their lease until it expires while the table cannot be read: a broken listener gets its certificate back', async () => {
    const { sandbox } = trial
    const before = trial.attached()
    sandbox.listener('web', 443).behaviour = ({ arn }) => (isOurs(arn) ? 'close' : 'serve')
    sandbox.aws.intercept(({ action }) => {
      if (action === ATTACH && trial.attached() === before) sandbox.clock.advance(6 * MINUTE_MS)
      const isLater = action.startsWith('dynamodb:') && trial.attached() !== before
      return isLater ? new ServiceError('ThrottlingException', 'not today') : null
    })
    await trial.run()
    sandbox.aws.intercept(null)
    expect(trial.attached()).toBe(before)
  })

  it('are kept apart, too, when the table cannot be read after the lease was taken', async () => {
    trial.sandbox.aws.allow(({ action }) => action !== 'dynamodb:Scan')
    const ran = await trial.run()
    expect(ran).toMatchObject({ error: { code: 'aws/access-denied' }, outcomes: { web: 'renewed' } })
    expect((await trial.sandbox.dynamodb.items(TABLE)).has('lease'), 'given back').toBe(false)
  })

  it('may include a dry run, which takes no lease and waits for none', async () => {
    await trial.lease({ holder: 'other', expiresAt: trial.sandbox.clock.now() + 10 * MINUTE_MS })
    expect(only(await trial.run({ dryRun: true }), 'plan.made').actions.length).toBeGreaterThan(0)
    trial.sandbox.clock.advance(HOUR_MS)
    await trial.run()
  })
})
