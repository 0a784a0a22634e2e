/** The CA's book: accounts, orders, authorizations, challenges, certificates, and how they change. No HTTP here. */
import { createHash, randomBytes } from 'node:crypto'
import { Resolver } from 'node:dns/promises'
import * as x509 from '@peculiar/x509'
import { HOUR_MS } from '../../../lambda/domain/instant.ts'
import { type Authority, newSerial, signLeaf } from '../certificates.ts'
import type { Clock } from '../clock.ts'
import { Problem } from './problem.ts'
import { profileAt } from './profiles.ts'
import { createRateLimits, type RateLimits } from './rate-limits.ts'
import { createRenewals, type IssuedCertificate, type Renewals } from './renewals.ts'

export interface CaOptions {
  /** Between a challenge's answer and the CA's look at it. */
  validationDelayMs: number
  /** Between finalize and the certificate: the order is `processing` meanwhile. */
  finalizeDelayMs: number
  /** How long a valid authorization serves further orders of the same account; `null` for as long as its profile says. */
  authorizationReuseMs: number | null
  /** What the directory advertises; `null` for a CA without profiles. */
  profiles: readonly string[] | null
  /** Whether it offers renewal information (RFC 9773). */
  hasRenewalInfo: boolean
  /** By key identifier the HMAC keys, base64url, of those who may make an account; `null` for everybody. */
  externalAccounts: ReadonlyMap<string, string> | null
  /** Whether the published rate limits hold. */
  hasRateLimits: boolean
  /** Whether a look at the DNS of a host finds anything. */
  sees: (host: string) => boolean
  /** Hosts that need no challenge. */
  preApproved: (host: string) => boolean
  /** What an order is when it is made, in the place of what it would be. */
  placedAs: 'valid' | null
  /** Whether a new order is answered with one for the same that is not done. */
  reusesOrders: boolean
  /** Of which kinds challenges are offered; `null` for the usual ones. */
  offers: readonly string[] | null
  /** Asked after a good request: what goes wrong in issuing, so that the order becomes invalid. */
  spoil: (hosts: readonly string[]) => Problem | null
  /** What is delivered in the place of a chain. */
  deliver: (chain: string) => string
  /** Asked before each operation: what to refuse it with. */
  refuse: (operation: Operation, hosts: readonly string[]) => Problem | null
}

export type Operation = 'newAccount' | 'newOrder' | 'challenge' | 'finalize' | 'certificate'

export interface Challenge {
  readonly id: string
  readonly type: string
  readonly token: string | null
  status: 'pending' | 'processing' | 'valid' | 'invalid'
  error: Problem | null
}

export interface Authorization {
  readonly id: string
  readonly accountId: string
  readonly host: string
  readonly wildcard: boolean
  readonly challenges: readonly Challenge[]
  status: 'pending' | 'valid' | 'invalid'
  validSince: number | null
}

export interface Order {
  readonly id: string
  readonly accountId: string
  readonly hosts: readonly string[]
  /** As it was asked for. */
  readonly profile: string | null
  readonly replaces: string | null
  readonly expiresAt: number
  readonly authorizations: readonly Authorization[]
  finalized: { readonly pem: string; readonly readyAt: number } | null
  spoiled: Problem | null
}

export interface Account {
  readonly id: string
  readonly thumbprint: string
  readonly jwk: object
  readonly contact: readonly string[]
}

export interface Book {
  readonly accounts: Map<string, Account>
  readonly orders: Map<string, Order>
  readonly authorizations: Map<string, Authorization>
  /** By the id of a challenge. */
  authorizationOf(challengeId: string): Authorization | undefined
  account(thumbprint: string, jwk: object, contact: readonly string[]): { account: Account; isNew: boolean }
  order(account: Account, request: Pick<Order, 'hosts' | 'profile' | 'replaces'>): Order
  /** Begin to look at a challenge; the answer comes later. */
  answer(account: Account, challengeId: string): { challenge: Challenge; authorization: Authorization }
  finalize(order: Order, csr: Buffer): Promise<void>
  statusOf(order: Order): 'pending' | 'ready' | 'processing' | 'valid' | 'invalid'
  /** Leaf, then intermediate. */
  chainOf(order: Order): string
  readonly issued: readonly IssuedCertificate[]
  readonly renewals: Renewals
  readonly rateLimits: RateLimits
}

