/** The configuration, read and checked: what a run works with. */
import type { CaLimits } from './ca-limits.ts'
import type { Certificate, HostedZone } from './model.ts'

export interface Config {
  readonly directoryUrl: string
  readonly contact: readonly string[]
  /** A path beside the file, or the PEM itself once it was packed; `null` for the usual roots. */
  readonly rootCertificates: string | null
  /** Clients do not trust what this CA issues. */
  readonly isStaging: boolean
  readonly externalAccount: ExternalAccountParameter | null
  readonly limits: CaLimits
  readonly zones: readonly HostedZone[]
  readonly certificates: readonly Certificate[]
}

/** Where the secret is that binds an account to an existing customer of the CA. */
export interface ExternalAccountParameter {
  readonly keyId: string
  /** SSM parameter that holds the secret. */
  readonly parameter: string
}
