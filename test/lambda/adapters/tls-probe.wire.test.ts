import { createServer } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { tlsProbe } from '../../../lambda/adapters/tls-probe.ts'
import { DAY_MS } from '../../../lambda/domain/instant.ts'
import { portOf } from '../../sandbox/aws/endpoint.ts'
import type { TlsListener } from '../../sandbox/listener.ts'
import type { Sandbox } from '../../sandbox/sandbox.ts'
import { startQuickSandbox } from '../../support/adapters.ts'

const HOSTS = ['www.example.com', '*.example.com']

describe('a probe', () => {
  let sandbox: Sandbox
  let listener: TlsListener

  beforeEach(async () => {
    sandbox = await startQuickSandbox()
    listener = await sandbox.addLoadBalancer(
      'web',
      0,
      await sandbox.buy('bought', { hosts: HOSTS, endsInMs: DAY_MS }),
    )
  })
  afterEach(() => sandbox.stop())

  const request = (port = listener.port, dnsName = '127.0.0.1') => ({
    dnsName,
    port,
    serverName: 'www.example.com',
  })

  it('tells serial, hosts, dates and issuer of what is served, whoever signed it', async () => {
    const { x509 } = listener.serving()
    expect(await tlsProbe(60_000)(request())).toEqual([
      {
        address: '127.0.0.1',
        leaf: {
          serial: x509.serialNumber.toLowerCase(),
          hosts: HOSTS,
          notBefore: x509.validFromDate.getTime(),
          notAfter: x509.validToDate.getTime(),
          issuer: 'Paid CA, Sandbox',
        },
      },
    ])
  })

  it('looks at every address', async () => {
    const dial = async () => [
      { host: '127.0.0.1', port: listener.port },
      { host: '127.0.0.2', port: 9 },
    ]
    const [one, two] = await tlsProbe(60_000, dial)(request())
    expect(one).toHaveProperty('leaf')
    expect(two).toEqual({ address: '127.0.0.2', failure: expect.stringContaining('ECONNREFUSED') })
  })

  it('is a failure, not an error, when a handshake is not completed', async () => {
    listener.behaviour = () => 'close'
    expect(await tlsProbe(60_000)(request())).toEqual([{ address: '127.0.0.1', failure: expect.any(String) }])
  })

  it('is a failure when the name does not resolve', async () => {
    const [answer] = await tlsProbe(60_000)(request(443, 'does-not-exist.invalid'))
    expect(answer).toEqual({
      address: 'does-not-exist.invalid',
      failure: expect.stringContaining('does not resolve'),
    })
  })

  it('ends within its time where nobody speaks', async () => {
    const silent = createServer(() => undefined)
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    expect(await tlsProbe(200)(request(portOf(silent)))).toEqual([
      { address: '127.0.0.1', failure: 'no handshake in 200 ms' },
    ])
    silent.close()
  })
})
