/** A table that is damaged, newer, of another deployment or of the future. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { DAY_MS, HOUR_MS } from '../../lambda/domain/instant.ts'
import { type BetweenRuns, startBetweenRuns } from '../support/between-runs.ts'
import { isOurs } from '../support/quick.ts'
import { DEPLOYMENT } from '../support/runners.ts'
import { names, type Ran, TABLE } from '../support/trial.ts'

describe('what is wrong in the table', () => {
  let trial: BetweenRuns
  beforeEach(async () => {
    trial = await startBetweenRuns()
  })
  afterEach(() => trial.stop())

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
  ])('an item with %s is reported and replaced', async (_, item) => {
    await put(item)
    const ran = await trial.run()
    expect(told(ran)).toEqual(['state/item-unreadable'])
    expect(ran).toMatchObject({ error: null, outcomes: { web: 'renewed' } })
    expect(isOurs((await trial.stateOf('web')).working['web:443']?.arn)).toBe(true)
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
    expect(trial.keysInFlight(), 'what nobody would remember is not left').toEqual([])
  })

  it('a lease that no run would ask for is reported and taken over', async () => {
    await trial.lease({ holder: 'x', expiresAt: trial.sandbox.clock.now() + 400 * DAY_MS })
    const ran = await trial.run()
    expect(told(ran)).toEqual(['state/item-unreadable'])
    expect(ran).toMatchObject({ error: null, outcomes: { web: 'renewed' } })
  })

  it.each([
    ['lease', { data: JSON.stringify({ holder: 'x', expiresAt: 1 }) }],
    ['cert#web', { data: '{}' }],
  ])('%s from the future: nothing is changed, and the message names it', async (id, item) => {
    await put({ id, ...item, at: trial.sandbox.clock.now() + 2 * HOUR_MS })
    const before = [trial.sandbox.snapshot(), await trial.sandbox.dynamodb.items(TABLE)]
    const ran = await trial.run()
    expect(ran).toMatchObject({ error: { code: 'state/from-the-future' }, outcomes: {} })
    expect(ran.error?.message).toContain(`the item ${id} was written at`)
    expect([trial.sandbox.snapshot(), await trial.sandbox.dynamodb.items(TABLE)]).toEqual(before)
    expect(names(await trial.later(3 * HOUR_MS))).toContain('cert.attached')
  })

  it('after the clock went backwards, runs are refused until it is right again', async () => {
    await trial.run()
    trial.sandbox.clock.advance(-DAY_MS)
    expect((await trial.run()).error?.code).toBe('state/from-the-future')
    expect(await trial.later(DAY_MS)).toMatchObject({ error: null, outcomes: { web: 'settled' } })
  })

  it('a missing table is reported and fails the run, but stops nothing', async () => {
    await trial.sandbox.dynamodb.deleteTable(TABLE)
    const ran = await trial.run()
    expect(ran).toMatchObject({ error: { code: 'state/absent' }, outcomes: { web: 'renewed' } })
    expect(told(ran)).toEqual(['state/absent'])
  })
})
