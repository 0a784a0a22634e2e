/** The CA's protocol: ACME over HTTPS with signed requests and nonces, some of them refused (RFC 8555 §6, §7). */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import { calculateJwkThumbprint } from 'jose'
import { DAY_MS } from '../../../lambda/domain/instant.ts'
import { portOf, readBody, sendHalf } from '../aws/endpoint.ts'
import { type Authority, makeAuthority, makeLeaf } from '../certificates.ts'
import type { Clock } from '../clock.ts'
import { type Account, type Book, type CaOptions, createBook, type Order } from './book.ts'
import { createDocuments } from './documents.ts'
import { checkExternalAccount } from './external-account.ts'
import { createRequests, type Signed } from './jws.ts'
import { Problem } from './problem.ts'
import { CA_PROFILES } from './profiles.ts'

export interface Ca {
  readonly directoryUrl: string
  /** Of the CA's own TLS, PEM. */
  readonly rootPem: string
  readonly issuerName: string
  readonly book: Book
  readonly options: CaOptions & {
    nonceRefusalShare: number
    retryAfterSeconds: number
    /** With each answer about a renewal; `null` for none. */
    renewalRetryAfter: string | null
  }
  /** Requests by path's first word, as `new-order`. */
  readonly requests: Map<string, number>
  readonly userAgents: Set<string>
  /** How many requests were answered normally, after the client had given up. */
  readonly givenUp: number
  /** Asked at each request, with its path's first word: what happens in the place of an answer. */
  mishap: (kind: string, request: { readonly hosts: readonly string[] }) => CaMishap | null
  stop(): Promise<void>
}

const DEFAULTS: Ca['options'] = {
  validationDelayMs: 500,
  finalizeDelayMs: 1_500,
  authorizationReuseMs: null,
  profiles: Object.keys(CA_PROFILES),
  hasRenewalInfo: true,
  externalAccounts: null,
  hasRateLimits: false,
  sees: () => true,
  preApproved: () => false,
  placedAs: null,
  reusesOrders: true,
  offers: null,
  spoil: () => null,
  deliver: (chain) => chain,
  refuse: () => null,
  nonceRefusalShare: 0.05,
  retryAfterSeconds: 1,
  // Boulder's is six hours, twenty percent more or less
  renewalRetryAfter: '21600',
}

/** What a network or a proxy makes of an answer; `lost` is done, and then never answered. */
export type CaMishap =
  | 'reset'
  | 'hang'
  | 'drip'
  | 'lost'
  | 'truncated'
  | {
      readonly status: number
      readonly text: string
      readonly headers?: Readonly<Record<string, string>>
    }
  /** It is answered as usual, and something happens after that. */
  | { readonly afterwards: () => void }

interface Reply {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: object | string
}

