/** Challenge values that could not be removed, and what entries have left that are no longer in the configuration. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ServiceError } from '../sandbox/aws/service.ts'
import { type BetweenRuns, startBetweenRuns } from '../support/between-runs.ts'
import { remember } from '../support/ours.ts'
import { entry, HOST } from '../support/quick.ts'
import { TABLE } from '../support/trial.ts'

describe('what was left behind', () => {
  let trial: BetweenRuns
  beforeEach(async () => {
    trial = await startBetweenRuns()
  })
  afterEach(() => trial.stop())

  it('keeps trying to remove what a removed entry left behind, where it may', async () => {
    await trial.balancer('other', ['other.example.com'], 300)
    const name = `_acme-challenge.${HOST}`
    const noted = { zone: { id: trial.zone, name: 'example.com', group: 0 }, name }
    trial.sandbox.route53.put(trial.zone, { name, type: 'TXT', ttl: 10, values: ['"left"'] })
    await remember(trial.sandbox, TABLE, 'web', { values: [{ ...noted, ours: ['"left"'] }] })
    trial.sandbox.aws.intercept(({ action }) =>
      action === 'route53:ChangeResourceRecordSets' ? new ServiceError('InvalidInput', 'not today') : null,
    )
    trial.configure([entry('other', ['other.example.com'])])
    expect((await trial.later()).codes).toEqual(['dns/clean-up-failed'])
    trial.sandbox.aws.intercept(null)
    const only = await trial.later()
    expect(only.error).toBeNull()
    expect((await trial.sandbox.dynamodb.items(TABLE)).has('cert#web')).toBe(false)
  })

  it('does not touch what a removed entry left behind in a run for some certificates only', async () => {
    await trial.balancer('other', ['other.example.com'], 300)
    await remember(trial.sandbox, TABLE, 'web', { postponed: true })
    trial.configure([entry('other', ['other.example.com'])])
    await trial.run({ only: ['other'] })
    expect((await trial.sandbox.dynamodb.items(TABLE)).has('cert#web')).toBe(true)
  })

  it('reports once what a removed entry left behind where the function may no longer write', async () => {
    await trial.balancer('other', ['other.example.com'], 300)
    const noted = { zone: { id: trial.zone, name: 'example.com', group: 0 }, name: `_acme-challenge.${HOST}` }
    await remember(trial.sandbox, TABLE, 'web', { values: [{ ...noted, ours: ['"left"'] }] })
    trial.sandbox.aws.allow(({ action }) => !action.startsWith('route53:'))
    trial.configure([entry('other', ['other.example.com'])])
    expect(await trial.later()).toMatchObject({
      codes: ['dns/clean-up-failed'],
      outcomes: { other: 'settled' },
    })
    expect(await trial.later()).toMatchObject({ error: null })
  })

  it('forgets what an entry left behind when it is gone from a zone that the function may no longer write to', async () => {
    await trial.balancer('other', ['other.example.com'], 300)
    const noted = { zone: { id: trial.zone, name: 'example.com', group: 0 }, name: `_acme-challenge.${HOST}` }
    await remember(trial.sandbox, TABLE, 'other', { values: [{ ...noted, ours: ['"left"'] }] })
    trial.sandbox.aws.allow(({ action }) => action !== 'route53:ChangeResourceRecordSets')
    trial.configure([entry('other', ['other.example.com'])])
    expect(await trial.later()).toMatchObject({ error: null, outcomes: { other: 'settled' } })
    expect((await trial.stateOf('other')).values).toEqual([])
  })

  describe('challenge values', () => {
    it('that could not be taken away stay remembered when new ones at the same name could', async () => {
      const name = `_acme-challenge.${HOST}`
      trial.sandbox.route53.put(trial.zone, { name, type: 'TXT', ttl: 10, values: ['"left"'] })
      const noted = { zone: { id: trial.zone, name: 'example.com', group: 0 }, name }
      await remember(trial.sandbox, TABLE, 'web', { values: [{ ...noted, ours: ['"left"'] }] })
      trial.refuseOnce('route53:ChangeResourceRecordSets')
      await trial.run()
      expect((await trial.stateOf('web')).values).toMatchObject([{ ours: ['"left"'] }])
      await trial.later()
      expect(trial.values()).toEqual([])
    })

    it('that could not be taken away are remembered, and taken away by the next run', async () => {
      let changes = 0
      trial.sandbox.aws.intercept(({ action }) =>
        action === 'route53:ChangeResourceRecordSets' && ++changes > 1
          ? new ServiceError('AccessDenied', 'no', 403)
          : null,
      )
      expect((await trial.run()).codes).toEqual(['dns/clean-up-failed'])
      expect(trial.values()).toHaveLength(1)
      expect((await trial.later()).codes, 'until they are').toEqual(['dns/clean-up-failed'])
      trial.sandbox.aws.intercept(null)
      expect(await trial.later()).toMatchObject({ codes: [], outcomes: { web: 'settled' } })
      expect(trial.values()).toEqual([])
    })
  })
})
