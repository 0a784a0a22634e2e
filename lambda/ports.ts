/**
 * What the stages need from outside. Each port has one adapter in `adapters/`; the tests run those same adapters over
 * the wire against the sandbox. MUST and SHOULD bind every implementation. Failures are thrown as `RotationError`, and
 * never contain a secret.
 */
import type { KeyObject } from 'node:crypto'
import type { Emit } from './domain/events.ts'
import type {
  CertificateDetail,
  EpochMs,
  HostedZone,
  KeyType,
  Probe,
  RenewalWindow,
  StoredCertificate,
  StoreQuota,
  Target,
} from './domain/model.ts'
import type { Item, NotedValues } from './domain/remembered.ts'
import type { RotationError } from './domain/rotation-error.ts'

export interface Time {
  now(): EpochMs
  sleep(ms: number): Promise<void>
  /** Nothing waits beyond this instant; infinity when there is no limit. */
  readonly stopAt: EpochMs
}

/** How to reach a target, and what it has attached. */
export interface Endpoint {
  /** Resolves to every address of the target. */
  readonly dnsName: string
  readonly port: number
  readonly certificateArn: string
}

/** What one look at the service showed. */
export interface TargetView<T extends Target = Target> {
  /** @returns the endpoint, or the problem that keeps us from it, as a value */
  find(target: T): Endpoint | RotationError
  /** By certificate ARN: a listener that has it attached, configured or not. */
  readonly users: ReadonlyMap<string, string>
}

/** The targets of one kind. */
export interface TargetAdapter<T extends Target = Target> {
  /** Reads only. The number of calls SHOULD NOT grow with the number of targets. */
  look(targets: readonly T[]): Promise<TargetView<T>>
  /**
   * Point a target at a certificate; repeating it is harmless. MUST NOT change anything else of the target.
   * @throws RotationError attach/certificate-not-found when the service does not know the certificate (yet).
   */
  attach(target: T, certificateArn: string): Promise<void>
}

export interface CertificateUpload {
  readonly name: string
  /** Leaf only, PEM. */
  readonly certificate: string
  /** Intermediates in order, PEM; empty when the CA gave none. */
  readonly chain: string
  readonly privateKey: KeyObject
  readonly tags: Readonly<Record<string, string>>
}

export interface CertificateStore {
  /** Everything under the deployment's path whose name is one of ours. */
  list(): Promise<readonly StoredCertificate[]>
  /** @returns `null` when no server certificate has this ARN. */
  read(arn: string): Promise<CertificateDetail | null>
  quota(): Promise<StoreQuota>
  /** @returns the ARN. A repeated upload of the same name and certificate MUST give the ARN of the first. */
  upload(upload: CertificateUpload): Promise<string>
  tag(arn: string, tags: Readonly<Record<string, string>>): Promise<void>
  /**
   * Delete it. One that does not exist is success.
   * @returns `null` when it is gone; the store's message when it stays because something uses it
   */
  remove(arn: string): Promise<string | null>
}

/** A hosted zone, and the group of names in it that one change may hold (`domain/challenge-groups.ts`). */
export interface ChallengeZone extends HostedZone {
  readonly group: number
}

/** Where the value that proves a host is published. */
export interface ChallengeRecord {
  readonly zone: ChallengeZone
  readonly name: string
}

/** A value that one certificate needs at one record. */
export interface ChallengeValue extends ChallengeRecord {
  readonly certId: string
  /** As the CA computes it, unquoted. */
  readonly value: string
}

/** Values that were published, or may have been, and what is needed to wait for them and to remove them. */
export interface Publication {
  readonly written: readonly unknown[]
  readonly changes: readonly unknown[]
  /** By `recordKey`: why nothing could be published there. */
  readonly failed: ReadonlyMap<string, RotationError>
}

/** Values that could not be removed. */
export interface LeftOver {
  readonly names: readonly string[]
  readonly error: RotationError
  /** Trying again cannot help: access is denied, or the zone no longer exists. */
  readonly isOutOfReach: boolean
}

/** Awaited before each write: throws when this run may not write any more. */
export type MayWrite = () => Promise<void>

/** A way to prove to the CA that a host is ours (RFC 8555 §8). */
export interface HostProof {
  /** As the CA names it. */
  readonly challengeType: string
  /** Reads only. Fails before an order counts. @throws RotationError dns/zone-not-found, dns/zone-ambiguous */
  locate(host: string): Promise<ChallengeRecord>
  /** What `publish` would write, so that it can be noted first. */
  toNote(values: readonly ChallengeValue[]): readonly NotedValues[]
  /**
   * Publish all values; MUST return without waiting. Publishing them again is harmless. A record that cannot be
   * written fails alone. Never throws but for a bug.
   */
  publish(values: readonly ChallengeValue[], mayWrite?: MayWrite): Promise<Publication>
  /**
   * Wait until the values can be seen from everywhere.
   * @returns by `recordKey`: why they are not known to be visible; empty when all are
   */
  awaitVisible(publication: Publication): Promise<ReadonlyMap<string, RotationError>>
  /** Remove these values and nothing else. One that is gone is success. Never throws but for a bug. */
  cleanUp(publication: Publication, mayWrite?: MayWrite): Promise<readonly LeftOver[]>
  /** As `cleanUp`, for values that an earlier run noted. A name that certainly holds none of them is not left over. */
  cleanUpNoted(noted: readonly NotedValues[], mayWrite?: MayWrite): Promise<readonly LeftOver[]>
}

