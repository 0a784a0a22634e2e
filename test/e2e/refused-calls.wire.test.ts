/** Calls to AWS that are refused, lost or answered late: what is reported, and what stays as it was. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { DAY_MS, HOUR_MS } from '../../lambda/domain/instant.ts'
import { ATTACH, CHANGE, entry, isOurs, type Quick, startWithBalancer } from '../support/quick.ts'
import { names, only } from '../support/trial.ts'

describe('on a bad day of AWS', () => {
  let trial: Quick
  beforeEach(async () => {
    trial = await startWithBalancer({ settings: { verifyTimeoutMs: 30_000 } })
    trial.sandbox.route53.addZone('example.org')
    trial.configure([entry('web')])
  })
  afterEach(() => trial.stop())

  it('issues once although IAM lists the new certificate late', async () => {
    trial.sandbox.iam.listLagMs = DAY_MS
    trial.configure([{ ...entry('web'), take_over: 'now' }])
    const ran = await trial.run()
    expect(ran.outcomes).toEqual({ web: 'renewed' })
    expect(names(ran).filter((name) => name === 'cert.issued')).toHaveLength(1)
  })

  it('refuses at once to attach an old certificate that the load balancer does not know', async () => {
    trial.sandbox.aws.allow(({ action }) => action !== ATTACH)
    await trial.run()
    trial.sandbox.aws.allow(null)
    trial.sandbox.clock.advance(HOUR_MS)
    trial.sandbox.iam.spreadMs = DAY_MS
    const calls = trial.sandbox.aws.calls.length
    expect((await trial.run()).codes).toEqual(['attach/certificate-not-found'])
    expect(trial.sandbox.aws.calls.slice(calls).filter(({ action }) => action === ATTACH)).toHaveLength(1)
  })

  it('reports what came of every certificate also when AWS can no longer be asked in the second pass', async () => {
    await trial.balancer('bad', ['www.no-zone.test'])
    trial.configure([entry('web'), entry('bad', ['www.no-zone.test'])])
    trial.deny('iam:ListServerCertificates', 2, true)
    const ran = await trial.run()
    expect(ran.codes).toEqual(['dns/zone-not-found', 'aws/access-denied'])
    expect(ran.outcomes).toEqual({ web: 'renewed', bad: 'failed' })
    expect(ran.error?.code).toBe('aws/access-denied')
    expect(only(ran, 'run.finished').ok).toBe(false)
  })

  it('fails only the certificates of the zone whose change cannot be followed', async () => {
    await trial.balancer('org', ['www.example.org'])
    trial.configure([entry('web'), entry('org', ['www.example.org'])])
    trial.deny('route53:GetChange', 1)
    const ran = await trial.run()
    expect(ran.codes).toEqual(['aws/access-denied'])
    expect(Object.values(ran.outcomes).sort()).toEqual(['failed', 'renewed'])
    expect(trial.challengeValues()).toEqual([])
  })

  it('waits for the changes of every zone', async () => {
    await trial.balancer('org', ['www.example.org'])
    trial.configure([entry('web'), entry('org', ['www.example.org'])])
    await trial.run()
    const asked = trial.sandbox.aws.calls.filter(({ action }) => action === 'route53:GetChange')
    expect(new Set(asked.flatMap(({ resources }) => resources)).size).toBe(2)
  })

  it('leaves other certificates alone when one of ours cannot be read', async () => {
    await trial.balancer('other', ['other.example.com'])
    trial.configure([entry('web'), entry('other', ['other.example.com'])])
    trial.sandbox.aws.allow(({ action }) => action !== ATTACH)
    await trial.run()
    trial.sandbox.aws.allow(({ action }) => action !== 'iam:GetServerCertificate')
    const [one] = trial.sandbox.iam.all().filter(({ name }) => name.startsWith('other'))
    trial.sandbox.elb.balancers
      .get('other')
      ?.listeners.splice(0, 1, { port: 443, protocol: 'HTTPS', certificateArn: one?.arn ?? '' })
    if (one) trial.listener('other').attach(one)
    const ran = await trial.run()
    expect(ran.outcomes).toEqual({ web: 'failed', other: 'settled' })
    expect(ran.codes).toEqual(['aws/access-denied'])
  })

  it('fails when what it attaches does not last, because another tool sets the listener', async () => {
    const theirs = trial.attached() ?? ''
    const [one] = trial.sandbox.elb.balancers.get('web')?.listeners ?? []
    trial.sandbox.aws.intercept(({ action }) => {
      if (action === 'elasticloadbalancing:DescribeLoadBalancers' && one) one.certificateArn = theirs
      return null
    })
    const ran = await trial.run()
    expect(ran).toMatchObject({ codes: ['run/not-settled'], outcomes: { web: 'failed' } })
    expect(names(ran).filter((name) => name === 'cert.issued')).toHaveLength(1)
  })

  it('issues once a run although runs are too far apart for what the CA issues, and says so', async () => {
    const ran = await trial.run({}, 365 * DAY_MS)
    expect(ran.outcomes).toEqual({ web: 'renewed' })
    expect(names(ran).filter((name) => name === 'cert.issued')).toHaveLength(1)
    const again = await trial.run({}, 365 * DAY_MS)
    expect(again.events.find((event) => event.event === 'cert.due')).toMatchObject({
      reason: 'renewal-due',
      detail: expect.stringContaining('runs are too far apart'),
    })
  })

  it('says so, by name, when challenge values could not be taken away', async () => {
    trial.deny(CHANGE, 2, true)
    const ran = await trial.run()
    expect(ran).toMatchObject({ codes: ['dns/clean-up-failed'], outcomes: { web: 'failed' } })
    const [event] = ran.events.filter((one) => one.event === 'cert.failed')
    expect(event?.error.message).toContain(
      'challenge values are still at _acme-challenge.www.example.com in example.com',
    )
    expect(trial.challengeValues()).toHaveLength(1)
    expect(isOurs(trial.attached() ?? ''), 'the certificate is in place all the same').toBe(true)
  })

  it.each(['reset', 'lost'] as const)(
    'leaves no challenge value when every answer to the first change is %s',
    async (mishap) => {
      trial.sandbox.aws.intercept(({ action, count }) => (action === CHANGE && count <= 5 ? mishap : null))
      const ran = await trial.run()
      expect(Object.values(ran.outcomes)).toHaveLength(1)
      expect(trial.challengeValues()).toEqual([])
    },
  )

  it('goes on when one answer to a write was lost', async () => {
    const writes = [CHANGE, ATTACH, 'iam:UploadServerCertificate', 'ssm:PutParameter']
    trial.sandbox.aws.intercept(({ action, count }) =>
      writes.includes(action) && count === 1 ? 'lost' : null,
    )
    const ran = await trial.run()
    expect(ran).toMatchObject({ codes: [], outcomes: { web: 'renewed' } })
    expect(trial.challengeValues()).toEqual([])
  })
})
