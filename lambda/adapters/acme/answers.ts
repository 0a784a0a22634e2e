/** Orders and authorizations as the CA returns them, and the errors that they contain. */
import { RotationError } from '../../domain/rotation-error.ts'

/** RFC 8555 §7.1.3, as far as it is used here. */
export interface AnsweredOrder {
  readonly status: string
  readonly url: string
  readonly identifiers: unknown
  readonly error?: object
  readonly authorizations: unknown
  readonly finalize: unknown
}

/** RFC 8555 §7.1.4, likewise. */
export interface AnsweredAuthorization {
  readonly status: string
  readonly url: string
  readonly identifier: { readonly value: string }
  readonly wildcard?: boolean
  readonly challenges: readonly AnsweredChallenge[]
}

/** RFC 8555 §7.1.5, likewise. */
export interface AnsweredChallenge {
  readonly type: string
  readonly url: string
  readonly error?: object
}

/** A CA's answer is not always what RFC 8555 §7.1 says. */
export function checkOrder(order: AnsweredOrder, doing: string): void {
  if (Array.isArray(order.authorizations) && typeof order.finalize === 'string') return
  throw new RotationError('acme/unexpected-answer', `the CA's answer to ${doing} is not an order`)
}

export function authorizationFailed(authorization: AnsweredAuthorization): RotationError {
  const host = `${authorization.wildcard ? '*.' : ''}${authorization.identifier.value}`
  const error = authorization.challenges.map((challenge) => challenge.error).find((one) => one !== undefined)
  const why = problemText(error) ?? `its authorization is ${authorization.status}`
  return new RotationError('acme/authorization-failed', `the CA could not validate ${host}: ${why}`, { host })
}

export function orderFailed(order: AnsweredOrder, doing: string): RotationError {
  const why = problemText(order.error) ?? `its status is ${order.status}`
  return new RotationError('acme/order-failed', `the CA gave up ${doing}: ${why}`)
}

function problemText(error: object | undefined): string | null {
  const { type, detail } = (error ?? {}) as { type?: string; detail?: string }
  if (detail === undefined) return null
  return `${detail} (${(type ?? 'about:blank').replace('urn:ietf:params:acme:error:', '')})`
}
