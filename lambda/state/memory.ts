/**
 * What a run knows from earlier ones, and leaves for later ones. Reading never fails and writing never stops a run: an
 * item that cannot be read counts as absent, and one that cannot be written is reported at the end of the run.
 */

import { certIdOf, certificateItem, isLedgerItem } from '../domain/names.ts'
import {
  type CertificateState,
  type Item,
  type Ledger,
  NOTHING_KNOWN,
  NOTHING_SPENT,
} from '../domain/remembered.ts'
import { RotationError, rotationErrorOrThrow } from '../domain/rotation-error.ts'
import type { StateTable, Time } from '../ports.ts'
import { makeItem, readCertificate, readLedger } from './items.ts'

export interface Memory {
  /** Whether its last note is in the table. If not, nothing may be left behind that a later run would need to know. */
  isKept(certId: string): boolean
  /** By certificate id; a certificate of which nothing is known is not in it. */
  readonly certificates: ReadonlyMap<string, CertificateState>
  of(certId: string): CertificateState
  /** Change some fields, and write them at once. */
  note(certId: string, change: Partial<CertificateState>): Promise<void>
  forget(certId: string): Promise<void>
  /** What was spent of one of the CA's limits. */
  ledger(item: string): Ledger
  noteLedger(item: string, ledger: Ledger): Promise<void>
  /** Why items could not be read, one error an item. */
  readonly unread: readonly RotationError[]
  /** Why something could not be written: somebody has to look at the table. */
  readonly troubles: readonly RotationError[]
}

/** @param table `null` when there is none, or it could not be read: then nothing is written */
export function openMemory(
  items: readonly Item[],
  table: StateTable | null,
  deployment: string,
  time: Pick<Time, 'now'>,
): Memory {
  const certificates = new Map<string, CertificateState>()
  const ledgers = new Map<string, Ledger>()
  /** By item: certificates share a ledger, and their writes must keep their order. */
  const writes = new Map<string, Promise<unknown>>()
  const unread: RotationError[] = []
  const troubles: RotationError[] = []
  /** Written by a later version or for another deployment: not ours to overwrite. */
  const foreign = new Set<string>()
  const kept = new Set<string>()

  for (const item of items) {
    const certId = certIdOf(item.id)
    const read = certId === null ? readOther(item) : readCertificate(item, deployment)
    if (read instanceof RotationError) {
      unread.push(read)
      if (read.code !== 'state/item-unreadable') foreign.add(item.id)
    } else if (read && certId !== null && 'values' in read) certificates.set(certId, read)
    else if (read && 'fullAt' in read) ledgers.set(item.id, read)
  }

  function readOther(item: Item) {
    return isLedgerItem(item.id) ? readLedger(item, deployment) : null
  }

  async function attempt(id: string, write: (table: StateTable) => Promise<void>): Promise<boolean> {
    if (table === null || foreign.has(id)) return false
    try {
      await write(table)
      return true
    } catch (thrown) {
      const error = rotationErrorOrThrow(thrown)
      if (!troubles.some(({ message }) => message === error.message)) troubles.push(error)
      return false
    }
  }

  const of = (certId: string) => certificates.get(certId) ?? NOTHING_KNOWN
  return {
    isKept: (certId) => kept.has(certId),
    certificates,
    unread,
    troubles,
    of,
    async note(certId, change) {
      const next = { ...of(certId), ...change }
      certificates.set(certId, next)
      const id = certificateItem(certId)
      const item = makeItem(id, deployment, time.now(), next)
      if (await attempt(id, (there) => there.write(item))) kept.add(certId)
      else kept.delete(certId)
    },
    async forget(certId) {
      certificates.delete(certId)
      const id = certificateItem(certId)
      await attempt(id, (there) => there.remove(id, null))
    },
    ledger: (item) => ledgers.get(item) ?? NOTHING_SPENT,
    async noteLedger(item, ledger) {
      ledgers.set(item, ledger)
      const before = writes.get(item) ?? Promise.resolve()
      const write = before.then(() =>
        attempt(item, (there) =>
          there.write(makeItem(item, deployment, time.now(), ledgers.get(item) ?? ledger)),
        ),
      )
      writes.set(item, write)
      await write
    },
  }
}
