import { ElasticLoadBalancingClient } from '@aws-sdk/client-elastic-load-balancing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { classicLoadBalancers } from '../../../lambda/adapters/classic-load-balancers.ts'
import { DAY_MS } from '../../../lambda/domain/instant.ts'
import type { ClassicListener } from '../../../lambda/domain/targets.ts'
import { classicListener } from '../../../lambda/domain/targets.ts'
import type { TargetAdapter } from '../../../lambda/ports.ts'
import type { Sandbox } from '../../sandbox/sandbox.ts'
import { CLIENT, refusal, startQuickSandbox } from '../../support/adapters.ts'

const target = (loadBalancer: string, port = 443) => classicListener(loadBalancer, port)

describe('classic load balancers', () => {
  let sandbox: Sandbox
  let balancers: TargetAdapter<ClassicListener>
  let bought: string

  beforeEach(async () => {
    sandbox = await startQuickSandbox()
    balancers = classicLoadBalancers(new ElasticLoadBalancingClient(CLIENT))
    bought = await sandbox.buy('bought', { hosts: ['www.example.com'], endsInMs: DAY_MS })
    await sandbox.addLoadBalancer('web', 443, bought)
  })
  afterEach(() => sandbox.stop())

  it('are found with their address and certificate, over all pages', async () => {
    for (let at = 0; at < 500; at++) sandbox.addPlainLoadBalancer(`plain-${at}`, 80)
    await sandbox.addLoadBalancer('zulu', 8443, bought)
    const { find, users } = await balancers.look([])
    expect(find(target('web'))).toEqual({
      dnsName: expect.stringContaining('web'),
      port: 443,
      certificateArn: bought,
    })
    expect(find(target('zulu', 8443))).toMatchObject({ port: 8443, certificateArn: bought })
    expect([...users]).toEqual([[bought, 'zulu:8443']])
  })

  it.each([
    [
      'elb/load-balancer-not-found',
      target('none'),
      'no classic load balancer is named none, found web, plain',
    ],
    ['elb/listener-not-found', target('web', 8443), 'web has no listener on port 8443, found 443 (HTTPS)'],
    ['elb/listener-not-tls', target('plain', 80), 'plain:80 is a listener for HTTP, looked for HTTPS or SSL'],
  ])('are reported with %s as a value when a target is not there', async (code, where, message) => {
    sandbox.addPlainLoadBalancer('plain', 80)
    const { find } = await balancers.look([where])
    expect(find(where)).toMatchObject({ code, message: expect.stringContaining(message) })
  })

  it('get another certificate, and nothing else of the listener changes', async () => {
    const other = await sandbox.buy('other', { hosts: ['www.example.com'], endsInMs: DAY_MS })
    await balancers.attach(target('web'), other)
    const { find } = await balancers.look([])
    expect(find(target('web'))).toMatchObject({ port: 443, certificateArn: other })
  })

  it.each([
    ['attach/certificate-not-found', target('web'), 'arn:aws:iam::123456789012:server-certificate/none'],
    ['attach/refused', target('web', 8443), ''],
    ['attach/refused', target('none'), ''],
  ])('refuse with %s: %j', async (code, where, arn) => {
    expect(await refusal(balancers.attach(where, arn || bought))).toMatchObject({ code })
  })

  it('refuse a listener without TLS', async () => {
    sandbox.addPlainLoadBalancer('plain', 80)
    expect(await refusal(balancers.attach(target('plain', 80), bought))).toMatchObject({
      code: 'attach/refused',
    })
  })
})
