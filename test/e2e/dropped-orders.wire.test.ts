/** An order that an earlier run has left, and that is of no use any more, is dropped with its key. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { generateKey } from '../../lambda/adapters/node-keys.ts'
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../lambda/domain/instant.ts'
import { keyParameterPath, specificationHash } from '../../lambda/domain/names.ts'
import { Problem } from '../sandbox/ca/problem.ts'
import { type BetweenRuns, dropped, startBetweenRuns } from '../support/between-runs.ts'
import { remember } from '../support/ours.ts'
import { entry, HOST, UPLOAD } from '../support/quick.ts'
import { DEPLOYMENT } from '../support/runners.ts'
import { names, TABLE } from '../support/trial.ts'

describe('an order in flight between two runs', () => {
  let trial: BetweenRuns
  beforeEach(async () => {
    trial = await startBetweenRuns()
  })
  afterEach(() => trial.stop())

  it('is dropped with its key when it is for another specification', async () => {
    trial.refuseOnce(UPLOAD)
    await trial.run()
    trial.configure([entry('web', [HOST], { key_type: 'ecdsa-p384' })])
    const second = await trial.later()
    expect(dropped(second)).toEqual(['it is for another specification'])
    expect(second.outcomes).toEqual({ web: 'renewed' })
  })

  it('is dropped when the CA has forgotten it', async () => {
    trial.refuseOnce(UPLOAD)
    await trial.run()
    trial.sandbox.ca.book.orders.clear()
    const second = await trial.later()
    expect(dropped(second)).toEqual([expect.stringContaining('No such resource')])
    expect(second.outcomes).toEqual({ web: 'renewed' })
    expect(trial.issued()).toBe(2)
  })

  it('is dropped when it failed', async () => {
    trial.sandbox.ca.options.spoil = () => new Problem('caa', 'a record forbids it', 403)
    expect((await trial.run()).codes).toEqual(['acme/order-failed'])
    trial.sandbox.ca.options.spoil = () => null
    const second = await trial.later()
    expect(dropped(second)).toEqual([expect.stringContaining('a record forbids it')])
    expect(second.outcomes).toEqual({ web: 'renewed' })
  })

  it('is dropped when its key is gone, and when its parameter contains something else, which is never shown', async () => {
    for (const [spoil, why] of [
      [
        () => trial.sandbox.ssm.parameters.delete(trial.keysInFlight()[0] ?? ''),
        'it is valid, and its key is gone',
      ],
      [() => spoilKey('{"version":1,"key":"secret words"}'), 'holds no private key of version 1'],
      [() => spoilKey('secret words'), '(key/unreadable)'],
    ] as const) {
      trial.refuseOnce(UPLOAD)
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
    const name = trial.keysInFlight()[0] ?? ''
    trial.sandbox.ssm.parameters.set(name, { type: 'SecureString', value, version: 1 })
  }

  it('is dropped when its key is of another type', async () => {
    trial.refuseOnce(UPLOAD)
    await trial.run()
    const other = await generateKey('ecdsa-p384')
    spoilKey(JSON.stringify({ version: 1, key: other.export({ type: 'pkcs8', format: 'pem' }) }))
    const second = await trial.later()
    expect(dropped(second)).toEqual(['its key is of another type'])
    expect(second.outcomes).toEqual({ web: 'renewed' })
  })

  it('is dropped when it is for other hosts, as in a copied table', async () => {
    await trial.balancer('other', ['other.example.com'])
    trial.configure([entry('other', ['other.example.com'])])
    trial.refuseOnce(UPLOAD)
    await trial.run()
    const { order } = await trial.stateOf('other')
    const own = specificationHash({ ...trial.specified(), keyType: 'ecdsa', profile: null })
    await remember(trial.sandbox, TABLE, 'web', { order: order && { ...order, specificationHash: own } })
    trial.configure([entry('web'), entry('other', ['other.example.com'])])
    const second = await trial.later()
    expect(dropped(second).join()).toContain('is for other.example.com, expected www.example.com')
    expect(second.outcomes).toMatchObject({ web: 'renewed' })
  })

  it('that is processing is dropped, too, when its key is gone', async () => {
    trial.sandbox.ca.options.finalizeDelayMs = HOUR_MS
    await trial.run()
    trial.sandbox.ssm.parameters.delete(trial.keysInFlight()[0] ?? '')
    trial.sandbox.clock.advance(MINUTE_MS)
    const second = await trial.run()
    expect(dropped(second)).toEqual(['it is processing, and its key is gone'])
    trial.sandbox.ca.options.finalizeDelayMs = 0
    await trial.later(2 * HOUR_MS)
  })

  it('is dropped when the CA cannot be asked and it is older than any order can be', async () => {
    const order = {
      url: 'https://127.0.0.1:9/order/1',
      specificationHash: specificationHash({ ...trial.specified(), keyType: 'ecdsa', profile: null }),
      keyParameter: `${keyParameterPath(DEPLOYMENT)}none`,
      since: trial.sandbox.clock.now() - 6 * DAY_MS,
      isReplacement: false,
    }
    await remember(trial.sandbox, TABLE, 'web', { order })
    expect((await trial.run()).codes).toEqual(['acme/unreachable'])
    expect((await trial.later(2 * DAY_MS)).outcomes).toEqual({ web: 'renewed' })
  })

  it('that is no longer needed is dropped', async () => {
    trial.refuseOnce(UPLOAD)
    await trial.run()
    const arn = await trial.sandbox.buy('fresh', { hosts: [HOST], endsInMs: 300 * DAY_MS })
    const listener = trial.sandbox.elb.balancers.get('web')?.listeners[0]
    if (listener) listener.certificateArn = arn
    const second = await trial.later()
    expect(names(second)).toContain('cert.cleaned-up')
    expect(second.outcomes).toEqual({ web: 'settled' })
    expect((await trial.stateOf('web')).order).toBeNull()
  })

  it('of an entry that was removed is dropped, with its key and its challenge values', async () => {
    await trial.balancer('other', ['other.example.com'], 300)
    trial.refuseOnce(UPLOAD)
    await trial.run()
    trial.sandbox.route53.put(trial.zone, {
      name: `_acme-challenge.${HOST}`,
      type: 'TXT',
      ttl: 10,
      values: ['"left"', '"foreign"'],
    })
    const noted = { zone: { id: trial.zone, name: 'example.com', group: 0 }, name: `_acme-challenge.${HOST}` }
    await remember(trial.sandbox, TABLE, 'web', {
      ...(await trial.stateOf('web')),
      values: [{ ...noted, ours: ['"left"'] }],
    })
    trial.configure([entry('other', ['other.example.com'])])
    expect(await trial.later()).toMatchObject({ outcomes: { other: 'settled' }, codes: [] })
    expect((await trial.sandbox.dynamodb.items(TABLE)).has('cert#web')).toBe(false)
    expect(trial.sandbox.route53.records(trial.zone).find(({ type }) => type === 'TXT')?.values).toEqual([
      '"foreign"',
    ])
  })
})
