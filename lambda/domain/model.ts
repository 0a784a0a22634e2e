/**
 * The words of the product as types. Data only: what is desired (from the configuration), what is observed
 * (from AWS and the network), and what came of a run.
 */
import type { RotationError } from './rotation-error.ts'

/** Milliseconds since 1970 in UTC. */
export type EpochMs = number

export const KEY_TYPES = ['rsa', 'rsa-3072', 'rsa-4096', 'ecdsa', 'ecdsa-p384'] as const
export type KeyType = (typeof KEY_TYPES)[number]

/** Where a certificate is installed. What only its kind knows is in the row of `domain/targets.ts`. */
export interface Target {
  readonly kind: string
  /** Unique in a configuration; what messages, events and the table call it. */
  readonly key: string
  /** `null` for the region of the deployment. */
  readonly region: string | null
}

/** One certificate to keep fresh: one entry of the configuration. */
export interface Certificate {
  /** The entry's name, unique in the configuration. */
  readonly id: string
  /** Lower case, IDNs converted, no trailing dot, no duplicates; in the order written. */
  readonly hosts: readonly string[]
  readonly keyType: KeyType
  /** ACME profile, or `null` to let the CA choose. */
  readonly profile: string | null
  readonly directoryUrl: string
  /** Clients do not trust what the CA issues. */
  readonly isStaging: boolean
  readonly takeOver: 'when_due' | 'now'
  /** A certificate that clients trust may be replaced by one that they do not trust. */
  readonly allowStaging: boolean
  readonly targets: readonly Target[]
}

/** What a leaf certificate says about itself. */
export interface Leaf {
  /** Lower-case hex, whole bytes, as Node's X509Certificate gives it. */
  readonly serial: string
  readonly hosts: readonly string[]
  readonly notBefore: EpochMs
  readonly notAfter: EpochMs
  readonly issuer: string
}

export type Lifetime = Pick<Leaf, 'serial' | 'notBefore' | 'notAfter'>

/** Part of a certificate's life in which it is to be renewed. */
export interface RenewalWindow {
  readonly start: EpochMs
  readonly end: EpochMs
}

export interface HostedZone {
  readonly id: string
  /** Lower case, no trailing dot. */
  readonly name: string
}

/** A server certificate of ours, as its name and IAM's list describe it, without a call of its own. */
export interface StoredCertificate {
  readonly arn: string
  readonly name: string
  readonly idHash: string
  readonly specificationHash: string
  readonly serial: string
  /** To the minute: it comes from the name. */
  readonly notBefore: EpochMs
  readonly notAfter: EpochMs
  readonly uploadedAt: EpochMs
}

/** What only GetServerCertificate returns. */
export interface CertificateDetail {
  readonly leaf: Leaf
  /** The same as PEM. */
  readonly pem: string
  readonly tags: Readonly<Record<string, string>>
}

/** What a listener has attached, as far as it could be read. */
export type Attached =
  | { readonly origin: 'ours'; readonly arn: string; readonly stored: StoredCertificate }
  | {
      readonly origin: 'foreign'
      readonly arn: string
      readonly leaf: Leaf
      /** AWS refused to show it, so that it is known by what is served; `null` when nothing was refused. */
      readonly refusal: RotationError | null
    }
  | { readonly origin: 'unreadable'; readonly arn: string; readonly why: RotationError }

/** How one address answered a TLS handshake. */
export type Answer =
  | { readonly address: string; readonly leaf: Leaf }
  | { readonly address: string; readonly failure: string }

/** All addresses of one listener; never empty: a name that does not resolve is one failed answer. */
export type Probe = readonly Answer[]

/** One target as observed: what is there, or the problem that keeps us from it. */
export type TargetFacts =
  | { readonly target: Target; readonly problem: RotationError }
  | {
      readonly target: Target
      readonly problem: null
      readonly endpoint: { readonly dnsName: string; readonly port: number }
      readonly attached: Attached
      readonly probe: Probe
    }
export type ReachableTarget = Extract<TargetFacts, { problem: null }>

export interface Observed {
  /** One for each target of each certificate looked at, by the key of the target. */
  readonly targets: ReadonlyMap<string, TargetFacts>
  /** Everything under the deployment's path. */
  readonly stored: readonly StoredCertificate[]
  /** By ARN; only for those of ours whose specification differs, or that some target does not have or serve. */
  readonly details: ReadonlyMap<string, CertificateDetail>
  /** By ARN: why one of those could not be read. */
  readonly unread: ReadonlyMap<string, RotationError>
  /** By ARN: a listener that has it attached, among all listeners of the kinds of target in use. */
  readonly users: ReadonlyMap<string, string>
}

/** Server certificates of the whole account, in all regions. */
export interface StoreQuota {
  readonly used: number
  readonly limit: number
}

/** What acting did for one certificate. */
export interface CertificateResult {
  /** What was issued and stored. */
  readonly stored: StoredCertificate | null
  /** By the key of each target acted on: the end of what was put there, or `null` when it is not in place. */
  readonly inPlace: ReadonlyMap<string, EpochMs | null>
  readonly errors: readonly RotationError[]
}

export type OutcomeState =
  | 'settled'
  | 'renewed'
  | 'attached'
  | 'held-back'
  | 'postponed'
  | 'rejected'
  | 'failed'

/** How one certificate ended the run. */
export interface Outcome {
  readonly certId: string
  readonly state: OutcomeState
  /** One line for people. */
  readonly detail: string
  readonly errors: readonly RotationError[]
  /** When what is installed now ends; `null` when it is not known. */
  readonly notAfter: EpochMs | null
  /** The due time of something installed has passed by a tenth of its lifetime. */
  readonly isOverdue: boolean
}

/** `rejected` and `failed` make every run fail until they are fixed. */
export function isFailure(outcome: Outcome): boolean {
  return outcome.state === 'failed' || outcome.state === 'rejected'
}
