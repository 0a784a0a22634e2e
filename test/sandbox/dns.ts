/** The authoritative DNS of the sandbox: UDP and TCP on one port, answering what Route53 has published. */
import { createSocket, type Socket as UdpSocket } from 'node:dgram'
import { createServer, type Server, type Socket } from 'node:net'
import packet, { type Answer, type Packet } from 'dns-packet'
import { portOf } from './aws/endpoint.ts'
import type { RecordSet } from './aws/record-sets.ts'
import type { Route53 } from './aws/route53.ts'

export interface Dns {
  readonly port: number
  stop(): Promise<void>
}

/** RFC 1035 §4.1.1 */
const NXDOMAIN = 3
const REFUSED = 5
/** A longer answer goes over TCP (RFC 1035 §4.2.1). */
const MOST_UDP_BYTES = 512
const MOST_PORTS = 10

export async function startDns(route53: Pick<Route53, 'resolve'>): Promise<Dns> {
  const clients = new Set<Socket>()
  const tcp = createServer((socket) => {
    clients.add(socket)
    socket.on('close', () => clients.delete(socket))
    let received = Buffer.alloc(0)
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk])
      if (received.length < 2 || received.length < 2 + received.readUInt16BE()) return
      const query = decode(received.subarray(2))
      if (!query) return void socket.destroy()
      socket.end(packet.streamEncode(reply(query, route53)))
    })
    socket.on('error', () => socket.destroy())
  })
  const udp = createSocket('udp4')
  udp.on('message', (message, from) => {
    const query = decode(message)
    if (!query) return
    const whole = reply(query, route53)
    const bytes = packet.encode(whole)
    const truncated = { ...whole, flags: (whole.flags ?? 0) | packet.TRUNCATED_RESPONSE, answers: [] }
    udp.send(bytes.length > MOST_UDP_BYTES ? packet.encode(truncated) : bytes, from.port, from.address)
  })
  const port = await bindBoth(tcp, udp)
  return {
    port,
    async stop() {
      for (const client of clients) client.destroy()
      await Promise.all([
        new Promise<void>((resolve) => tcp.close(() => resolve())),
        new Promise<void>((resolve) => udp.close(() => resolve())),
      ])
    },
  }
}

/** A port that is free for one protocol may be taken for the other: then both are tried again. */
async function bindBoth(tcp: Server, udp: UdpSocket): Promise<number> {
  for (let tries = 1; ; tries++) {
    await new Promise<void>((resolve) => tcp.listen(0, '127.0.0.1', resolve))
    const port = portOf(tcp)
    try {
      await new Promise<void>((resolve, reject) => {
        udp.once('error', reject)
        udp.bind(port, '127.0.0.1', resolve)
      })
      return port
    } catch (error) {
      if (tries === MOST_PORTS) throw error
      await new Promise<void>((resolve) => tcp.close(() => resolve()))
    }
  }
}

function decode(message: Buffer): Packet | null {
  try {
    return packet.decode(message)
  } catch {
    return null
  }
}

function reply(query: Packet, route53: Pick<Route53, 'resolve'>): Packet {
  const [question] = query.questions ?? []
  const base: Packet = {
    type: 'response',
    id: query.id ?? 0,
    questions: query.questions ?? [],
    flags: packet.AUTHORITATIVE_ANSWER,
  }
  const found = question ? route53.resolve(question.name) : null
  if (!question || !found) return { ...base, flags: REFUSED }
  const answers = answersFor(question.name, question.type, route53)
  if (answers.length > 0) return { ...base, answers }
  const authorities = toAnswers(found.soa, found.soa.name)
  const flags = packet.AUTHORITATIVE_ANSWER | (found.sets.length === 0 ? NXDOMAIN : 0)
  return { ...base, flags, authorities }
}

/** The sets asked for; a CNAME is answered and followed as far as our own zones go. */
function answersFor(name: string, type: string, route53: Pick<Route53, 'resolve'>, depth = 0): Answer[] {
  const sets = route53.resolve(name)?.sets ?? []
  const direct = sets.filter((set) => set.type === type || type === 'ANY')
  if (direct.length > 0) return direct.flatMap((set) => toAnswers(set, name))
  const alias = sets.find((set) => set.type === 'CNAME')
  const [to] = alias?.values ?? []
  if (!alias || to === undefined || depth > 8) return []
  return [...toAnswers(alias, name), ...answersFor(to, type, route53, depth + 1)]
}

function toAnswers({ type, ttl, values }: RecordSet, asked: string): Answer[] {
  const name = asked.replace(/\.$/, '')
  return values.flatMap((value): Answer[] => {
    switch (type) {
      case 'TXT':
        return [{ type, name, ttl, data: strings(value) }]
      case 'A':
      case 'AAAA':
      case 'NS':
      case 'CNAME':
        return [{ type, name, ttl, data: value.replace(/\.$/, '') }]
      case 'SOA': {
        const [mname = '', rname = '', serial, refresh, retry, expire, minimum] = value.split(' ')
        const [s, r, t, e, m] = [serial, refresh, retry, expire, minimum].map(Number)
        const data = {
          mname,
          rname,
          serial: s ?? 0,
          refresh: r ?? 0,
          retry: t ?? 0,
          expire: e ?? 0,
          minimum: m ?? 0,
        }
        return [{ type, name, ttl, data }]
      }
      default:
        return []
    }
  })
}

/** `"one" "two"` -> the strings without quotes and escapes. */
function strings(value: string): string[] {
  return [...value.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, text = '']) => text.replace(/\\(.)/g, '$1'))
}
