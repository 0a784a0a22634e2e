import type { Agent } from 'node:https'
import { getCACertificates } from 'node:tls'
import { describe, expect, it } from 'vitest'
import { explain } from '../../../lambda/adapters/acme/problem.ts'
import { retrying } from '../../../lambda/adapters/acme/retrying.ts'
import {
  AcmeProblem,
  AcmeSilence,
  configureHttp,
  type Http,
  parseRetryAfter,
  rootsBeside,
} from '../../../lambda/adapters/acme/transport.ts'
import { DEFAULTS } from '../../../lambda/domain/defaults.ts'
import { HOUR_MS } from '../../../lambda/domain/instant.ts'

const NOW = Date.UTC(2026, 10, 23)

function problem(type: string, status: number, retryAfterMs: number | null = null): AcmeProblem {
  return new AcmeProblem('the words of the CA', { type, status, subproblems: [], retryAfterMs, url: '' })
}

/** Runs a request that fails with each of `failures` in turn, and then succeeds. @returns the waits, and what came. */
async function tryAgain(failures: readonly Error[]) {
  const waits: number[] = []
  const time = { now: () => NOW, sleep: async (ms: number) => void waits.push(ms), stopAt: Infinity }
  const left = [...failures]
  const result = await retrying(time, DEFAULTS)('a new order', async () => {
    const failure = left.shift()
    if (failure) throw failure
    return 'done'
  }).catch((error: { code: string }) => error.code)
  return { waits, result, left: left.length }
}

describe('Retry-After', () => {
  it.each([
    ['120', 120_000],
    ['0', 0],
    ['Mon, 23 Nov 2026 00:01:00 GMT', 60_000],
    ['Sun, 22 Nov 2026 00:00:00 GMT', 0],
    ['soon', null],
    [undefined, null],
  ])('%j is %j ms', (header, ms) => {
    expect(parseRetryAfter(header, NOW)).toBe(ms)
  })
})

describe('a request to the CA', () => {
  it('is repeated at once when its nonce is refused, and has a bound', async () => {
    expect(await tryAgain(Array(10).fill(problem('badNonce', 400)))).toEqual({
      waits: [],
      result: 'done',
      left: 0,
    })
    expect(await tryAgain(Array(11).fill(problem('badNonce', 400)))).toMatchObject({
      waits: [],
      result: 'acme/refused',
    })
  })

  it('is repeated with growing waits after silence and after a 5xx', async () => {
    const failures = [
      new AcmeSilence('ECONNRESET', 'reset'),
      problem('serverInternal', 500),
      problem('about:blank', 502),
    ]
    expect(await tryAgain(failures)).toEqual({ waits: [1000, 2000, 4000], result: 'done', left: 0 })
  })

  it('gives up after some tries', async () => {
    const failures = Array(9).fill(new AcmeSilence('ECONNREFUSED', 'refused'))
    expect(await tryAgain(failures)).toMatchObject({ waits: [1000, 2000, 4000], result: 'acme/unreachable' })
  })

  it('waits as long as Retry-After says', async () => {
    expect(await tryAgain([problem('serverInternal', 503, 30_000)])).toMatchObject({
      waits: [30_000],
      result: 'done',
    })
    expect(await tryAgain([problem('rateLimited', 429, 2_000)])).toMatchObject({
      waits: [2000],
      result: 'done',
    })
  })

  it('does not wait for hours, nor for a paused account, which gives no time', async () => {
    expect(await tryAgain([problem('rateLimited', 429, HOUR_MS)])).toMatchObject({
      waits: [],
      result: 'acme/rate-limited',
    })
    expect(await tryAgain([problem('rateLimited', 429)])).toMatchObject({
      waits: [],
      result: 'acme/rate-limited',
    })
  })

  it('is not repeated after a refusal', async () => {
    expect(await tryAgain([problem('rejectedIdentifier', 400)])).toMatchObject({
      waits: [],
      result: 'acme/refused',
    })
  })
})

describe("the CA's words", () => {
  it('are all in the message: detail, subproblems, type, status and the time of the next try', () => {
    const refused = new AcmeProblem('too many', {
      url: 'https://ca.example.com/new-order',
      type: 'rateLimited',
      status: 429,
      subproblems: ['a.example.com: paused'],
      retryAfterMs: 7_200_000,
    })
    const error = explain(refused, 'a new order', NOW)
    expect(error.message).toBe(
      'the CA refused a new order: too many; a.example.com: paused (rateLimited, HTTP 429); not before 2026-11-23T02:00:00Z (in 2 h)',
    )
    expect(error.facts).toMatchObject({
      retryAfter: '2026-11-23T02:00:00Z',
      subproblems: ['a.example.com: paused'],
    })
  })

  it('are told from the silence of a CA whose own certificate is not trusted', () => {
    expect(explain(new AcmeSilence('DEPTH_ZERO_SELF_SIGNED_CERT', 'self signed'), 'it', NOW).code).toBe(
      'acme/tls-untrusted',
    )
    expect(explain(new AcmeSilence('ETIMEDOUT', 'timeout'), 'it', NOW).code).toBe('acme/unreachable')
  })
})

describe("the library's HTTP", () => {
  it('trusts private roots beside the usual ones, and follows its own interceptors no more', () => {
    const cleared: string[] = []
    const http = {
      defaults: { headers: { common: {} } } as Http['defaults'],
      interceptors: {
        request: { clear: () => void cleared.push('request'), use: () => 0 },
        response: { clear: () => void cleared.push('response'), use: () => 0 },
      },
    }
    expect(rootsBeside('PRIVATE')).toEqual([...getCACertificates('default'), 'PRIVATE'])
    const [root = ''] = getCACertificates('default')
    configureHttp(http, { rootCertificates: root, timeoutMs: 1_000, now: () => NOW })
    const { options } = http.defaults.httpsAgent as Agent
    expect(options).toHaveProperty('secureContext')
    expect(options.ca, 'as ca it would be copied for each request').toBeUndefined()
    expect(getCACertificates('default').length).toBeGreaterThan(50)
    expect(cleared).toEqual(['request', 'response'])
    expect(() => http.defaults.beforeRedirect?.({ protocol: 'http:' })).toThrow(/expected https/)
    expect(() => http.defaults.beforeRedirect?.({ protocol: 'https:' })).not.toThrow()
    configureHttp(http, { rootCertificates: null, timeoutMs: 1_000, now: () => NOW })
    expect((http.defaults.httpsAgent as Agent).options).not.toHaveProperty('secureContext')
  })
})
