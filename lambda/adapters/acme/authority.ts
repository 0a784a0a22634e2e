/**
 * The CA, by acme-client's step API: the only file that imports it. The library signs requests and walks the
 * protocol; retries, waits and errors are ours.
 * @see RFC 8555 §7
 */
import acme from 'acme-client'
import type { Settings } from '../../domain/defaults.ts'
import { RotationError } from '../../domain/rotation-error.ts'
import { poll } from '../../poll.ts'
import type { CertificateAuthority, Challenge, ExternalAccount, ReplacingRequest, Time } from '../../ports.ts'
import { type AccountOptions, openAccount } from './account.ts'
import { authorizationFailed } from './answers.ts'
import { type Directory, readDirectory } from './directory.ts'
import { finalizeOrder } from './finalize-order.ts'
import { fetchAuthorization, isFinal, isOfReplacement, toOrder } from './orders.ts'
import { askRenewalInfo } from './renewal-info.ts'
import { retrying } from './retrying.ts'
import { configureHttp, type Http } from './transport.ts'

export interface AuthorityOptions extends AccountOptions {
  readonly directoryUrl: string
  /** PEM; `null` for the usual roots. */
  readonly rootCertificates: string | null
  /** How hosts are proven, as the CA names it. */
  readonly challengeType: string
  readonly time: Time
  readonly settings: Settings
}

/** Of draft-ietf-acme-profiles and RFC 9773 §5, which the library's types do not know; it sends them as they are. */
type OrderData = Parameters<acme.Client['createOrder']>[0] & { profile?: string; replaces?: string }

type LibraryChallenge = Parameters<acme.Client['completeChallenge']>[0]

export function acmeAuthority(options: AuthorityOptions): CertificateAuthority {
  const { directoryUrl, challengeType, time, settings } = options
  const transport = configureHttp(acme.axios as unknown as Http, {
    rootCertificates: options.rootCertificates,
    timeoutMs: settings.acmeRequestTimeoutMs,
    now: () => time.now(),
  })
  const call = retrying(time, settings)
  let directory: Promise<Directory> | null = null
  let client: Promise<acme.Client> | null = null
  const answered = new Map<string, acme.Order>()

  async function get(url: string): Promise<unknown> {
    const headers = { Accept: 'application/json' }
    return (await acme.axios.get(url, { validateStatus: null, headers })).data
  }

  function readOnce(): Promise<Directory> {
    directory ??= call(`the directory ${directoryUrl}`, async () => {
      const read = readDirectory(await get(directoryUrl))
      transport.needLocation(read.newAccount)
      return read
    })
    return directory
  }

  async function open(): Promise<acme.Client> {
    const newClient = (accountKey: string, externalAccount: ExternalAccount | null) =>
      new acme.Client({
        directoryUrl,
        accountKey,
        ...(externalAccount
          ? { externalAccountBinding: { kid: externalAccount.keyId, hmacKey: externalAccount.hmacKey } }
          : {}),
      })
    const { key, url } = await openAccount(options, await readOnce(), newClient, call)
    return new acme.Client({ directoryUrl, accountKey: key, accountUrl: url })
  }

  function opened(): Promise<acme.Client> {
    client ??= open()
    return client
  }

  async function newOrder({ hosts, profile }: ReplacingRequest, replaces: string | null): Promise<string> {
    const client = await opened()
    const data: OrderData = {
      identifiers: hosts.map((value) => ({ type: 'dns', value })),
      ...(profile === null ? {} : { profile }),
      ...(replaces === null ? {} : { replaces }),
    }
    const order = await call(`a new order for ${hosts.join(', ')}`, () => client.createOrder(data))
    answered.set(order.url, order)
    return order.url
  }

  /** The CA's answer to a new order is not asked for again. */
  function look(client: acme.Client, url: string): Promise<acme.Order> {
    const order = answered.get(url)
    answered.delete(url)
    return order ? Promise.resolve(order) : client.getOrder({ url } as acme.Order)
  }

  /** Poll, at the CA's Retry-After within our bounds, until `ask` has an answer. */
  async function waitFor<T>(url: string, what: string, ask: () => Promise<T | null>): Promise<T> {
    const patient: Time = {
      ...time,
      sleep: (ms) =>
        time.sleep(Math.min(Math.max(ms, transport.retryAfterMs(url) ?? 0), settings.acmeLongestWaitMs)),
    }
    const bounds = { intervalMs: settings.acmePollIntervalMs, timeoutMs: settings.acmePollTimeoutMs }
    const answer = await poll(patient, bounds, ask)
    if (answer !== null) return answer
    throw new RotationError(
      'acme/timed-out',
      `${what} was not done after ${settings.acmePollTimeoutMs / 1000} s`,
    )
  }

  return {
    async ready(profile) {
      // the directory comes first: when the profile is missing, no account is made
      const { profiles } = await readOnce()
      if (profile !== null && !profiles?.includes(profile)) {
        const offered = profiles === null ? 'offers none' : `offers ${profiles.join(', ')}`
        const what = `the CA does not offer the profile "${profile}", it ${offered}`
        throw new RotationError('acme/profile-not-offered', what, { profile })
      }
      return { account: (await opened()).getAccountUrl() }
    },

    async renewalInfo(id) {
      const { renewalInfo } = await readOnce()
      if (renewalInfo === null) return null
      return askRenewalInfo(get, `${renewalInfo.replace(/\/$/, '')}/${id}`, transport.retryAfterMs)
    },

    async order(request) {
      const { renewalInfo } = await readOnce()
      const replaces = renewalInfo === null ? null : request.replaces
      try {
        const url = await newOrder(request, replaces)
        return { url, isReplacement: replaces !== null, refusal: null }
      } catch (thrown) {
        if (replaces === null || !isOfReplacement(thrown)) throw thrown
        return { url: await newOrder(request, null), isReplacement: false, refusal: thrown.message }
      }
    },

    async find(url, { hosts }) {
      const client = await opened()
      const doing = `the order ${url}`
      const urls = [url]
      try {
        const order = await call(doing, () => look(client, url))
        if (Array.isArray(order.authorizations)) urls.push(...order.authorizations)
        return await toOrder(client, { ...order, url }, { hosts, challengeType }, doing, call)
      } catch (thrown) {
        if (isFinal(thrown, urls)) return { useless: thrown }
        throw thrown
      }
    },

    async answer({ challenges, url }) {
      const client = await opened()
      for (const challenge of challenges)
        await call(`the challenge for ${challenge.host}`, () =>
          client.completeChallenge(asChallenge(challenge)),
        )
      for (const { host, authorizationUrl } of challenges)
        await waitFor(authorizationUrl, `the CA's look at ${host}`, async () => {
          const authorization = await fetchAuthorization(client, url, authorizationUrl, call)
          if (authorization.status === 'pending') return null
          if (authorization.status !== 'valid') throw authorizationFailed(authorization)
          return true
        })
    },

    finalize: async (order, csr) => finalizeOrder(await opened(), order.url, csr, { call, waitFor, time }),
  }
}

/** The library only uses the URL. */
function asChallenge({ url }: Challenge): LibraryChallenge {
  return { type: 'dns-01', url, status: 'pending', token: '' }
}
