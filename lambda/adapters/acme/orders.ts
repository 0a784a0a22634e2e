/** Reading orders: a new one, or one of an earlier run. @see RFC 8555 §7.1.3, §7.1.4 */
import { RotationError } from '../../domain/rotation-error.ts'
import type { Challenge, Order } from '../../ports.ts'
import {
  type AnsweredAuthorization,
  type AnsweredChallenge,
  type AnsweredOrder,
  authorizationFailed,
  checkOrder,
  orderFailed,
} from './answers.ts'
import type { retrying } from './retrying.ts'
import { AcmeProblem } from './transport.ts'

/** The part of the library's client that is used here. */
interface Client {
  getAuthorizations(order: object): Promise<readonly AnsweredAuthorization[]>
  getChallengeKeyAuthorization(challenge: object): Promise<string>
}

type Call = ReturnType<typeof retrying>

/** @throws RotationError acme/order-failed, acme/authorization-failed, acme/no-dns-challenge, acme/unexpected-answer */
export async function toOrder(
  client: Client,
  order: AnsweredOrder,
  wanted: { readonly hosts: readonly string[]; readonly challengeType: string },
  doing: string,
  call: Call,
): Promise<Order> {
  checkOrder(order, doing)
  checkHosts(order, wanted.hosts, doing)
  const { url, status } = order
  if (!isUsable(status)) throw orderFailed(order, doing)
  const challenges: Challenge[] = []
  // one by one: the library would fetch all at once, and CAs limit how many nonces they give out a second
  if (status === 'pending')
    for (const authorizationUrl of order.authorizations as string[]) {
      const authorization = await fetchAuthorization(client, url, authorizationUrl, call)
      if (authorization.status === 'valid') continue
      challenges.push(await toChallenge(client, authorization, wanted.challengeType))
    }
  return { url, status, challenges }
}

export async function fetchAuthorization(
  client: Client,
  orderUrl: string,
  url: string,
  call: Call,
): Promise<AnsweredAuthorization> {
  const order = { url: orderUrl, authorizations: [url] }
  const [authorization] = await call('an authorization', () => client.getAuthorizations(order))
  const challenges: unknown = authorization?.challenges
  const isWhole =
    Array.isArray(challenges) && challenges.every((one) => typeof one === 'object' && one !== null)
  if (!authorization || !isWhole || typeof authorization.identifier?.value !== 'string')
    throw new RotationError('acme/unexpected-answer', `the CA gave no authorization at ${url}`)
  return authorization
}

function checkHosts({ identifiers }: AnsweredOrder, hosts: readonly string[], doing: string): void {
  const listed = (Array.isArray(identifiers) ? identifiers : []) as ({ value?: unknown } | null)[]
  const ordered = listed.map((one) => String(one?.value).toLowerCase())
  if ([...ordered].sort().join() === [...hosts].sort().join()) return
  const what = `${doing} is for ${ordered.join(', ') || 'no host'}, expected ${hosts.join(', ')}`
  throw new RotationError('acme/order-failed', what)
}

/**
 * The CA itself says that an order cannot be used: gone, failed, or of another account. A proxy's page or an answer that
 * is not ACME says nothing about that, nor does an error of the directory or of a nonce.
 *
 * @param urls of the order, and of what belongs to it
 */
export function isFinal(thrown: unknown, urls: readonly string[]): thrown is RotationError {
  if (!(thrown instanceof RotationError)) return false
  if (FAILED.includes(thrown.code)) return true
  const { code, refusal } = thrown
  if (code !== 'acme/refused' || !refusal || refusal.status >= 500 || !urls.includes(refusal.url))
    return false
  return refusal.status === 404 || refusal.status === 410 || !PASSING.includes(refusal.type)
}

/**
 * Whether an order was refused because of the predecessor that it names: replaced already, unknown, of another account,
 * malformed. Anything else the CA would refuse again. @see RFC 9773 §5
 */
export function isOfReplacement(thrown: unknown): thrown is RotationError {
  if (!(thrown instanceof RotationError) || !(thrown.cause instanceof AcmeProblem)) return false
  const { status, type, message } = thrown.cause
  if (status >= 500) return status === 500 && PEBBLES_MESSAGES.test(message)
  return status === 409 || OF_REPLACEMENT.includes(type)
}

/** Boulder's names. */
const OF_REPLACEMENT = ['alreadyReplaced', 'malformed', 'unauthorized']
/** Pebble answers them as `serverInternal`, with these messages. */
const PEBBLES_MESSAGES = /order for the given certificate|existing order must match/
const FAILED = ['acme/order-failed', 'acme/authorization-failed', 'acme/no-dns-challenge']
const PASSING = ['about:blank', 'badNonce', 'rateLimited', 'serverInternal']

function isUsable(status: string): status is Order['status'] {
  return ['pending', 'ready', 'processing', 'valid'].includes(status)
}

/** CAs list other challenges beside it, some without a token: ours is chosen by its type. */
async function toChallenge(
  client: Client,
  authorization: AnsweredAuthorization,
  challengeType: string,
): Promise<Challenge> {
  const base = authorization.identifier.value.toLowerCase()
  const host = authorization.wildcard ? `*.${base}` : base
  if (authorization.status !== 'pending') throw authorizationFailed(authorization)
  const challenge: AnsweredChallenge | undefined = authorization.challenges.find(
    ({ type }) => type === challengeType,
  )
  if (!challenge) {
    const offered = authorization.challenges.map(({ type }) => type).join(', ')
    throw new RotationError(
      'acme/no-dns-challenge',
      `the CA offers ${offered} for ${host}, looked for ${challengeType}`,
      { host },
    )
  }
  const value = await client.getChallengeKeyAuthorization(challenge)
  return { host, value, url: challenge.url, authorizationUrl: authorization.url }
}
