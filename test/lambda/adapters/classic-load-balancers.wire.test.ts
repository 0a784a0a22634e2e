import { ElasticLoadBalancingClient } from '@aws-sdk/client-elastic-load-balancing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { classicLoadBalancers } from '../../../lambda/adapters/classic-load-balancers.ts'
import type { LoadBalancers } from '../../../lambda/ports.ts'
import type { Sandbox } from '../../sandbox/sandbox.ts'
import { CLIENT, refusal, startQuickSandbox } from '../../support/adapters.ts'

describe('classic load balancers', () => {
  let sandbox: Sandbox
  let balancers: LoadBalancers
  let bought: string

  beforeEach(async () => {
    sandbox = await startQuickSandbox()
    balancers = classicLoadBalancers(new ElasticLoadBalancingClient(CLIENT))
    bought = await sandbox.buy('bought', { hosts: ['www.example.com'], endsInMs: 86_400_000 })
    await sandbox.addLoadBalancer('web', 443, bought)
  })
  afterEach(() => sandbox.stop())

  const target = (loadBalancer: string, port = 443) => ({ kind: 'classic', loadBalancer, port }) as const

  it('are listed with their listeners and certificates, over all pages', async () => {
    for (let at = 0; at < 500; at++) sandbox.addPlainLoadBalancer(`plain-${at}`, 80)
    const listed = await balancers.list()
    expect(listed).toHaveLength(501)
    expect(listed[0]).toEqual({
      name: 'web',
      dnsName: expect.stringContaining('web'),
      listeners: [{ port: 443, protocol: 'HTTPS', certificateArn: bought }],
    })
    expect(listed[500]?.listeners).toEqual([{ port: 80, protocol: 'HTTP', certificateArn: null }])
  })

  it('get another certificate, and nothing else of the listener changes', async () => {
    const other = await sandbox.buy('other', { hosts: ['www.example.com'], endsInMs: 86_400_000 })
    await balancers.attach(target('web'), other)
    expect((await balancers.list())[0]?.listeners).toEqual([
      { port: 443, protocol: 'HTTPS', certificateArn: other },
    ])
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
