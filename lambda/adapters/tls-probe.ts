/** What listeners serve, by a TLS handshake with every address. The chain is not checked: any certificate is an answer. */
import { lookup } from 'node:dns/promises'
import { type ConnectionOptions, connect, createSecureContext } from 'node:tls'
import { toLeaf } from '../domain/leaf.ts'
import type { Answer } from '../domain/model.ts'
import type { ProbeListener } from '../ports.ts'

/** Where to connect for one address of a listener. */
export interface SocketAddress {
  readonly host: string
  readonly port: number
}

/** From the DNS name and port of a listener to every address it answers at. */
export type Dial = (dnsName: string, port: number) => Promise<readonly SocketAddress[]>

export const dialByName: Dial = async (dnsName, port) =>
  (await lookup(dnsName, { all: true })).map(({ address }) => ({ host: address, port }))

export function tlsProbe(timeoutMs: number, dial: Dial = dialByName): ProbeListener {
  // load balancers with old security policies still use TLS 1.0; the probe must reach them as well
  const secureContext = createSecureContext({ minVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' })
  return async ({ dnsName, port, serverName }) => {
    try {
      const addresses = await dial(dnsName, port)
      const options = { servername: serverName, rejectUnauthorized: false, secureContext }
      return await Promise.all(addresses.map((address) => handshake({ ...address, ...options }, timeoutMs)))
    } catch (error) {
      return [{ address: dnsName, failure: `does not resolve: ${String((error as Error).message)}` }]
    }
  }
}

function handshake(options: SocketAddress & ConnectionOptions, timeoutMs: number): Promise<Answer> {
  const address = options.host
  return new Promise((resolve) => {
    const socket = connect(options)
    const finish = (answer: Answer) => {
      clearTimeout(timer)
      socket.destroy()
      resolve(answer)
    }
    const timer = setTimeout(() => finish({ address, failure: `no handshake in ${timeoutMs} ms` }), timeoutMs)
    socket.once('secureConnect', () => {
      const certificate = socket.getPeerX509Certificate()
      finish(
        certificate
          ? { address, leaf: toLeaf(certificate) }
          : { address, failure: 'no certificate was served' },
      )
    })
    socket.once('error', (error) => finish({ address, failure: error.message }))
    socket.once('close', () => finish({ address, failure: 'closed before the handshake was complete' }))
  })
}
