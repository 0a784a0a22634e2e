/** Which of our certificates is the current one. Pure. */
import type { Certificate, Observed, StoredCertificate } from '../domain/model.ts'
import { idHash, specificationHash } from '../domain/names.ts'

/** The newest stored one that has the wanted specification, else the newest of this id. */
export function newestOfOurs(desired: Certificate, observed: Observed): StoredCertificate | null {
  const id = idHash(desired.id)
  const ours = observed.stored.filter((stored) => stored.idHash === id).sort(newestFirst)
  const wanted = specificationHash(desired)
  return ours.find(({ specificationHash }) => specificationHash === wanted) ?? ours[0] ?? null
}

/** No certificate of the same id is newer, whatever its specification. */
export function isNewest(stored: StoredCertificate, observed: Observed): boolean {
  const [newest] = observed.stored.filter(({ idHash }) => idHash === stored.idHash).sort(newestFirst)
  return newest?.arn === stored.arn
}

/** Certificates of the same minute are ordered by upload, and then by name, so that the order is total. */
export function newestFirst(a: StoredCertificate, b: StoredCertificate): number {
  return b.notBefore - a.notBefore || b.uploadedAt - a.uploadedAt || (a.name < b.name ? -1 : 1)
}
