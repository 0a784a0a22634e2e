/** The CA's protocol: ACME over HTTPS with signed requests and nonces, some of them refused (RFC 8555 §6, §7). */
import { randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import {
  calculateJwkThumbprint,
  decodeProtectedHeader,
  type FlattenedJWSInput,
  flattenedVerify,
  importJWK,
  type JWK,
} from 'jose'
import { portOf, readBody } from '../aws/endpoint.ts'
import { type Authority, makeAuthority, makeLeaf } from '../certificates.ts'
import type { Clock } from '../clock.ts'
import {
  type Account,
  type Authorization,
  type Book,
  CA_PROFILES,
  type CaOptions,
  type Challenge,
  createBook,
  type Order,
} from './book.ts'
import { Problem } from './problem.ts'

export interface Ca {
  readonly directoryUrl: string
  /** Of the CA's own TLS, PEM. */
  readonly rootPem: string
  readonly issuerName: string
  readonly book: Book
  readonly options: CaOptions & { nonceRefusalShare: number; retryAfterSeconds: number }
  /** Requests by path's first word, as `new-order`. */
  readonly requests: Map<string, number>
  readonly userAgents: Set<string>
  stop(): Promise<void>
}

const DEFAULTS: Ca['options'] = {
  validationDelayMs: 500,
  finalizeDelayMs: 1_500,
  authorizationReuseMs: 30 * 86_400_000,
  profiles: CA_PROFILES,
  refuse: () => null,
  nonceRefusalShare: 0.05,
  retryAfterSeconds: 1,
}

interface Reply {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: object | string
}

/** A verified request: who, and what; `payload` is `null` for POST-as-GET. */
interface Signed {
  readonly jwk: JWK | null
  readonly account: Account | null
  readonly payload: Record<string, unknown> | null
}

export async function startCa(dnsPort: number, clock: Clock, given: Partial<Ca['options']>): Promise<Ca> {
  const options = { ...DEFAULTS, ...given }
  const root = await makeAuthority('Sandbox Root')
  const issuer: Authority = await makeAuthority('Sandbox CA 1', root)
  const tls = await makeLeaf(root, {
    hosts: ['localhost', '127.0.0.1'],
    notBefore: Date.now() - 86_400_000,
    notAfter: Date.now() + 365 * 86_400_000,
  })
  const book = createBook(issuer, dnsPort, clock, options)
  const nonces = new Set<string>()
  const requests = new Map<string, number>()
  const userAgents = new Set<string>()
  const dice = seededDice(20_261_123)

  const server = createServer({ cert: tls.pem, key: tls.privateKey }, (request, response) => {
    void handle(request)
      .catch((thrown: unknown): Reply => {
        if (thrown instanceof Problem) return refusal(thrown)
        return refusal(new Problem('serverInternal', `the sandbox's CA failed: ${String(thrown)}`, 500))
      })
      .then((reply) => send(response, reply))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const origin = `https://127.0.0.1:${portOf(server)}`

  async function handle(request: IncomingMessage): Promise<Reply> {
    const path = request.url ?? '/'
    const [kind = '', id = ''] = path.slice(1).split('/')
    requests.set(kind, (requests.get(kind) ?? 0) + 1)
    userAgents.add(request.headers['user-agent'] ?? '')
    if (!request.headers['user-agent']) throw new Problem('malformed', 'User-Agent header is required')
    if (kind === 'directory') return { status: 200, body: directory() }
    if (kind === 'new-nonce') return { status: request.method === 'HEAD' ? 200 : 204 }
    if (request.method !== 'POST') throw new Problem('malformed', 'Method not allowed', 405)
    const signed = await verify(await readBody(request), `${origin}${path}`)
    if (kind === 'new-account') return newAccount(signed)
    if (!signed.account) throw new Problem('accountDoesNotExist', 'No account for this key', 400)
    return act(kind, id, signed.account, signed.payload)
  }

  async function act(kind: string, id: string, account: Account, payload: Signed['payload']): Promise<Reply> {
    switch (kind) {
      case 'new-order': {
        const identifiers = (payload?.['identifiers'] ?? []) as { type: string; value: string }[]
        const profile = typeof payload?.['profile'] === 'string' ? payload['profile'] : null
        const order = book.order(
          account,
          identifiers.map(({ value }) => value),
          profile,
        )
        return { status: 201, headers: { location: `${origin}/order/${order.id}` }, body: orderBody(order) }
      }
      case 'order':
        return orderReply(mine(book.orders.get(id), account))
      case 'authz': {
        const authorization = mine(book.authorizations.get(id), account)
        return {
          status: 200,
          headers: waiting(authorization.status === 'pending'),
          body: authorizationBody(authorization),
        }
      }
      case 'challenge': {
        const { challenge } = book.answer(account, id)
        return { status: 200, body: challengeBody(challenge) }
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

  async function newAccount({ jwk, payload }: Signed): Promise<Reply> {
    if (!jwk) throw new Problem('malformed', 'No embedded JWK in JWS header')
    const thumbprint = await calculateJwkThumbprint(jwk)
    const known = [...book.accounts.values()].find((one) => one.thumbprint === thumbprint)
    if (!known && payload?.['onlyReturnExisting'] === true)
      throw new Problem('accountDoesNotExist', 'No account exists with the provided key')
    if (!known && payload?.['termsOfServiceAgreed'] !== true)
      throw new Problem('malformed', 'must agree to terms of service')
    const { account, isNew } = book.account(thumbprint, jwk, (payload?.['contact'] ?? []) as string[])
    const body = { status: 'valid', contact: account.contact, orders: `${origin}/orders/${account.id}` }
    return { status: isNew ? 201 : 200, headers: { location: `${origin}/account/${account.id}` }, body }
  }

  /** RFC 8555 §6.2 to §6.5: signature, URL and nonce. */
  async function verify(body: string, url: string): Promise<Signed> {
    const jws = parseJws(body)
    const header = decodeProtectedHeader(jws)
    const kid = typeof header.kid === 'string' ? header.kid : null
    const account = kid === null ? null : (book.accounts.get(kid.replace(`${origin}/account/`, '')) ?? null)
    if (kid !== null && !account) throw new Problem('accountDoesNotExist', `Account "${kid}" not found`)
    const jwk = (account?.jwk ?? header.jwk) as JWK
    const { payload } = await flattenedVerify(jws, await importJWK(jwk, header.alg)).catch(() => {
      throw new Problem('malformed', 'JWS verification error')
    })
    if (header['url'] !== url)
      throw new Problem('unauthorized', `JWS header url is ${String(header['url'])}, expected ${url}`, 403)
    const isKnown = nonces.delete(String(header['nonce']))
    if (!isKnown || dice() < options.nonceRefusalShare)
      throw new Problem('badNonce', 'JWS has an invalid anti-replay nonce')
    const text = Buffer.from(payload).toString('utf8')
    return {
      jwk: account ? null : jwk,
      account,
      payload: text === '' ? null : (JSON.parse(text) as Record<string, unknown>),
    }
  }

  function directory(): object {
    const profiles = options.profiles
      ? {
          profiles: Object.fromEntries(
            Object.keys(options.profiles).map((name) => [name, `the profile ${name}`]),
          ),
        }
      : {}
    return {
      newNonce: `${origin}/new-nonce`,
      newAccount: `${origin}/new-account`,
      newOrder: `${origin}/new-order`,
      meta: { termsOfService: `${origin}/terms`, ...profiles },
    }
  }

  function orderReply(order: Order): Reply {
    return { status: 200, headers: waiting(book.statusOf(order) === 'processing'), body: orderBody(order) }
  }

  function waiting(isWaiting: boolean): Record<string, string> {
    return isWaiting ? { 'retry-after': String(options.retryAfterSeconds) } : {}
  }

  function orderBody(order: Order): object {
    const status = book.statusOf(order)
    return {
      status,
      identifiers: order.hosts.map((value) => ({ type: 'dns', value })),
      authorizations: order.authorizations.map(({ id }) => `${origin}/authz/${id}`),
      finalize: `${origin}/finalize/${order.id}`,
      ...(order.profile === null ? {} : { profile: order.profile }),
      ...(status === 'valid' ? { certificate: `${origin}/certificate/${order.id}` } : {}),
      ...(status === 'invalid'
        ? { error: new Problem('unauthorized', 'an authorization failed', 403).toDocument() }
        : {}),
    }
  }

  function authorizationBody(authorization: Authorization): object {
    return {
      status: authorization.status,
      identifier: { type: 'dns', value: authorization.host },
      challenges: authorization.challenges.map(challengeBody),
      ...(authorization.wildcard ? { wildcard: true } : {}),
    }
  }

  function challengeBody({ id, type, token, status, error }: Challenge): object {
    return {
      type,
      status,
      url: `${origin}/challenge/${id}`,
      ...(token === null ? {} : { token }),
      ...(error === null ? {} : { error: error.toDocument() }),
    }
  }

  function send(response: ServerResponse, { status, headers = {}, body }: Reply): void {
    const nonce = randomBytes(16).toString('base64url')
    nonces.add(nonce)
    const isText = typeof body === 'string'
    response.writeHead(status, {
      'replay-nonce': nonce,
      'cache-control': 'no-store',
      link: `<${origin}/directory>;rel="index"`,
      ...(body === undefined || isText ? {} : { 'content-type': 'application/json' }),
      ...headers,
    })
    response.end(body === undefined ? undefined : isText ? body : JSON.stringify(body))
  }

  return {
    directoryUrl: `${origin}/directory`,
    rootPem: root.pem,
    issuerName: 'Sandbox CA 1',
    book,
    options,
    requests,
    userAgents,
    stop() {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}

function mine<T extends { accountId: string }>(found: T | undefined, account: Account): T {
  if (!found) throw new Problem('malformed', 'No such resource', 404)
  if (found.accountId !== account.id) throw new Problem('unauthorized', 'It belongs to another account', 403)
  return found
}

function parseJws(body: string): FlattenedJWSInput {
  try {
    return JSON.parse(body) as FlattenedJWSInput
  } catch {
    throw new Problem('malformed', 'Parse error reading JWS')
  }
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

/** The same refusals in every run of the same requests (mulberry32). */
function seededDice(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
