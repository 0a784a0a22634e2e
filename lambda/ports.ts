/**
 * What the stages need of the world. Each port has one adapter in `adapters/`, and the tests run those very
 * adapters against a fake world over the wire. MUST and SHOULD are contracts of every implementation:
 * failures are thrown as `RotationError`, and no secret is in them.
 */
import type { KeyObject } from 'node:crypto'
import type { RotationError } from './errors.ts'
import type {
  CertificateDetail,
  EpochMs,
  KeyType,
  Probe,
  StoredCertificate,
  StoreQuota,
  Target,
} from './model.ts'
import type { Window } from './plan/window.ts'
import type { RotationEvent } from './report/events.ts'
import type { Item } from './state/items.ts'

export interface Time {
  now(): EpochMs
  sleep(ms: number): Promise<void>
  /** Nothing is waited for beyond it; infinity where nobody counts the time. */
  readonly stopAt: EpochMs
}

export type Emit = (event: RotationEvent) => void

export interface Listener {
  readonly port: number
  /** As the service says it: HTTPS, SSL, HTTP, TCP. */
  readonly protocol: string
  /** `null` when the listener has none. */
  readonly certificateArn: string | null
}

export interface LoadBalancer {
  readonly name: string
  readonly dnsName: string
  readonly listeners: readonly Listener[]
}

export interface LoadBalancers {
  /** Every classic load balancer of the region. */
  list(): Promise<readonly LoadBalancer[]>
  /**
   * Point a listener at a certificate; repeating it is harmless. MUST NOT change anything else of the listener.
   * @throws RotationError attach/certificate-not-found when the service does not know the certificate (yet).
   */
  attach(target: Target, certificateArn: string): Promise<void>
}

export interface CertificateUpload {
  readonly name: string
  /** Leaf only, PEM. */
  readonly certificate: string
  /** Intermediates in order, PEM; empty when the CA gave none. */
  readonly chain: string
  readonly privateKey: string
  readonly tags: Readonly<Record<string, string>>
}

export interface CertificateStore {
  /** Everything under the deployment's path; what has a name that is not ours is left out. */
  list(): Promise<readonly StoredCertificate[]>
  /** @returns `null` when no server certificate has this ARN. */
  read(arn: string): Promise<CertificateDetail | null>
  quota(): Promise<StoreQuota>
  /** @returns the ARN. A repeated upload of the same name and certificate MUST give the ARN of the first. */
  upload(upload: CertificateUpload): Promise<string>
  tag(arn: string, tags: Readonly<Record<string, string>>): Promise<void>
  /** One that is gone already is success. @returns why it stays: IAM's words when something uses it; `null` when gone */
  remove(arn: string): Promise<string | null>
}

export interface HostedZone {
  readonly id: string
  /** Lower case, no trailing dot. */
  readonly name: string
}

export interface ListedZone extends HostedZone {
  readonly isPrivate: boolean
}

export interface TxtRecordSet {
  /** Lower case, no trailing dot. */
  readonly name: string
  readonly ttlSeconds: number
  /** As Route53 writes them, quotes and escapes included: what others wrote stays byte for byte. */
  readonly values: readonly string[]
}

/** What lies at a name: its plain TXT set, and what keeps us from writing one. */
export interface NameFacts {
  readonly txt: TxtRecordSet | null
  /** For example `a CNAME record`; `null` when nothing is in the way. */
  readonly obstacle: string | null
}

export interface Zones {
  /** Every hosted zone of the account. */
  list(): Promise<readonly ListedZone[]>
  read(zone: HostedZone, name: string): Promise<NameFacts>
  /**
   * All of it or nothing: DELETE the exact sets, CREATE the others.
   * @returns the change's id, or `refused` with Route53's words when the zone is not as `remove` says
   *   (or `create` is there already): an answer, not an error.
   */
  change(
    zone: HostedZone,
    remove: readonly TxtRecordSet[],
    create: readonly TxtRecordSet[],
  ): Promise<{ readonly changeId: string } | { readonly refused: string }>
  /** @returns whether all of Route53's servers have it. */
  isInSync(changeId: string): Promise<boolean>
}

export interface OrderRequest {
  readonly hosts: readonly string[]
  readonly profile: string | null
}

export interface ReplacingRequest extends OrderRequest {
  /** Name in ARI of the certificate that the new one replaces; `null` for none. */
  readonly replaces: string | null
}

/** The answer of the CA to one question of ARI. */
export type RenewalAnswer =
  | {
      readonly window: Window
      /** A page that says why. */
      readonly explanation: string | null
      /** `null` when the CA did not say. */
      readonly retryAfterMs: number | null
    }
  /** `isPassing`: a time-out or a 5xx, which is worth asking again soon. */
  | { readonly failure: string; readonly isPassing: boolean; readonly retryAfterMs: number | null }

