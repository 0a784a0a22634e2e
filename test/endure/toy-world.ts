/**
 * A whole world in memory, behind the ports themselves: no network and no waiting, so that thousands of them fit into a
 * test. It refuses what AWS and the CA refuse, and it writes down whatever must not happen.
 */
import { createHash, type KeyObject, X509Certificate } from 'node:crypto'
import * as x509 from '@peculiar/x509'
import type { TxtRecordSet } from '../../lambda/adapters/dns-01/hosted-zones.ts'
import type { dns01Proof } from '../../lambda/adapters/dns-01/proof.ts'
import { generateKey } from '../../lambda/adapters/node-keys.ts'
import type { Config } from '../../lambda/domain/config.ts'
import { DEFAULTS } from '../../lambda/domain/defaults.ts'
import type { RotationEvent } from '../../lambda/domain/events.ts'
import { DAY_MS, HOUR_MS } from '../../lambda/domain/instant.ts'
import { toLeaf } from '../../lambda/domain/leaf.ts'
import type { Answer, HostedZone, Leaf, Target } from '../../lambda/domain/model.ts'
import { parseStoredName } from '../../lambda/domain/names.ts'
import type { Item } from '../../lambda/domain/remembered.ts'
import { RotationError } from '../../lambda/domain/rotation-error.ts'
import type { Order, Ports, Time } from '../../lambda/ports.ts'
import { type Authority, signLeaf } from '../sandbox/certificates.ts'

/** What a listener does with a new certificate: serve it, serve the old one for some looks, or break with each. */
export type Temper = 'prompt' | 'late' | 'breaks'

export interface ToyListener {
  readonly name: string
  readonly temper: Temper
  arn: string
  /** What it served before, as long as it still does, for so many looks. */
  old: { readonly arn: string; looks: number } | null
}

interface ToyCertificate {
  readonly arn: string
  readonly name: string
  readonly leaf: Leaf
  readonly uploadedAt: number
  readonly tags: Record<string, string>
  /** Listeners that were seen serving it since they got it. */
  readonly seenAt: Set<string>
  /** It broke a listener. */
  broke: boolean
}

interface ToyOrder {
  readonly hosts: readonly string[]
  status: Order['status']
  chain: string
  serial: string
}

/** A run that dies: from then on nothing that it calls happens. `before` the call, or after it. */
export interface Death {
  readonly atCall: number
  readonly before: boolean
}

/** One run in the world. */
export interface ToyRun {
  readonly runId: string
  readonly config: Config
  readonly emit: (event: RotationEvent) => void
  /** The product's own, over zones of this world. */
  readonly dns01: typeof dns01Proof
}

export interface ToyWorld {
  now: number
  readonly listeners: Map<string, ToyListener>
  readonly certificates: Map<string, ToyCertificate>
  readonly records: Map<string, TxtRecordSet>
  readonly items: Map<string, Item>
  readonly keys: Map<string, KeyObject>
  /** Serials that the CA has signed, with their ends, and those that came to the store. */
  readonly signed: Map<string, number>
  readonly uploaded: Set<string>
  /** What must not happen, in words. */
  readonly sins: string[]
  add(arn: string, leaf: Omit<Leaf, 'issuer'>, uploadedAt: number, tags?: Record<string, string>): void
  /** The ports of one run. @param meanwhile happens before its nth call */
  ports(
    run: ToyRun,
    death: Death | null,
    meanwhile?: { readonly atCall: number; readonly work: () => Promise<void> },
  ): { readonly ports: Ports; calls(): number }
}

const OURS = '/elb-cert-rotator/'
export const FOREIGN_VALUE = '"foreign"'

