/** Orders that the CA did not fulfil are remembered: the next ones come later and later (`limits/backoff.ts`). */
import type { ErrorCode, RotationError } from '../errors.ts'
import type { Certificate } from '../model.ts'
import { specificationHash } from '../names.ts'
import type { Failure } from '../parallel.ts'
import type { Time } from '../ports.ts'
import type { Memory } from '../state/memory.ts'

const LONGEST_WHY = 1_000

/** Somebody must change something; until then, each order would end in the same way. */
const HOPELESS: readonly ErrorCode[] = ['acme/account-refused', 'acme/no-dns-challenge']

export async function noteTries(
  failed: readonly Failure[],
  desired: ReadonlyMap<string, Certificate>,
  memory: Memory,
  time: Time,
): Promise<void> {
  for (const { certId, error } of failed) {
    const certificate = desired.get(certId)
    if (!certificate || !isOfAnOrder(error)) continue
    const hash = specificationHash(certificate)
    const { tries } = memory.of(certId)
    const count = tries?.specificationHash === hash ? tries.count + 1 : 1
    const why = `${error.message} (${error.code})`.slice(0, LONGEST_WHY)
    await memory.note(certId, { tries: { count, last: time.now(), specificationHash: hash, why } })
  }
}

function isOfAnOrder({ code, retry, facts }: RotationError): boolean {
  // that the directory lacks a profile is seen without an order
  if (code === 'acme/profile-not-offered') return facts['status'] !== undefined
  return retry === 'backoff' || HOPELESS.includes(code)
}
