/** What is remembered of failures: rejected certificates, a CA that asks to wait, a run that died. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { DAY_MS } from '../../lambda/domain/instant.ts'
import { Problem } from '../sandbox/ca/problem.ts'
import { type BetweenRuns, startBetweenRuns } from '../support/between-runs.ts'
import { ATTACH, entry, HOST, isOurs, UPLOAD } from '../support/quick.ts'
import { only, type Ran } from '../support/trial.ts'

describe('between two runs', () => {
  let trial: BetweenRuns
  beforeEach(async () => {
    trial = await startBetweenRuns()
  })
  afterEach(() => trial.stop())

  describe('the successor of a rejected certificate', () => {
    it('is ordered after a day and not before, once a day, and settles when the listener takes it', async () => {
      const listener = trial.sandbox.listener('web', 443)
      listener.behaviour = ({ arn }) => (isOurs(arn) ? 'close' : 'serve')
      expect((await trial.run()).outcomes).toEqual({ web: 'rejected' })
      expect(await trial.later()).toMatchObject({ outcomes: { web: 'rejected' } })
      expect(trial.issued()).toBe(1)
      expect(await trial.later(DAY_MS)).toMatchObject({ outcomes: { web: 'rejected' } })
      expect(trial.issued()).toBe(2)
      expect(await trial.later()).toMatchObject({ outcomes: { web: 'rejected' } })
      expect(trial.issued()).toBe(2)
      listener.behaviour = () => 'serve'
      expect(await trial.later(DAY_MS)).toMatchObject({ outcomes: { web: 'renewed' }, error: null })
      expect(trial.issued()).toBe(3)
    })

    it('is held back by the ledger, and the run still fails', async () => {
      await trial.balancer('patient', [HOST], 200)
      const limits = { same_hosts_a_week: 2 }
      trial.configure({ acme: { limits }, certificates: [{ ...entry('patient'), take_over: 'now' }] })
      const listener = trial.sandbox.listener('patient', 443)
      listener.behaviour = ({ arn }) => (isOurs(arn) ? 'close' : 'serve')
      for (let day = 0; day < 2; day++)
        expect((await trial.later(DAY_MS)).outcomes).toEqual({ patient: 'rejected' })
      const held = await trial.later(DAY_MS)
      expect(trial.issued()).toBe(2)
      expect([...held.codes].sort()).toEqual(['limits/ledger-full', 'verify/rejected'])
      expect(only(held, 'plan.made').heldBack).toMatchObject([{ code: 'limits/ledger-full' }])
      expect(held.error?.code).toBe('run/failed')
    })
  })

  describe('what the CA asked for', () => {
    it('is remembered: until then nothing is ordered, and the installed certificate is fine', async () => {
      await trial.balancer('old', [HOST], 110)
      trial.configure([entry('old')])
      trial.sandbox.ca.options.refuse = (operation) =>
        operation === 'newOrder' ? new Problem('rateLimited', 'too many', 429, { retryAfter: '86400' }) : null
      expect((await trial.run()).codes).toEqual(['acme/rate-limited'])
      trial.sandbox.ca.options.refuse = () => null
      const held = await trial.later()
      expect(held).toMatchObject({ error: null, outcomes: { old: 'held-back' } })
      expect(only(held, 'plan.made').heldBack).toMatchObject([{ code: 'limits/asked-to-wait' }])
      expect(await trial.later(DAY_MS)).toMatchObject({ outcomes: { old: 'renewed' } })
      expect((await trial.stateOf('old')).failures).toBeNull()
    })

    it('is a failure when the installed certificate cannot wait', async () => {
      trial.sandbox.ca.options.refuse = (operation) =>
        operation === 'newOrder' ? new Problem('rateLimited', 'too many', 429, { retryAfter: '86400' }) : null
      await trial.run()
      expect(await trial.later()).toMatchObject({
        codes: ['limits/asked-to-wait'],
        outcomes: { web: 'failed' },
      })
      expect((await trial.stateOf('web')).failures).toMatchObject({ count: 2, code: 'limits/asked-to-wait' })
    })
  })

  it('reports since when and for how many runs something has failed', async () => {
    trial.sandbox.aws.allow(({ action }) => action !== UPLOAD)
    const told = (ran: Ran) => only(ran, 'cert.failed')
    const first = told(await trial.run())
    expect(first.runs).toBe(1)
    expect(told(await trial.later())).toMatchObject({ runs: 2, since: first.since })
    trial.sandbox.aws.allow(null)
    await trial.later()
    trial.refuseOnce('elasticloadbalancing:DescribeLoadBalancers')
    await trial.run()
    expect((await trial.stateOf('web')).failures).toBeNull()
  })

  it('attaches a certificate that was stored by a run that died afterwards', async () => {
    trial.refuseOnce(ATTACH)
    await trial.run()
    expect(await trial.later()).toMatchObject({ outcomes: { web: 'attached' } })
    expect(trial.issued()).toBe(1)
  })
})
