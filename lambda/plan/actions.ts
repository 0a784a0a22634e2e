/** What a plan consists of. An action carries all that was decided: the stages only carry it out. */
import type { EpochMs, StoredCertificate, Target } from '../domain/model.ts'
import type { Reason } from './checks.ts'
import type { Predecessor } from './predecessor.ts'

interface ActionOf<K extends string> {
  readonly kind: K
  readonly certId: string
  readonly reason: Reason
}

/** What to do should the listener turn out to be broken after a swap. */
interface Fallback {
  /** ARN to put back; `null` when it is not known which certificate worked there before. */
  readonly restore: string | null
  /** It did not work before the swap either: silence afterwards then means that it is still broken. */
  readonly wasBroken: boolean
}

export type Action =
  /**
   * Remove what an earlier run left behind: challenge values; with `order`, the order in flight and its key; with
   * `forget`, everything that is remembered.
   */
  | (ActionOf<'clean-up'> & { readonly order: boolean; readonly forget: boolean })
  | (ActionOf<'delete'> & { readonly stored: StoredCertificate })
  | (ActionOf<'issue'> & {
      /** What is installed ends so soon that a full ledger does not hold the order back. */
      readonly isUrgent: boolean
      /** What the CA is told that the new certificate replaces. */
      readonly predecessor: Predecessor | null
      /** The first end among what is installed; `null` when nothing is, or it is not known. */
      readonly ends: EpochMs | null
    })
  /** `stored`: a stored certificate, or `null` for the one that this plan issues. */
  | (ActionOf<'attach'> & Fallback & { readonly target: Target; readonly stored: StoredCertificate | null })
  | (ActionOf<'verify'> & Fallback & { readonly target: Target; readonly stored: StoredCertificate })
  /** Put `restore` back where `stored` broke the listener in an earlier run. */
  | (ActionOf<'undo'> & {
      readonly target: Target
      readonly stored: StoredCertificate
      readonly restore: string
    })

export type ActionOfKind<K extends Action['kind']> = Extract<Action, { kind: K }>

export function ofKind<K extends Action['kind']>(actions: readonly Action[], kind: K): ActionOfKind<K>[] {
  return actions.filter((action): action is ActionOfKind<K> => action.kind === kind)
}
