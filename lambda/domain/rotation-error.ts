/** The error class of this product, and what is done with one everywhere. Pure. */
import { ERRORS, type ErrorCode, type Retry } from './errors.ts'

/** Log fields of an error. MUST NOT contain private keys, PEM, tokens, key authorizations or account secrets. */
export type Facts = Readonly<Record<string, string | number | boolean | readonly string[]>>

/** How the CA refused a request (RFC 8555 §6.7). */
export interface CaRefusal {
  /** HTTP status. */
  readonly status: number
  /** Problem type without its prefix, as `rateLimited`. */
  readonly type: string
  /** What was asked. */
  readonly url: string
  /** `null` when the CA did not say. */
  readonly retryAfterMs: number | null
}

export interface ErrorOptions {
  readonly cause?: unknown
  readonly refusal?: CaRefusal
}

/**
 * The only error class of this product. Anything else that surfaces is a bug, and is reported as `bug/unexpected`.
 *
 * `message` is what went wrong, the value seen and what was looked for; lower case, no full stop. `facts` are for the
 * log only: what code decides by is a typed field.
 */
export class RotationError extends Error {
  override readonly name = 'RotationError'
  readonly code: ErrorCode
  readonly facts: Facts
  /** Set when the CA refused a request. */
  readonly refusal: CaRefusal | null

  constructor(code: ErrorCode, what: string, facts: Facts = {}, { cause, refusal }: ErrorOptions = {}) {
    super(withoutKeys(what), cause === undefined || !isWithoutKeys(cause) ? {} : { cause })
    this.code = code
    this.facts = facts
    this.refusal = refusal ?? null
  }

  get hint(): string {
    return ERRORS[this.code].hint
  }

  get retry(): Retry {
    return ERRORS[this.code].retry
  }

  /** Two lines for people: what happened, and the way out. */
  toText(): string {
    return `${this.message} (${this.code})\nhint: ${this.hint}`
  }
}

/** AWS and the CA may repeat what they were sent. */
function withoutKeys(words: string): string {
  return words.replace(/-----BEGIN[\s\S]*?(?:-----END[^-]*-----|$)/g, '(left out)')
}

function isWithoutKeys(cause: unknown): boolean {
  return !(cause instanceof Error) || !`${cause.message}${cause.stack}`.includes('-----BEGIN')
}

/** @returns `thrown` itself when it is one of ours; else a `bug/unexpected` that names it and keeps it as cause. */
export function asRotationError(thrown: unknown): RotationError {
  if (thrown instanceof RotationError) return thrown
  const what = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown)
  return new RotationError('bug/unexpected', `unexpected ${what}`, {}, { cause: thrown })
}

/** @returns `thrown` when it is one of ours; throws it again when it is not: a bug must surface. */
export function rotationErrorOrThrow(thrown: unknown): RotationError {
  if (thrown instanceof RotationError) return thrown
  throw thrown
}

/** An error as an event carries it. */
export function describeError(error: RotationError): {
  code: string
  message: string
  hint: string
  facts: Record<string, unknown>
} {
  return { code: error.code, message: error.message, hint: error.hint, facts: { ...error.facts } }
}

export function outOfTime(certId: string): RotationError {
  return new RotationError('run/out-of-time', `there was no time left for ${certId}`)
}