export function createBook(authority: Authority, dnsPort: number, clock: Clock, options: CaOptions): Book {
  const accounts = new Map<string, Account>()
  const orders = new Map<string, Order>()
  const authorizations = new Map<string, Authorization>()
  const byChallenge = new Map<string, Authorization>()
  /** The last one of an account for a host. */
  const latest = new Map<string, Authorization>()
  const lastAsked = new Map<string, Order>()
  const issued: IssuedCertificate[] = []
  const renewals = createRenewals(authority, () => clock.now(), issued)
  const rateLimits = createRateLimits(
    () => clock.now(),
    () => options.hasRateLimits,
  )
  // it does answer, however busy the machine is
  const resolver = new Resolver({ timeout: 60_000, tries: 2 })
  resolver.setServers([`127.0.0.1:${dnsPort}`])

  function refuse(operation: Operation, hosts: readonly string[]): void {
    const problem = options.refuse(operation, hosts)
    if (problem) throw problem
  }

  function authorize(account: Account, written: string, reuseMs: number): Authorization {
    const wildcard = written.startsWith('*.')
    const host = written.replace(/^\*\./, '')
    const key = `${account.id} ${written}`
    const before = latest.get(key)
    if (before && before.validSince !== null && clock.now() < before.validSince + reuseMs) return before
    // dns-persist-01 carries no token, and dns-01 is not the first: a client has to choose by type
    const usual = wildcard
      ? ['dns-persist-01', 'dns-01']
      : ['http-01', 'dns-persist-01', 'dns-01', 'tls-alpn-01']
    const kinds = options.offers ?? usual
    const made: Authorization = {
      id: newId(),
      accountId: account.id,
      host,
      wildcard,
      status: options.preApproved(written) ? 'valid' : 'pending',
      validSince: null,
      challenges: kinds.map((type) => ({
        id: newId(),
        type,
        token: type === 'dns-persist-01' ? null : randomBytes(32).toString('base64url'),
        status: 'pending',
        error: null,
      })),
    }
    authorizations.set(made.id, made)
    latest.set(key, made)
    for (const { id } of made.challenges) byChallenge.set(id, made)
    return made
  }

  /** RFC 8555 §8.4: any one TXT value that matches will do. */
  async function look(authorization: Authorization, challenge: Challenge, account: Account): Promise<void> {
    if (options.validationDelayMs > 0) await clock.sleep(options.validationDelayMs)
    const name = `_acme-challenge.${authorization.host}`
    const expected = createHash('sha256')
      .update(`${challenge.token}.${account.thumbprint}`)
      .digest('base64url')
    const found = options.sees(authorization.host) ? await clock.during(lookUp(name)) : []
    if (found.includes(expected)) {
      challenge.status = 'valid'
      authorization.status = 'valid'
      authorization.validSince = clock.now()
      rateLimits.noteValidation(account.id, authorization.host, true)
      return
    }
    challenge.status = 'invalid'
    authorization.status = 'invalid'
    rateLimits.noteValidation(account.id, authorization.host, false)
    const [first] = found
    challenge.error =
      first === undefined
        ? new Problem('unauthorized', `No TXT record found at ${name}`, 403)
        : new Problem(
            'unauthorized',
            `Incorrect TXT record "${first}"${found.length > 1 ? ` (and ${found.length - 1} more)` : ''} found at ${name}`,
            403,
          )
  }

  async function lookUp(name: string): Promise<string[]> {
    try {
      return (await resolver.resolveTxt(name)).map((strings) => strings.join(''))
    } catch {
      return []
    }
  }

  function statusOf(order: Order): ReturnType<Book['statusOf']> {
    if (order.spoiled || order.authorizations.some(({ status }) => status === 'invalid')) return 'invalid'
    if (order.finalized) return clock.now() >= order.finalized.readyAt ? 'valid' : 'processing'
    if (options.placedAs) return options.placedAs
    if (clock.now() >= order.expiresAt) return 'invalid'
    return order.authorizations.every(({ status }) => status === 'valid') ? 'ready' : 'pending'
  }

  return {
    accounts,
    orders,
    authorizations,
    authorizationOf: (challengeId) => byChallenge.get(challengeId),
    issued,
    renewals,
    rateLimits,
    statusOf,
    account(thumbprint, jwk, contact) {
      const known = [...accounts.values()].find((one) => one.thumbprint === thumbprint)
      if (known) return { account: known, isNew: false }
      refuse('newAccount', [])
      const account = { id: newId(), thumbprint, jwk, contact }
      accounts.set(account.id, account)
      return { account, isNew: true }
    },
    order(account, { hosts, profile, replaces }) {
      refuse('newOrder', hosts)
      if (hosts.length === 0) throw new Problem('malformed', 'Order has no identifiers')
      rateLimits.checkPaused(hosts)
      const isExempt = replaces !== null && renewals.checkReplacement(replaces, account.id, hosts, statusOf)
      checkHosts(hosts, profile, options.profiles)
      rateLimits.admitOrder(account.id, hosts, isExempt)
      // ra.NewOrder: of the same account, hosts and profile, and not begun to be issued
      const asked = JSON.stringify([account.id, profile, [...hosts].sort()])
      const same = options.reusesOrders ? lastAsked.get(asked) : undefined
      if (same && ['pending', 'ready'].includes(statusOf(same))) return same
      const { orderMs, reuseMs } = profileAt(profile, clock.now())
      const order: Order = {
        id: newId(),
        accountId: account.id,
        hosts,
        profile,
        replaces,
        expiresAt: clock.now() + orderMs,
        authorizations: hosts.map((host) =>
          authorize(account, host, options.authorizationReuseMs ?? reuseMs),
        ),
        finalized: null,
        spoiled: null,
      }
      orders.set(order.id, order)
      lastAsked.set(asked, order)
      if (replaces !== null) renewals.noteReplacement(replaces, order)
      return order
    },
    answer(account, challengeId) {
      const authorization = byChallenge.get(challengeId)
      const challenge = authorization?.challenges.find(({ id }) => id === challengeId)
      if (!authorization || !challenge) throw new Problem('malformed', 'No such challenge', 404)
      refuse('challenge', [authorization.host])
      if (challenge.type !== 'dns-01')
        throw new Problem('malformed', `the sandbox's CA looks at dns-01 only, not at ${challenge.type}`)
      if (challenge.status === 'pending') {
        challenge.status = 'processing'
        void look(authorization, challenge, account)
      }
      return { challenge, authorization }
    },
    async finalize(order, csr) {
      refuse('finalize', order.hosts)
      if (statusOf(order) !== 'ready')
        throw new Problem(
          'orderNotReady',
          `Order's status ("${statusOf(order)}") is not acceptable for finalization`,
          403,
        )
      const request = await checkRequest(csr, order.hosts)
      order.spoiled = options.spoil(order.hosts)
      if (order.spoiled) return
      // Boulder dates back by an hour, and the last second is part of the lifetime
      const notBefore = Math.floor(clock.now() / 1000) * 1000 - HOUR_MS
      const { lifetimeMs } = profileAt(order.profile, clock.now())
      const { hosts, accountId } = order
      const leaf = { hosts, notBefore, notAfter: notBefore + lifetimeMs - 1000, serial: newSerial() }
      const pem = await signLeaf(authority, request.publicKey, leaf)
      issued.push({ ...leaf, at: clock.now(), accountId, pem, revokedAt: null, replacement: null })
      rateLimits.noteIssued(hosts)
      order.finalized = { pem, readyAt: clock.now() + options.finalizeDelayMs }
    },
    chainOf(order) {
      refuse('certificate', order.hosts)
      if (statusOf(order) !== 'valid' || !order.finalized)
        throw new Problem('malformed', 'Certificate not found', 404)
      return options.deliver(order.finalized.pem + authority.pem)
    },
  }
}

