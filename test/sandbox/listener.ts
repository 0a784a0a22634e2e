/** A listener of a load balancer: real TLS, serving what is attached, late or broken if asked. */
import { createServer } from 'node:net'
import { createSecureContext, type SecureContext, TLSSocket } from 'node:tls'
import { portOf } from './aws/endpoint.ts'
import type { ServerCertificate } from './aws/iam.ts'
import type { Clock } from './clock.ts'

/** What a listener does with a certificate: serve it, close on every handshake, or serve another one. */
export type Behaviour = 'serve' | 'close' | { readonly instead: ServerCertificate }

export interface TlsListener {
  readonly port: number
  attach(certificate: ServerCertificate): void
  /** How long after an attachment the previous certificate is still served. */
  delayMs: number
  /** Asked at each connection, with what should be served. */
  behaviour: (certificate: ServerCertificate) => Behaviour
  /** What a client would be served now. */
  serving(): ServerCertificate
  stop(): Promise<void>
}

/** @param wantedPort 0 for any that is free */
export async function startListener(
  wantedPort: number,
  first: ServerCertificate,
  clock: Clock,
): Promise<TlsListener> {
  const history = [{ certificate: first, from: 0 }]
  const sockets = new Set<TLSSocket>()
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy())
    const chosen = listener.behaviour(listener.serving())
    if (chosen === 'close') return void socket.destroy()
    const secureContext = contextOf(chosen === 'serve' ? listener.serving() : chosen.instead)
    const secured = new TLSSocket(socket, { isServer: true, secureContext })
    sockets.add(secured)
    secured.on('error', () => secured.destroy())
    secured.on('close', () => sockets.delete(secured))
    secured.on('secure', () => {
      secured.end('HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n')
      secured.resume()
    })
  })
  const listener: TlsListener = {
    port: 0,
    delayMs: 0,
    behaviour: () => 'serve',
    attach(certificate) {
      history.push({ certificate, from: clock.now() + listener.delayMs })
    },
    serving() {
      const begun = history.filter(({ from }) => from <= clock.now())
      return begun.at(-1)?.certificate ?? first
    },
    async stop() {
      for (const socket of sockets) socket.destroy()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(wantedPort, '127.0.0.1', resolve)
  })
  return Object.assign(listener, { port: portOf(server) })
}

/** Years of probes see the same few. */
const contexts = new WeakMap<ServerCertificate, SecureContext>()

function contextOf(certificate: ServerCertificate): SecureContext {
  const { body, chain, privateKey } = certificate
  const context =
    contexts.get(certificate) ?? createSecureContext({ cert: `${body}\n${chain}`, key: privateKey })
  contexts.set(certificate, context)
  return context
}