export function createToyWorld(authority: Authority, startAt: number): ToyWorld {
  const orders = new Map<string, ToyOrder>()
  /** By hosts: how many certificates. */
  const issued = new Map<string, number>()
  const world: ToyWorld = {
    now: startAt,
    listeners: new Map(),
    certificates: new Map(),
    records: new Map(),
    items: new Map(),
    keys: new Map(),
    signed: new Map(),
    uploaded: new Set(),
    sins: [],
    add(arn, leaf, uploadedAt, tags = {}) {
      const name = arn.slice(arn.lastIndexOf('/') + 1)
      const certificate = {
        arn,
        name,
        leaf: { ...leaf, issuer: 'Toy CA' },
        uploadedAt,
        tags,
      }
      world.certificates.set(arn, { ...certificate, seenAt: new Set(), broke: false })
    },
    ports,
  }
  return world

  function ports(
    { runId, config, emit, dns01 }: ToyRun,
    death: Death | null,
    meanwhile?: { readonly atCall: number; readonly work: () => Promise<void> },
  ): ReturnType<ToyWorld['ports']> {
    let count = 0
    let isDead = false
    const die = (): never => {
      isDead = true
      throw new Error('the process is dead')
    }
    const call =
      <A extends readonly unknown[], R>(isWrite: boolean, work: (...args: A) => Promise<R> | R) =>
      async (...args: A): Promise<R> => {
        if (isDead) die()
        const own = ++count
        if (meanwhile?.atCall === own) await meanwhile.work()
        if (death?.atCall === own && death.before) die()
        if (isWrite) checkLease(runId)
        const result = await work(...args)
        if (death?.atCall === own) die()
        return result
      }
    const read = <A extends readonly unknown[], R>(work: (...args: A) => Promise<R> | R) => call(false, work)
    const write = <A extends readonly unknown[], R>(work: (...args: A) => Promise<R> | R) => call(true, work)
    const time: Time = {
      now: () => world.now,
      sleep: async (ms) => {
        if (isDead) die()
        world.now += ms
      },
      stopAt: Number.POSITIVE_INFINITY,
    }
    return {
      calls: () => count,
      ports: {
        time,
        emit: (event) => {
          if (!isDead) emit(event)
        },
        makeKey: generateKey,
        targets: {
          classic: {
            look: read(() => {
              const arns = new Map([...world.listeners.values()].map(({ name, arn }) => [name, arn]))
              return {
                find: (target: Target) => {
                  const dnsName = nameOf(target)
                  return { dnsName, port: 443, certificateArn: arns.get(dnsName) ?? '' }
                },
                users: new Map([...arns].map(([name, arn]) => [arn, `${name}:443`])),
              }
            }),
            attach: write((target: Target, arn: string) => attach(nameOf(target), arn)),
          },
        },
        store: {
          list: read(() =>
            [...world.certificates.values()].flatMap(({ arn, name, leaf, uploadedAt }) => {
              const parts = arn.includes(OURS) ? parseStoredName(name) : null
              return parts ? [{ arn, name, ...parts, notAfter: leaf.notAfter, uploadedAt }] : []
            }),
          ),
          read: read((arn) => {
            const found = world.certificates.get(arn)
            return found ? { ...found, pem: authority.pem } : null
          }),
          quota: read(() => ({ used: world.certificates.size, limit: 1_000 })),
          upload: write(({ name, certificate, tags }) => {
            const arn = `arn:aws:iam::1:server-certificate${OURS}${name}`
            const leaf = toLeaf(new X509Certificate(certificate))
            if (!world.certificates.has(arn)) world.add(arn, leaf, world.now, { ...tags })
            world.uploaded.add(leaf.serial)
            return arn
          }),
          tag: write((arn, tags) => void Object.assign(world.certificates.get(arn)?.tags ?? {}, tags)),
          remove: write(remove),
        },
        proof: dns01({
          zones: {
            list: read(() => [{ id: 'Z1', name: 'example.com', isPrivate: false }]),
            read: read((_: HostedZone, name: string) => ({
              txt: world.records.get(name) ?? null,
              obstacle: null,
            })),
            change: write((_: HostedZone, taken: readonly TxtRecordSet[], made: readonly TxtRecordSet[]) =>
              change(taken, made),
            ),
            isInSync: read(() => true),
          },
          config,
          time,
          settings: DEFAULTS,
        }),
        authority: {
          renewalInfo: read(() => null),
          ready: read(() => ({ account: 'https://ca.test/account/1' })),
          order: write(({ hosts }) => {
            const url = `https://ca.test/order/${orders.size + 1}`
            orders.set(url, { hosts, status: 'pending', chain: '', serial: '' })
            return { url, isReplacement: false, refusal: null }
          }),
          find: read((url) =>
            orders.has(url)
              ? toOrder(url)
              : { useless: new RotationError('acme/order-failed', 'it is gone') },
          ),
          answer: write(({ url }) => answer(url)),
          finalize: write(({ url }, csr) => finalize(url, csr)),
        },
        keys: {
          load: read((name) => world.keys.get(name) ?? null),
          save: write((name, key) => {
            if (!world.keys.has(name)) world.keys.set(name, key)
            return world.keys.get(name) ?? key
          }),
          remove: write((name) => void world.keys.delete(name)),
        },
        state: {
          read: read(() => [...world.items.values()]),
          // the lease itself is taken by these
          write: read((item) => {
            if (item.id !== 'lease') checkLease(runId)
            world.items.set(item.id, item)
          }),
          replace: read((item, expected) => {
            const there = world.items.get(item.id) ?? null
            if (JSON.stringify(there) !== JSON.stringify(expected)) return false
            world.items.set(item.id, item)
            return true
          }),
          remove: read((id, expected) => {
            if (id !== 'lease') checkLease(runId)
            const isIt = expected === null || JSON.stringify(world.items.get(id)) === JSON.stringify(expected)
            if (isIt) world.items.delete(id)
          }),
        },
        probe: read(({ dnsName }) => probe(dnsName)),
      },
    }
  }

  /** The name of the listener: a key is it with its port. */
  function nameOf({ key }: Target): string {
    return key.slice(0, key.lastIndexOf(':'))
  }

  /** Whoever writes has the lease. */
  function checkLease(runId: string): void {
    const lease = world.items.get('lease')?.data ?? ''
    if (!lease.includes(`"holder":"${runId}"`)) world.sins.push('a run wrote that does not hold the lease')
  }

  function attach(name: string, arn: string): void {
    const listener = world.listeners.get(name)
    const certificate = world.certificates.get(arn)
    if (!listener || !certificate) throw new RotationError('attach/certificate-not-found', `${name}, ${arn}`)
    // one that breaks gets back what it had, whatever that is
    if (certificate.leaf.notAfter <= world.now && listener.temper !== 'breaks')
      world.sins.push(`${name} was given one that has ended`)
    const before = world.certificates.get(listener.arn)
    const isBack = (before?.uploadedAt ?? 0) > certificate.uploadedAt
    if (isBack && listener.temper !== 'breaks' && before?.arn.includes(OURS))
      world.sins.push(`${name} works, and was put back`)
    listener.old = listener.temper === 'late' ? { arn: listener.arn, looks: 3 } : null
    listener.arn = arn
  }

  function probe(name: string): Answer[] {
    const listener = world.listeners.get(name)
    if (!listener) return [{ address: name, failure: 'does not resolve' }]
    const certificate = world.certificates.get(listener.arn)
    if (listener.temper === 'breaks' && certificate && certificate.uploadedAt > startAt) {
      certificate.broke = true
      return [{ address: '192.0.2.1', failure: 'closed' }]
    }
    const isOld = listener.old !== null && listener.old.looks-- > 0
    const arn = isOld ? (listener.old?.arn ?? '') : listener.arn
    const served = world.certificates.get(arn)
    if (!served) return [{ address: '192.0.2.1', failure: 'no certificate' }]
    served.seenAt.add(name)
    return [{ address: '192.0.2.1', leaf: served.leaf }]
  }

  /** Ours alone, in use nowhere, and some other of the same entry was seen working. */
  function remove(arn: string): string | null {
    const user = [...world.listeners.values()].find((listener) => listener.arn === arn)
    if (user) return `it is in use by ${user.name}`
    const certificate = world.certificates.get(arn)
    if (!arn.includes(OURS)) world.sins.push('a foreign certificate was deleted')
    const id = parseStoredName(certificate?.name ?? '')?.idHash
    const others = [...world.certificates.values()].filter(
      (one) => one.arn !== arn && parseStoredName(one.name)?.idHash === id && one.arn.includes(OURS),
    )
    const hasSuccessor = others.some(
      (one) => one.leaf.notBefore >= (certificate?.leaf.notBefore ?? 0) && one.seenAt.size > 0,
    )
    if (certificate && !certificate.broke && !hasSuccessor)
      world.sins.push('one was deleted before its successor worked')
    world.certificates.delete(arn)
    return null
  }

  function change(taken: readonly TxtRecordSet[], made: readonly TxtRecordSet[]) {
    const same = (a: TxtRecordSet | undefined, b: TxtRecordSet) =>
      a !== undefined &&
      a.ttlSeconds === b.ttlSeconds &&
      [...a.values].sort().join() === [...b.values].sort().join()
    const isWrong =
      taken.some((set) => !same(world.records.get(set.name), set)) ||
      made.some(({ name }) => world.records.has(name) && !taken.some((set) => set.name === name))
    if (isWrong) return { refused: 'it is not so' }
    for (const { name } of taken) world.records.delete(name)
    for (const set of made) world.records.set(set.name, set)
    return { changeId: 'C1' }
  }

  function toOrder(url: string): Order {
    const order = orders.get(url)
    if (!order) throw new Error(`no order ${url}`)
    const { status, hosts } = order
    const challenges = hosts.map((host) => {
      return { host, value: `value-of-${host}-${url}`, url, authorizationUrl: url }
    })
    return { url, status, challenges: status === 'pending' ? challenges : [] }
  }

  function answer(url: string): void {
    const order = orders.get(url)
    for (const { host, value } of toOrder(url).challenges) {
      const set = world.records.get(`_acme-challenge.${host.replace(/^\*\./, '')}`)
      if (!set?.values.includes(`"${value}"`))
        throw new RotationError('acme/authorization-failed', `no value for ${host}`)
    }
    if (order?.status === 'pending') order.status = 'ready'
  }

  /** By hosts, and not by who came first: it decides on the day of the renewal. */
  function newSerial(hosts: readonly string[]): string {
    const set = [...hosts].sort().join()
    const before = issued.get(set) ?? 0
    issued.set(set, before + 1)
    return `03${createHash('sha256').update(`${set} ${before}`).digest('hex').slice(0, 16)}`
  }

  async function finalize(url: string, csr: string): Promise<string> {
    const order = orders.get(url)
    if (!order || order.status === 'pending') throw new RotationError('acme/order-failed', 'it is not ready')
    if (order.status === 'valid') return order.chain
    const request = new x509.Pkcs10CertificateRequest(csr)
    const serial = newSerial(order.hosts)
    const notBefore = Math.floor(world.now / 1000) * 1000 - HOUR_MS
    const leaf = { hosts: order.hosts, notBefore, notAfter: notBefore + 90 * DAY_MS, serial }
    order.chain = await signLeaf(authority, request.publicKey, leaf)
    order.status = 'valid'
    world.signed.set(serial, leaf.notAfter)
    return order.chain
  }
}
