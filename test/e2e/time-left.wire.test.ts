/** A run whose time is short: nothing new is begun near its end, and what was not reached goes first in the next one. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { DAY_MS, MINUTE_MS } from '../../lambda/domain/instant.ts'
import { Problem } from '../sandbox/ca/problem.ts'
import { only, type Ran, startTrial, type Trial } from '../support/trial.ts'

const NAMES = ['a', 'b', 'c']
/** A wave takes some 30 s here, for the propagation; so much time lets one begin, and no second one. */
const FOR_ONE_WAVE_MS = 90_000

describe('a run whose time is short', () => {
  let trial: Trial

  beforeEach(async () => {
    trial = await startTrial(undefined, {
      propagationMs: 30_000,
      settings: { waveHosts: 1, waveMs: 60_000, reserveMs: 10_000 },
    })
    trial.sandbox.route53.addZone('example.com')
    for (const [at, name] of NAMES.entries()) {
      const hosts = [`${name}.example.com`]
      const endsInMs = (110 + at) * DAY_MS
      await trial.sandbox.addLoadBalancer(name, 443, await trial.sandbox.buy(name, { hosts, endsInMs }))
    }
    trial.configure(
      NAMES.map((name) => ({
        name,
        hosts: [`${name}.example.com`],
        key_type: 'ecdsa',
        elb: { name },
      })),
    )
  })
  afterEach(() => trial.stop())

  const run = () => trial.run({}, undefined, FOR_ONE_WAVE_MS)
  const order = (ran: Ran) =>
    ran.events.flatMap((event) => (event.event === 'cert.due' ? [event.certId] : []))

  it('begins one wave, and postpones the others: no failure while what they have is good', async () => {
    const ran = await run()
    expect(ran).toMatchObject({
      error: null,
      outcomes: { a: 'renewed', b: 'postponed', c: 'postponed' },
      metrics: { certificatesRenewed: 1, certificatesHeldBack: 2, certificatesFailing: 0 },
    })
    expect(order(ran)).toEqual(['a'])
    expect(only(ran, 'run.finished').durationMs).toBeLessThan(FOR_ONE_WAVE_MS)
    expect((await run()).outcomes).toEqual({ a: 'settled', b: 'renewed', c: 'postponed' })
    expect((await run()).outcomes).toEqual({ a: 'settled', b: 'settled', c: 'renewed' })
  })

  it('lets what was postponed go before what fails again and again', async () => {
    trial.sandbox.ca.options.refuse = (operation, hosts) =>
      operation === 'finalize' && hosts.includes('a.example.com') ? new Problem('badCSR', 'no') : null
    expect((await run()).outcomes).toEqual({ a: 'failed', b: 'postponed', c: 'postponed' })
    trial.sandbox.clock.advance(MINUTE_MS)
    const second = await run()
    expect(second.outcomes).toEqual({ a: 'postponed', b: 'renewed', c: 'postponed' })
    const third = await run()
    expect(order(third)[0]).toBe('a')
    // its order is gone on with, which takes no time
    expect(third.outcomes).toEqual({ a: 'failed', b: 'settled', c: 'renewed' })
  })

  it('is a failure when the installed certificate cannot wait', async () => {
    trial.sandbox.clock.advance(100 * DAY_MS)
    const ran = await run()
    expect(ran).toMatchObject({
      error: { code: 'run/failed' },
      outcomes: { a: 'renewed', b: 'failed', c: 'failed' },
      codes: ['run/out-of-time', 'run/out-of-time'],
    })
  })

  it('ends what it has begun before its time is over, and leaves the order to the next run', async () => {
    trial.sandbox.route53.propagationMs = 10 * MINUTE_MS
    const ran = await run()
    expect(ran).toMatchObject({ error: null, outcomes: { a: 'postponed' } })
    expect(only(ran, 'run.finished').durationMs).toBeLessThan(FOR_ONE_WAVE_MS)
    expect(trial.sandbox.route53.zones().flatMap(({ id }) => acme(id))).toEqual([])
    trial.sandbox.route53.propagationMs = 0
    trial.sandbox.clock.advance(900_000)
    const next = await trial.run()
    expect(next.events.filter(({ event }) => event === 'order.resumed')).toHaveLength(1)
    expect(next.outcomes).toEqual({ a: 'renewed', b: 'renewed', c: 'renewed' })
  })

  function acme(zone: string): string[] {
    return trial.sandbox.route53.records(zone).flatMap(({ name }) => (name.startsWith('_acme') ? [name] : []))
  }
})
