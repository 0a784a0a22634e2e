/** What the CA shows of its book, as JSON (RFC 8555 §7.1). */
import type { Authorization, Book, CaOptions, Challenge, Order } from './book.ts'
import { Problem } from './problem.ts'

export interface Documents {
  directory(): object
  order(order: Order): object
  authorization(authorization: Authorization): object
  challenge(challenge: Challenge): object
}

export function createDocuments(origin: string, book: Pick<Book, 'statusOf'>, options: CaOptions): Documents {
  return { directory, order: orderBody, authorization: authorizationBody, challenge: challengeBody }

  function directory(): object {
    const profiles = options.profiles
      ? {
          profiles: Object.fromEntries(options.profiles.map((name) => [name, `the profile ${name}`])),
        }
      : {}
    return {
      newNonce: `${origin}/new-nonce`,
      newAccount: `${origin}/new-account`,
      newOrder: `${origin}/new-order`,
      ...(options.hasRenewalInfo ? { renewalInfo: `${origin}/renewal-info` } : {}),
      meta: {
        termsOfService: `${origin}/terms`,
        ...(options.externalAccounts ? { externalAccountRequired: true } : {}),
        ...profiles,
      },
    }
  }

  function orderBody(order: Order): object {
    const status = book.statusOf(order)
    return {
      status,
      identifiers: order.hosts.map((value) => ({ type: 'dns', value })),
      authorizations: order.authorizations.map(({ id }) => `${origin}/authz/${id}`),
      finalize: `${origin}/finalize/${order.id}`,
      ...(order.profile === null ? {} : { profile: order.profile }),
      ...(order.replaces === null ? {} : { replaces: order.replaces }),
      expires: new Date(order.expiresAt).toISOString(),
      ...(status === 'valid' ? { certificate: `${origin}/certificate/${order.id}` } : {}),
      ...(status === 'invalid'
        ? {
            error: (
              order.spoiled ?? new Problem('unauthorized', 'an authorization failed', 403)
            ).toDocument(),
          }
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
}
