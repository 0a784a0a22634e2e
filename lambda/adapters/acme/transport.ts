/**
 * Configures the HTTP client of the ACME library.
 *
 * acme-client 5.4.0 retries by itself with the same nonce for as long as Retry-After says, has no time-out, turns
 * a lost connection into a TypeError, and keeps only the `detail` of a problem document. All of that is in interceptors
 * of its axios instance, which are replaced here by two that keep what happened.
 */
import { Agent } from 'node:https'
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls'
import { DAY_MS } from '../../domain/instant.ts'
import { PRODUCT, VERSION } from '../../domain/version.ts'

/** The part of an axios instance that is used here. */
export interface Http {
  readonly defaults: {
    maxRedirects?: number
    maxContentLength?: number
    beforeRedirect?: (options: Record<string, unknown>) => void
    httpsAgent?: unknown
    headers: { common: Record<string, unknown> }
  }
  readonly interceptors: {
    readonly request: {
      clear(): void
      use(onRequest: <C extends { signal?: unknown }>(config: C) => C): unknown
    }
    readonly response: {
      clear(): void
      use(onAnswer: (answer: HttpAnswer) => HttpAnswer, onSilence: (error: unknown) => never): unknown
    }
  }
}

interface HttpAnswer {
  readonly status: number
  readonly data: unknown
  readonly headers: Readonly<Record<string, unknown>>
  readonly config: { readonly url?: string }
}

/** RFC 7807, as far as ACME uses it (RFC 8555 §6.7). */
export class AcmeProblem extends Error {
  override readonly name = 'AcmeProblem'
  readonly status: number
  readonly type: string
  readonly subproblems: readonly string[]
  /** `null` when the CA did not say. */
  readonly retryAfterMs: number | null
  /** What was asked. */
  readonly url: string

  constructor(
    detail: string,
    facts: Pick<AcmeProblem, 'status' | 'type' | 'subproblems' | 'retryAfterMs' | 'url'>,
  ) {
    super(detail)
    this.url = facts.url
    this.status = facts.status
    this.type = facts.type
    this.subproblems = facts.subproblems
    this.retryAfterMs = facts.retryAfterMs
  }
}

/** The CA gave no answer at all. */
export class AcmeSilence extends Error {
  override readonly name = 'AcmeSilence'
  readonly code: string

  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

export interface Transport {
  /** How long the last answer from this URL asked to wait; `null` when it did not. */
  retryAfterMs(url: string): number | null
  /** Answers from this URL without a Location are refused. */
  needLocation(url: string): void
}

/**
 * @param axios the library's one instance: all clients of the process share it, so the last call counts
 * @param rootCertificates PEM to trust besides the usual roots; `null` for the usual roots only
 * @param now for Retry-After dates
 */
export function configureHttp(
  axios: Http,
  options: { rootCertificates: string | null; timeoutMs: number; now: () => number },
): Transport {
  const waits = new Map<string, number | null>()
  const needLocation = new Set<string>()
  axios.interceptors.request.clear()
  axios.interceptors.response.clear()
  axios.defaults.maxRedirects = 3
  axios.defaults.beforeRedirect = ({ protocol }) => {
    // RFC 8555 §6.1: all of ACME is HTTPS
    if (protocol !== 'https:') throw new Error(`it leads to ${String(protocol)}//, expected https://`)
  }
  axios.defaults.maxContentLength = MOST_BYTES
  axios.defaults.headers.common['User-Agent'] =
    `${PRODUCT}/${VERSION} (+https://www.npmjs.com/package/${PRODUCT})`
  axios.defaults.httpsAgent = new Agent({
    keepAlive: true,
    ...(options.rootCertificates === null ? {} : { secureContext: trusting(options.rootCertificates) }),
  })
  // a deadline for the whole answer: axios's own time-out would let a slow body go on for ever
  axios.interceptors.request.use((config) => ({ ...config, signal: AbortSignal.timeout(options.timeoutMs) }))
  axios.interceptors.response.use(
    (response) => {
      const retryAfterMs = parseRetryAfter(response.headers['retry-after'], options.now())
      waits.set(response.config.url ?? '', retryAfterMs)
      if (response.status >= 400) throw toProblem(response, retryAfterMs)
      // acme-client would ask again for ever when the answer for a known account has no URL
      if (needLocation.has(response.config.url ?? '') && !response.headers['location'])
        throw new Error('it has no Location header')
      return response
    },
    (error) => {
      if (error instanceof AcmeProblem) throw error
      const { code, message } = error as { code?: string; message: string }
      if (code === 'ERR_CANCELED')
        throw new AcmeSilence('ETIMEDOUT', `no complete answer in ${options.timeoutMs} ms`)
      throw new AcmeSilence(code ?? 'no code', message)
    },
  )
  return {
    retryAfterMs: (url) => waits.get(url) ?? null,
    needLocation: (url) => void needLocation.add(url),
  }
}

const contexts = new Map<string, SecureContext>()

/** Made once: as the agent's `ca`, all roots would be parsed for each connection, and copied for each request. */
function trusting(rootCertificates: string): SecureContext {
  const context = contexts.get(rootCertificates) ?? createSecureContext({ ca: rootsBeside(rootCertificates) })
  contexts.set(rootCertificates, context)
  return context
}

/** @returns PEM of the usual roots, and of those given */
export function rootsBeside(rootCertificates: string): string[] {
  return [...getCACertificates('default'), rootCertificates]
}

/** A chain has a few kilobytes; anything this long is not an ACME answer. */
const MOST_BYTES = 1_000_000
/** The URL of a page to visit may contain a long token. */
const LONGEST_DETAIL = 1_000

function toProblem({ status, data, config }: HttpAnswer, retryAfterMs: number | null): AcmeProblem {
  const document = (typeof data === 'object' && data !== null ? data : {}) as Record<string, unknown>
  const type = typeof document['type'] === 'string' ? document['type'] : 'about:blank'
  const detail =
    typeof document['detail'] === 'string' ? document['detail'] : `no problem document, HTTP ${status}`
  const listed = Array.isArray(document['subproblems']) ? document['subproblems'] : []
  return new AcmeProblem(detail.slice(0, LONGEST_DETAIL), {
    status,
    type: type.replace('urn:ietf:params:acme:error:', ''),
    subproblems: listed.slice(0, 100).map(subproblemText),
    retryAfterMs,
    url: config.url ?? '',
  })
}

function subproblemText(subproblem: { identifier?: { value?: string }; detail?: string } | null): string {
  const identifier = subproblem?.identifier?.value
  return `${identifier ? `${identifier}: ` : ''}${subproblem?.detail ?? ''}`.slice(0, LONGEST_DETAIL)
}

/** A longer wait makes no sense, and the instant must fit into a `Date`. */
const LONGEST_RETRY_AFTER_MS = 366 * DAY_MS

/** Seconds or an HTTP date (RFC 9110 §10.2.3). `Date` would read a negative number as a year. */
export function parseRetryAfter(header: unknown, now: number): number | null {
  if (typeof header !== 'string') return null
  if (/^\d+$/.test(header)) return Math.min(Number(header) * 1000, LONGEST_RETRY_AFTER_MS)
  const at = /^[A-Za-z]{3,9},? /.test(header) ? Date.parse(header) : Number.NaN
  return Number.isNaN(at) ? null : Math.min(Math.max(0, at - now), LONGEST_RETRY_AFTER_MS)
}
