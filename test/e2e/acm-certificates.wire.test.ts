/** Certificates of ACM, which cannot be read: a handshake shows what they are. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { entry, HOST, type Quick, startWithBalancer } from '../support/quick.ts'

describe('a certificate of ACM', () => {
  let trial: Quick
  beforeEach(async () => {
    trial = await startWithBalancer({ settings: { verifyTimeoutMs: 30_000 } })
    trial.sandbox.route53.addZone('example.org')
    trial.configure([entry('web')])
  })
  afterEach(() => trial.stop())

  function attachOfAcm(name: string): void {
    const [one] = trial.sandbox.elb.balancers.get(name)?.listeners ?? []
    if (one)
      one.certificateArn =
        'arn:aws:acm:us-east-1:123456789012:certificate/01234567-89ab-cdef-0123-456789abcdef'
  }

  it('leaves it until it is due', async () => {
    await trial.balancer('acm', [HOST], 200)
    attachOfAcm('acm')
    trial.configure([entry('acm')])
    const before = trial.sandbox.snapshot()
    expect((await trial.run()).outcomes).toEqual({ acm: 'settled' })
    expect(trial.sandbox.snapshot()).toEqual(before)
  })

  it('replaces it when it is due', async () => {
    attachOfAcm('web')
    expect((await trial.run()).outcomes).toEqual({ web: 'renewed' })
  })

  it('holds it back when the listener cannot be reached, and says so', async () => {
    attachOfAcm('web')
    trial.listener().behaviour = () => 'close'
    const before = trial.sandbox.snapshot()
    const ran = await trial.run()
    expect(ran.outcomes).toEqual({ web: 'held-back' })
    expect(trial.sandbox.snapshot()).toEqual(before)
  })
})
