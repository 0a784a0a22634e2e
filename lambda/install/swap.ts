/** One certificate on its way to one listener. */
import type { ReachableTarget, StoredCertificate } from '../domain/model.ts'

export interface Swap {
  readonly certId: string
  readonly stored: StoredCertificate
  /** The listener as it was before the swap. */
  readonly before: ReachableTarget
  /** As a client would ask for it. */
  readonly serverName: string
  /** ARN to put back should the listener break; `null` when it is not known any more. */
  readonly restore: string | null
  /** It did not work before the swap either: silence afterwards then means that it is still broken. */
  readonly wasBroken: boolean
}

/** A swap, and what came of it. */
export interface Verified {
  readonly swap: Swap
  /** Why `restore` has to be put back; `null` when the listener works. */
  readonly broken: string | null
}
