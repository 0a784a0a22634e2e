/** What the dns-01 proof needs of a DNS service. Route53 is the one there is. */
import type { HostedZone } from '../../domain/model.ts'

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

/** What is at a name: its plain TXT set, and what keeps us from writing one. */
export interface NameFacts {
  readonly txt: TxtRecordSet | null
  /** For example `a CNAME record`; `null` when nothing is in the way. */
  readonly obstacle: string | null
}

export interface HostedZones {
  /** Every hosted zone of the account. */
  list(): Promise<readonly ListedZone[]>
  read(zone: HostedZone, name: string): Promise<NameFacts>
  /**
   * All of it or nothing: DELETE the exact sets, CREATE the others.
   * @returns the change's id, or `refused` with Route53's message when the zone is not as `remove` says
   *   (or already has one of `create`): an answer, not an error.
   */
  change(
    zone: HostedZone,
    remove: readonly TxtRecordSet[],
    create: readonly TxtRecordSet[],
  ): Promise<{ readonly changeId: string } | { readonly refused: string }>
  /** @returns whether all of Route53's servers have it. */
  isInSync(changeId: string): Promise<boolean>
}
