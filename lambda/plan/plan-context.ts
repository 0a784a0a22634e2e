/** What a plan is made from, beside what is desired and observed. */
import type { EpochMs, StoreQuota } from '../domain/model.ts'
import type { CertificateState } from '../domain/remembered.ts'

export interface PlanContext {
  readonly now: EpochMs
  /** Time to the next run. */
  readonly intervalMs: number
  /** Ids to issue even though nothing asks for it. */
  readonly force: ReadonlySet<string>
  /** Ids that this run has issued: it does not issue them again, whatever asks for it. */
  readonly issued: ReadonlySet<string>
  /** What is remembered, by certificate id. */
  readonly states: ReadonlyMap<string, CertificateState>
  /** Ids of the configuration; `null` when the run is about some of them only. */
  readonly entries: readonly string[] | null
  /** Ids that are remembered, and are no longer in the configuration. */
  readonly forgotten: readonly string[]
  readonly quota: StoreQuota | null
  /** ARNs that IAM has refused to delete in this run. */
  readonly inUse: ReadonlySet<string>
}
