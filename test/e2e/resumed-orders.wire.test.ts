/** An order that an earlier run has left unfinished is taken up again: the CA issues once. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../lambda/domain/instant.ts'
import { ServiceError } from '../sandbox/aws/service.ts'
import { Problem } from '../sandbox/ca/problem.ts'
import { type BetweenRuns, resumed, startBetweenRuns } from '../support/between-runs.ts'
import { isOurs, UPLOAD } from '../support/quick.ts'

describe('an order in flight between two runs', () => {
  let trial: BetweenRuns
  beforeEach(async () => {
    trial = await startBetweenRuns()
  })
  afterEach(() => trial.stop())

  it('that is valid is fetched again when the upload was refused: the CA issues once', async () => {
    trial.refuseOnce(UPLOAD)
    expect((await trial.run()).codes).toEqual(['store/refused'])
    expect(trial.keysInFlight()).toHaveLength(1)
    expect((await trial.stateOf('web')).order?.keyParameter).toBe(trial.keysInFlight()[0])
    const second = await trial.later()
    expect(second).toMatchObject({ outcomes: { web: 'renewed' }, codes: [] })
    expect(resumed(second)).toEqual(['valid'])
    expect(trial.issued()).toBe(1)
    expect((await trial.stateOf('web')).order).toBeNull()
  })

  it('that is pending gets its challenge values again', async () => {
    trial.sandbox.route53.propagationMs = MINUTE_MS
    expect((await trial.run()).codes).toEqual(['dns/not-in-sync'])
    trial.sandbox.route53.propagationMs = 0
    const second = await trial.later()
    expect(second.outcomes).toEqual({ web: 'renewed' })
    expect(resumed(second)).toEqual(['pending'])
    expect(trial.sandbox.ca.requests.get('new-order')).toBe(1)
  })

  it('that is ready is finalized with the key that is kept', async () => {
    trial.sandbox.ca.options.refuse = (operation) =>
      operation === 'finalize' ? new Problem('serverInternal', 'out of order', 500) : null
    expect((await trial.run()).codes).toEqual(['acme/refused'])
    const [kept] = trial.keysInFlight()
    trial.sandbox.ca.options.refuse = () => null
    const second = await trial.later()
    expect(resumed(second)).toEqual(['ready'])
    expect(second.outcomes).toEqual({ web: 'renewed' })
    expect(kept).toBeDefined()
    expect(trial.sandbox.ca.requests.get('new-order')).toBe(1)
  })

  it('that is processing is waited for', async () => {
    trial.sandbox.ca.options.finalizeDelayMs = HOUR_MS
    expect((await trial.run()).codes).toEqual(['acme/timed-out'])
    // half of what is left has passed when the second run looks
    trial.sandbox.clock.advance(HOUR_MS - 40_000)
    const second = await trial.run()
    expect(resumed(second)).toEqual(['processing'])
    expect(second.outcomes).toEqual({ web: 'renewed' })
    expect(trial.issued()).toBe(1)
  })

  it('is kept while the CA cannot be asked', async () => {
    trial.refuseOnce(UPLOAD)
    await trial.run()
    trial.sandbox.ca.mishap = (kind) => (kind === 'order' ? 'reset' : null)
    expect((await trial.later()).codes).toEqual(['acme/unreachable'])
    trial.sandbox.ca.mishap = () => null
    expect((await trial.later()).outcomes).toEqual({ web: 'renewed' })
    expect(trial.issued()).toBe(1)
  })

  it.each<[string, number, string]>([
    ['a page of a proxy', 200, '<html>Sign in</html>'],
    ['a refusal of a proxy', 403, '<html>Forbidden</html>'],
    ['trouble of its own', 500, ''],
    ['a refused nonce', 400, '{"type":"urn:ietf:params:acme:error:badNonce","detail":"no"}'],
  ])('is kept when the CA seems to answer with %s', async (_, status, text) => {
    trial.refuseOnce(UPLOAD)
    await trial.run()
    trial.sandbox.ca.mishap = (kind) => (kind === 'order' ? { status, text } : null)
    expect((await trial.later()).outcomes).toEqual({ web: 'failed' })
    trial.sandbox.ca.mishap = () => null
    expect((await trial.later()).outcomes).toEqual({ web: 'renewed' })
    expect(trial.issued()).toBe(1)
  })

  it('leaves no key behind when it could not be remembered', async () => {
    let puts = 0
    trial.sandbox.aws.intercept(({ action, body }) => {
      if (action === UPLOAD) return new ServiceError('InvalidInput', 'not today')
      const isOrder = action === 'dynamodb:PutItem' && body.includes('cert#web') && body.includes('/order/')
      return isOrder && ++puts > 0 ? new ServiceError('ValidationException', 'not today') : null
    })
    expect((await trial.run()).codes).toContain('store/refused')
    expect(puts).toBeGreaterThan(0)
    expect(trial.keysInFlight()).toEqual([])
    trial.sandbox.aws.intercept(null)
    expect((await trial.later()).outcomes).toEqual({ web: 'renewed' })
  })

  it('has its key deleted by the next run when this one could not', async () => {
    trial.refuseOnce('ssm:DeleteParameter')
    const first = await trial.run()
    expect(first).toMatchObject({ codes: ['aws/refused'], outcomes: { web: 'failed' } })
    expect(trial.keysInFlight()).toEqual([(await trial.stateOf('web')).order?.keyParameter])
    expect(await trial.later()).toMatchObject({ error: null, outcomes: { web: 'settled' } })
    expect((await trial.stateOf('web')).order).toBeNull()
  })

  it('is kept while its listener is missing for a run', async () => {
    trial.refuseOnce(UPLOAD)
    await trial.run()
    const { balancers } = trial.sandbox.elb
    const web = balancers.get('web')
    balancers.delete('web')
    expect((await trial.later()).codes).toEqual(['elb/load-balancer-not-found'])
    if (web) balancers.set('web', web)
    expect((await trial.later()).outcomes).toEqual({ web: 'renewed' })
    expect(trial.issued()).toBe(1)
  })

  it('is not resumed when its certificate is stored: a rejected one would become its own successor', async () => {
    trial.sandbox.aws.allow(({ action }) => action !== 'ssm:DeleteParameter')
    const listener = trial.sandbox.listener('web', 443)
    listener.behaviour = ({ arn }) => (isOurs(arn) ? 'close' : 'serve')
    expect(new Set((await trial.run()).codes)).toEqual(new Set(['aws/access-denied', 'verify/rejected']))
    expect(new Set((await trial.later(DAY_MS)).codes)).toContain('verify/rejected')
    trial.sandbox.aws.allow(null)
    listener.behaviour = () => 'serve'
    expect((await trial.later(DAY_MS)).outcomes).toEqual({ web: 'renewed' })
    expect(trial.issued()).toBeGreaterThan(1)
  })
})