/** One challenge that is still to be met. */
export interface Challenge {
  readonly host: string
  readonly value: string
  readonly url: string
  readonly authorizationUrl: string
}

export interface Order {
  readonly url: string
  /** RFC 8555 §7.1.6, less `invalid`. */
  readonly status: 'pending' | 'ready' | 'processing' | 'valid'
  /** Those still to be met; empty when every authorization is valid already. */
  readonly challenges: readonly Challenge[]
}

/** What a new order came to, before anything else is known of it. */
export interface PlacedOrder {
  readonly url: string
  /** The CA took it as the replacement that it was said to be. */
  readonly isReplacement: boolean
  /** Why it did not, in its words; `null` when nothing was refused. */
  readonly refusal: string | null
}

export interface CertificateAuthority {
  /**
   * Ask once when the CA wants a certificate replaced (RFC 9773 §4). A read: it needs no account.
   * @param id name in ARI
   * @returns `null` when the CA does not say such things
   * @throws RotationError acme/unreachable and the like, when its directory cannot be read
   */
  renewalInfo(id: string): Promise<RenewalAnswer | null>
  /**
   * Make sure the CA is there, knows this account, and offers the profile. Writes nothing at the CA when the
   * profile is missing.
   * @returns the account's URL
   * @throws RotationError acme/profile-not-offered, acme/unreachable, acme/account-refused, account/external-missing
   */
  ready(profile: string | null): Promise<{ readonly account: string }>
  /** Place a new order and do nothing else. One that is refused for the predecessor it names is placed once without. */
  order(request: ReplacingRequest): Promise<PlacedOrder>
  /** @returns an order of this run or an earlier one, or why it is of no use: gone, invalid, for other hosts */
  find(url: string, request: OrderRequest): Promise<Order | { readonly useless: RotationError }>
  /** Tell the CA to look, and wait until it has seen every value. @throws acme/authorization-failed */
  answer(order: Order): Promise<void>
  /** @param csr PKCS#10, PEM @returns the chain, leaf first, PEM */
  finalize(order: Order, csr: string): Promise<string>
}

export interface AccountRecord {
  /** PKCS#8, PEM. */
  readonly key: string
  readonly url: string
}

/** What a CA gave out of band to tie an account to (RFC 8555 §7.3.4). */
export interface ExternalAccount {
  readonly keyId: string
  /** base64url; a secret. */
  readonly hmacKey: string
}

export interface AccountStore {
  /** @returns `null` when there is none. @throws RotationError account/unreadable */
  load(): Promise<AccountRecord | null>
  /** MUST NOT overwrite. @returns what is stored then: `record`, or what another run had put before. */
  save(record: AccountRecord): Promise<AccountRecord>
}

/** Private keys of orders in flight. No error and no log holds anything of a key. */
export interface KeyStore {
  /** @returns `null` when there is none of this name. @throws RotationError key/unreadable */
  load(name: string): Promise<KeyObject | null>
  /** MUST NOT overwrite. @returns the key that is stored then. @throws RotationError key/unreadable */
  save(name: string, key: KeyObject): Promise<KeyObject>
  /** One that is gone already is success. */
  remove(name: string): Promise<void>
}

/** The table of a deployment. @throws RotationError state/absent, by every method, when there is none */
export interface StateTable {
  read(): Promise<readonly Item[]>
  write(item: Item): Promise<void>
  /** Put `item` where exactly `expected` is (`null`: nothing). MUST be atomic. @returns whether it was so */
  replace(item: Item, expected: Item | null): Promise<boolean>
  /** @param expected anything else is left alone; `null` for whatever is there. Nothing there is success. */
  remove(id: string, expected: Item | null): Promise<void>
}

/** Look at what every address of a load balancer serves. MUST NOT throw; MUST answer within its time-out. */
export type ProbeListener = (request: {
  readonly dnsName: string
  readonly port: number
  readonly serverName: string
}) => Promise<Probe>

/** Chance is an argument like time: whoever calls knows every key that is made. */
export type MakeKey = (keyType: KeyType) => Promise<KeyObject>

/** Everything a run works with. */
export interface Ports {
  readonly time: Time
  readonly emit: Emit
  readonly loadBalancers: LoadBalancers
  readonly store: CertificateStore
  readonly zones: Zones
  readonly authority: CertificateAuthority
  readonly keys: KeyStore
  readonly state: StateTable
  readonly probe: ProbeListener
  readonly makeKey: MakeKey
}
