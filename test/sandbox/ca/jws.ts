/** Signed requests: signature, URL and nonce, some of them refused (RFC 8555 §6.2 to §6.5). */
import { randomBytes } from 'node:crypto'
import { decodeProtectedHeader, type FlattenedJWSInput, flattenedVerify, importJWK, type JWK } from 'jose'
import type { Account, Book } from './book.ts'
import { Problem } from './problem.ts'

/** A verified request: who, and what; `payload` is `null` for POST-as-GET. */
export interface Signed {
  readonly jwk: JWK | null
  readonly account: Account | null
  readonly payload: Record<string, unknown> | null
}

export interface Requests {
  newNonce(): string
  verify(body: string, url: string): Promise<Signed>
}

/** @param refusalShare asked at each request: the share of good nonces that is refused all the same */
export function createRequests(
  origin: string,
  book: Pick<Book, 'accounts'>,
  refusalShare: () => number,
): Requests {
  const nonces = new Set<string>()
  const dice = seededDice(20_261_123)

  return {
    newNonce() {
      const nonce = randomBytes(16).toString('base64url')
      nonces.add(nonce)
      return nonce
    },
    verify,
  }

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
    if (!isKnown || dice() < refusalShare())
      throw new Problem('badNonce', 'JWS has an invalid anti-replay nonce')
    const text = Buffer.from(payload).toString('utf8')
    return {
      jwk: account ? null : jwk,
      account,
      payload: text === '' ? null : (JSON.parse(text) as Record<string, unknown>),
    }
  }
}

function parseJws(body: string): FlattenedJWSInput {
  try {
    return JSON.parse(body) as FlattenedJWSInput
  } catch {
    throw new Problem('malformed', 'Parse error reading JWS')
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