export async function startCa(dnsPort: number, clock: Clock, given: Partial<Ca['options']>): Promise<Ca> {
  const options = { ...DEFAULTS, ...given }
  const root = await makeAuthority('Sandbox Root')
  const issuer: Authority = await makeAuthority('Sandbox CA 1', root)
  const tls = await makeLeaf(root, {
    hosts: ['localhost', '127.0.0.1'],
    notBefore: Date.now() - DAY_MS,
    notAfter: Date.now() + 365 * DAY_MS,
  })
  const book = createBook(issuer, dnsPort, clock, options)
  const requests = new Map<string, number>()
  const userAgents = new Set<string>()
  let givenUp = 0

  const server = createServer({ cert: tls.pem, key: tls.privateKey }, (request, response) => {
    const mishap = ca.mishap(kindOf(request), { hosts: hostsOf(request) })
    if (mishap === null)
      response.once('close', () => {
        if (!response.writableFinished) givenUp++
      })
    if (mishap === 'hang') return
    if (mishap === 'reset') return void request.socket.destroy()
    if (mishap === 'drip') return drip(response)
    if (mishap === 'lost')
      return void handle(request)
        .catch(() => undefined)
        .finally(() => request.socket.destroy())
    if (mishap && mishap !== 'truncated' && 'status' in mishap)
      return void response
        .writeHead(mishap.status, { 'content-type': 'text/html', ...mishap.headers })
        .end(mishap.text)
    void handle(request)
      .catch((thrown: unknown): Reply => {
        if (thrown instanceof Problem) return refusal(thrown)
        return refusal(new Problem('serverInternal', `the sandbox's CA failed: ${String(thrown)}`, 500))
      })
      .then((reply) => {
        if (mishap === 'truncated')
          return sendHalf(response, { ...toText(reply), contentType: 'application/json' })
        if (mishap) response.once('finish', mishap.afterwards)
        send(response, reply)
      })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const origin = `https://127.0.0.1:${portOf(server)}`
  const documents = createDocuments(origin, book, options)

  /** What a request is about, where its path tells. */
  function hostsOf({ url }: IncomingMessage): readonly string[] {
    const [, id = ''] = (url ?? '/').slice(1).split('/')
    const authorization = book.authorizations.get(id) ?? book.authorizationOf(id)
    return book.orders.get(id)?.hosts ?? (authorization ? [authorization.host] : [])
  }

  const signedRequests = createRequests(origin, book, () => options.nonceRefusalShare)

  async function handle(request: IncomingMessage): Promise<Reply> {
    const path = request.url ?? '/'
    const [kind = '', id = ''] = path.slice(1).split('/')
    requests.set(kind, (requests.get(kind) ?? 0) + 1)
    userAgents.add(request.headers['user-agent'] ?? '')
    if (!request.headers['user-agent']) throw new Problem('malformed', 'User-Agent header is required')
    if (kind === 'directory') return { status: 200, body: documents.directory() }
    if (kind === 'new-nonce') return { status: request.method === 'HEAD' ? 200 : 204 }
    if (kind === 'renewal-info') return renewalReply(id)
    if (request.method !== 'POST') throw new Problem('malformed', 'Method not allowed', 405)
    const signed = await signedRequests.verify(await readBody(request), `${origin}${path}`)
    if (kind === 'new-account') return newAccount(signed)
    if (!signed.account) throw new Problem('accountDoesNotExist', 'No account for this key', 400)
    return act(kind, id, signed.account, signed.payload)
  }

  async function act(kind: string, id: string, account: Account, payload: Signed['payload']): Promise<Reply> {
    switch (kind) {
      case 'new-order': {
        const identifiers = (payload?.['identifiers'] ?? []) as { type: string; value: string }[]
        const profile = typeof payload?.['profile'] === 'string' ? payload['profile'] : null
        const replaces = typeof payload?.['replaces'] === 'string' ? payload['replaces'] : null
        const order = book.order(account, { hosts: identifiers.map(({ value }) => value), profile, replaces })
        return {
          status: 201,
          headers: { location: `${origin}/order/${order.id}` },
          body: documents.order(order),
        }
      }
      case 'order':
        return orderReply(mine(book.orders.get(id), account))
      case 'authz': {
        const authorization = mine(book.authorizations.get(id), account)
        // no Retry-After here: Boulder gives none
        return { status: 200, body: documents.authorization(authorization) }
      }
      case 'challenge': {
        const { challenge, authorization } = book.answer(account, id)
        // certbot asks for "up" (RFC 8555 §7.5.1), and Boulder and Pebble give it
        const link = `<${origin}/directory>;rel="index", <${origin}/authz/${authorization.id}>;rel="up"`
        return { status: 200, headers: { link }, body: documents.challenge(challenge) }
      }
      case 'finalize': {
        const order = mine(book.orders.get(id), account)
        await book.finalize(order, Buffer.from(String(payload?.['csr'] ?? ''), 'base64url'))
        return orderReply(order)
      }
      case 'certificate': {
        const chain = book.chainOf(mine(book.orders.get(id), account))
        return { status: 200, headers: { 'content-type': 'application/pem-certificate-chain' }, body: chain }
      }
      default:
        throw new Problem('malformed', `the sandbox's CA does not model ${kind}`, 404)
    }
  }

  function renewalReply(id: string): Reply {
    if (!options.hasRenewalInfo) throw new Problem('malformed', 'Page not found', 404)
    const wait = options.renewalRetryAfter
    return {
      status: 200,
      headers: wait === null ? {} : { 'retry-after': wait },
      body: book.renewals.renewalInfo(id),
    }
  }

  async function newAccount({ jwk, payload }: Signed): Promise<Reply> {
    if (!jwk) throw new Problem('malformed', 'No embedded JWK in JWS header')
    const thumbprint = await calculateJwkThumbprint(jwk)
    const known = [...book.accounts.values()].find((one) => one.thumbprint === thumbprint)
    if (!known && payload?.['onlyReturnExisting'] === true)
      throw new Problem('accountDoesNotExist', 'No account exists with the provided key')
    if (!known && payload?.['termsOfServiceAgreed'] !== true)
      throw new Problem('malformed', 'must agree to terms of service')
    if (!known && options.externalAccounts)
      await checkExternalAccount(
        payload?.['externalAccountBinding'],
        jwk,
        `${origin}/new-account`,
        options.externalAccounts,
      )
    const { account, isNew } = book.account(thumbprint, jwk, (payload?.['contact'] ?? []) as string[])
    const body = { status: 'valid', contact: account.contact, orders: `${origin}/orders/${account.id}` }
    return { status: isNew ? 201 : 200, headers: { location: `${origin}/account/${account.id}` }, body }
  }

  function orderReply(order: Order): Reply {
    const isWaiting = book.statusOf(order) === 'processing'
    const headers: Record<string, string> = isWaiting
      ? { 'retry-after': String(options.retryAfterSeconds) }
      : {}
    return { status: 200, headers, body: documents.order(order) }
  }

  function send(response: ServerResponse, { status, headers = {}, body }: Reply): void {
    const isText = typeof body === 'string'
    response.writeHead(status, {
      'replay-nonce': signedRequests.newNonce(),
      'cache-control': 'no-store',
      link: `<${origin}/directory>;rel="index"`,
      ...(body === undefined || isText ? {} : { 'content-type': 'application/json' }),
      ...headers,
    })
    response.end(body === undefined ? undefined : isText ? body : JSON.stringify(body))
  }

  const ca: Ca = {
    mishap: () => null,
    directoryUrl: `${origin}/directory`,
    rootPem: root.pem,
    issuerName: 'Sandbox CA 1',
    book,
    options,
    requests,
    userAgents,
    get givenUp() {
      return givenUp
    },
    stop() {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
  return ca
}

function toText({ status, body }: Reply): { status: number; body: string } {
  return { status, body: typeof body === 'string' ? body : JSON.stringify(body ?? 'half of nothing') }
}

/** A body of one byte now and then, without an end. */
function drip(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'application/json' })
  const timer = setInterval(() => response.write(' '), 50)
  response.on('close', () => clearInterval(timer))
}

/** The first word of the path, as `new-order`. */
function kindOf({ url }: IncomingMessage): string {
  return (url ?? '/').split('/')[1] ?? ''
}

function mine<T extends { accountId: string }>(found: T | undefined, account: Account): T {
  if (!found) throw new Problem('malformed', 'No such resource', 404)
  if (found.accountId !== account.id) throw new Problem('unauthorized', 'It belongs to another account', 403)
  return found
}

function refusal(problem: Problem): Reply {
  return {
    status: problem.status,
    headers: {
      'content-type': 'application/problem+json',
      ...(problem.retryAfter === null ? {} : { 'retry-after': problem.retryAfter }),
    },
    body: problem.toDocument(),
  }
}