function checkHosts(hosts: readonly string[], profile: string | null, profiles: CaOptions['profiles']): void {
  if (profile !== null && !profiles?.includes(profile))
    throw new Problem('invalidProfile', `profile name "${profile}" not recognized`)
  const most = profileAt(profile, 0).mostHosts
  if (hosts.length > most)
    throw new Problem('malformed', `Order cannot contain more than ${most} identifiers`)
  for (const host of hosts) {
    const wildcard = `*.${host.slice(host.indexOf('.') + 1)}`
    if (!host.startsWith('*.') && hosts.includes(wildcard))
      throw new Problem(
        'malformed',
        `Domain name "${host}" is redundant with a wildcard domain in the same request. Remove one or the other from the certificate request.`,
      )
  }
}

/** RFC 8555 §7.4: the request names exactly what was ordered. No common name is accepted that is not a host. */
async function checkRequest(csr: Buffer, hosts: readonly string[]): Promise<x509.Pkcs10CertificateRequest> {
  const request = new x509.Pkcs10CertificateRequest(csr)
  if (!(await request.verify())) throw new Problem('badCSR', 'Invalid signature on CSR')
  const names = request.extensions
    .filter((extension) => extension instanceof x509.SubjectAlternativeNameExtension)
    .flatMap((extension) => extension.names.items.map(({ value }) => value.toLowerCase()))
  const [asked, ordered] = [[...names].sort().join(','), [...hosts].sort().join(',')]
  if (asked !== ordered) throw new Problem('badCSR', `CSR names ${asked}, the order is for ${ordered}`)
  const [common] = request.subjectName.getField('CN')
  if (common !== undefined && !hosts.includes(common))
    throw new Problem('badCSR', `CSR has the common name ${common}`)
  return request
}

function newId(): string {
  return randomBytes(8).toString('hex')
}
