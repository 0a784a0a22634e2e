/** What one run carries from pass to pass. It is the only writer of all of it. */

import type { CertificateResult, StoredCertificate, StoreQuota } from '../domain/model.ts'
import type { RotationError } from '../domain/rotation-error.ts'

export class RunState {
  readonly #force: Set<string>
  readonly #results = new Map<string, CertificateResult>()
  readonly #heldBack = new Map<string, RotationError>()
  readonly #justStored: StoredCertificate[] = []
  readonly #inUse = new Set<string>()
  #forgotten: readonly string[]
  #quota: StoreQuota | RotationError | null = null

  /**
   * @param force ids to issue even though nothing asks for it
   * @param forgotten ids that are remembered, and are no longer in the configuration
   */
  constructor(force: readonly string[], forgotten: readonly string[]) {
    this.#force = new Set(force)
    this.#forgotten = forgotten
  }

  /** Add what acting did. Whatever was acted on is no longer forced, and is not forgotten a second time in this run. */
  record(results: ReadonlyMap<string, CertificateResult>): void {
    for (const [certId, result] of results) {
      const before = this.#results.get(certId)
      this.#force.delete(certId)
      if (result.stored) this.#justStored.push(result.stored)
      this.#results.set(certId, {
        stored: result.stored ?? before?.stored ?? null,
        inPlace: new Map([...(before?.inPlace ?? []), ...result.inPlace]),
        errors: [...(before?.errors ?? []), ...result.errors],
      })
    }
    this.#forgotten = this.#forgotten.filter((id) => !results.has(id))
  }

  holdBack(certId: string, why: RotationError): void {
    this.#heldBack.set(certId, why)
  }

  /** IAM refused to delete them. */
  markInUse(arns: readonly string[]): void {
    for (const arn of arns) this.#inUse.add(arn)
  }

  /**
   * Ask once a run, so that a full store is known before the day on which room is needed. Should others fill it
   * meanwhile, the upload is refused, and the next run resumes from there.
   */
  async quotaBy(ask: () => Promise<StoreQuota | RotationError>): Promise<StoreQuota | RotationError> {
    this.#quota ??= await ask()
    return this.#quota
  }

  resultOf(certId: string): CertificateResult | undefined {
    return this.#results.get(certId)
  }

  whyHeldBack(certId: string): RotationError | undefined {
    return this.#heldBack.get(certId)
  }

  /** Why something could not be removed that belongs to no entry of `known`. */
  errorOutside(known: ReadonlySet<string>): RotationError | undefined {
    return [...this.#results].flatMap(([id, { errors }]) => (known.has(id) ? [] : errors))[0]
  }

  /** IAM may list them late. */
  get justStored(): readonly StoredCertificate[] {
    return this.#justStored
  }

  /** Ids that this run has issued. */
  get issued(): ReadonlySet<string> {
    return new Set([...this.#results].flatMap(([id, { stored }]) => (stored ? [id] : [])))
  }

  get force(): ReadonlySet<string> {
    return this.#force
  }

  get inUse(): ReadonlySet<string> {
    return this.#inUse
  }

  get forgotten(): readonly string[] {
    return this.#forgotten
  }

  /** `null` when it was not asked for. */
  get quota(): StoreQuota | RotationError | null {
    return this.#quota
  }
}