export interface OrderRequest {
  readonly hosts: readonly string[]
  readonly profile: string | null
}

export interface ReplacingRequest extends OrderRequest {
  /** ARI identifier of the certificate that the new one replaces; `null` for none. */
  readonly replaces: string | null
}

/** The CA's answer to one ARI request. */
export type RenewalAnswer =
  | {
      readonly window: RenewalWindow
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
  /** RFC 8555 §7.1.6, without `invalid`. */
  readonly status: 'pending' | 'ready' | 'processing' | 'valid'
  /** Those still to be met; empty when every authorization is valid already. */
  readonly challenges: readonly Challenge[]
}

/** The CA's answer to a new order. */
export interface PlacedOrder {
  readonly url: string
  /** The CA accepted it as the replacement it claimed to be. */
  readonly isReplacement: boolean
  /** The CA's message when it refused that claim; `null` when nothing was refused. */
  readonly refusal: string | null
}

export interface CertificateAuthority {
  /**
   * Ask once when the CA wants a certificate replaced (RFC 9773 §4). Reads only, and needs no account.
   * @param id ARI identifier
   * @returns `null` when the CA does not offer ARI
   * @throws RotationError acme/unreachable and the like, when its directory cannot be read
   */
  renewalInfo(id: string): Promise<RenewalAnswer | null>
  /**
   * Make sure that the CA can be reached, knows this account, and offers the profile. Writes nothing at the CA when
   * the profile is missing.
   * @returns the account's URL
   * @throws RotationError acme/profile-not-offered, acme/unreachable, acme/account-refused, account/external-missing
   */
  ready(profile: string | null): Promise<{ readonly account: string }>
  /** Place a new order, and nothing else. If it is refused because of `replaces`, it is placed once more without. */
  order(request: ReplacingRequest): Promise<PlacedOrder>
  /** @returns an order of this run or an earlier one, or why it cannot be used: gone, invalid, for other hosts */
  find(url: string, request: OrderRequest): Promise<Order | { readonly useless: RotationError }>
  /** Tell the CA to validate, and wait until it has seen every value. @throws acme/authorization-failed */
  answer(order: Order): Promise<void>
  /** @param csr PKCS#10, PEM @returns the chain, leaf first, PEM */
  finalize(order: Order, csr: string): Promise<string>
}

export interface AccountRecord {
  /** PKCS#8, PEM. */
  readonly key: string
  readonly url: string
}

/** What a CA handed out to bind an account to an existing customer (RFC 8555 §7.3.4). */
export interface ExternalAccount {
  readonly keyId: string
  /** base64url; a secret. */
  readonly hmacKey: string
}

export interface AccountStore {
  /** @returns `null` when there is none. @throws RotationError account/unreadable */
  load(): Promise<AccountRecord | null>
  /** MUST NOT overwrite. @returns what is stored then: `record`, or what another run had stored before. */
  save(record: AccountRecord): Promise<AccountRecord>
}

/** Private keys of orders in flight. No error and no log contains any part of a key. */
export interface KeyStore {
  /** @returns `null` when there is none of this name. @throws RotationError key/unreadable */
  load(name: string): Promise<KeyObject | null>
  /** MUST NOT overwrite. @returns the key that is stored then. @throws RotationError key/unreadable */
  save(name: string, key: KeyObject): Promise<KeyObject>
  /** One that does not exist is success. */
  remove(name: string): Promise<void>
}

/** The table of a deployment. Every method @throws RotationError state/absent when it does not exist. */
export interface StateTable {
  read(): Promise<readonly Item[]>
  write(item: Item): Promise<void>
  /** Write `item` if the table holds exactly `expected` (`null`: nothing). MUST be atomic. @returns whether it did */
  replace(item: Item, expected: Item | null): Promise<boolean>
  /** @param expected anything else is left alone; `null` removes whatever is there. Nothing there is success. */
  remove(id: string, expected: Item | null): Promise<void>
}

/** See what every address of an endpoint serves. MUST NOT throw; MUST answer within its time-out. */
export type ProbeListener = (request: {
  readonly dnsName: string
  readonly port: number
  readonly serverName: string
}) => Promise<Probe>

/** Chance is an argument, like time: the caller knows every key that is made. */
export type MakeKey = (keyType: KeyType) => Promise<KeyObject>

/** Everything a run works with. */
export interface Ports {
  readonly time: Time
  readonly emit: Emit
  /** By kind of target. */
  readonly targets: Readonly<Record<string, TargetAdapter>>
  readonly store: CertificateStore
  readonly proof: HostProof
  readonly authority: CertificateAuthority
  readonly keys: KeyStore
  readonly state: StateTable
  readonly probe: ProbeListener
  readonly makeKey: MakeKey
}
