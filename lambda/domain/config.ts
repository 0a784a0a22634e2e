/** The configuration, read and checked: what a run works with. */
import type { CaLimits } from './ca-limits.ts'
import type { Certificate, HostedZone } from './model.ts'

export interface Config {
  readonly directoryUrl: string
  readonly contact: readonly string[]
  /** A path beside the file, or the PEM itself once it was packed; `null` for the usual roots. */
  readonly rootCertificates: string | null
  /** No client trusts what this CA issues. */
  readonly isStaging: boolean
  readonly externalAccount: ExternalAccountParameter | null
  readonly limits: CaLimits
  readonly zones: readonly HostedZone[]
  readonly certificates: readonly Certificate[]
}

/** Where to find what ties an account to one outside of ACME. */
export interface ExternalAccountParameter {
  readonly keyId: string
  /** SSM parameter that holds the secret. */
  readonly parameter: string
}
