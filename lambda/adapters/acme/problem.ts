/** The CA's errors, by our codes. The CA's own message is always part of ours. */
import type { ErrorCode } from '../../domain/errors.ts'
import { toIso, toSpan } from '../../domain/instant.ts'
import type { EpochMs } from '../../domain/model.ts'
import { asRotationError, RotationError } from '../../domain/rotation-error.ts'
import { AcmeProblem, AcmeSilence } from './transport.ts'

const BY_TYPE: Readonly<Record<string, ErrorCode>> = {
  rateLimited: 'acme/rate-limited',
  accountDoesNotExist: 'acme/account-refused',
  externalAccountRequired: 'acme/account-refused',
  invalidContact: 'acme/account-refused',
  unsupportedContact: 'acme/account-refused',
  userActionRequired: 'acme/account-refused',
  invalidProfile: 'acme/profile-not-offered',
}

/** @param doing what was asked, as in `a new order for example.com` */
export function explain(thrown: unknown, doing: string, now: EpochMs): RotationError {
  if (thrown instanceof AcmeProblem) return explainProblem(thrown, doing, now)
  if (thrown instanceof AcmeSilence) {
    const code = UNTRUSTED.test(thrown.code) ? 'acme/tls-untrusted' : 'acme/unreachable'
    const what = `the CA gave no answer to ${doing}: ${thrown.message} (${thrown.code})`
    return new RotationError(code, what, {}, { cause: thrown })
  }
  if (thrown instanceof RotationError) return thrown
  if (!(thrown instanceof Error)) return asRotationError(thrown)
  // the library's own errors about answers that are not ACME
  const what = `the CA's answer to ${doing} is not valid ACME: ${thrown.message}`
  return new RotationError('acme/unexpected-answer', what, {}, { cause: thrown })
}

const UNTRUSTED = /CERT|SELF_SIGNED|UNABLE_TO_(VERIFY|GET)|ALTNAME/

/** Let's Encrypt only: a rate limit that no waiting ends, but a visit to the page that it names. */
function isPause({ type, retryAfterMs, message }: AcmeProblem): boolean {
  return type === 'rateLimited' && retryAfterMs === null && /paused|temporarily prevented/i.test(message)
}

function explainProblem(problem: AcmeProblem, doing: string, now: EpochMs): RotationError {
  const details = [problem.message, ...problem.subproblems].join('; ')
  const { status, type, url, retryAfterMs } = problem
  const wait =
    retryAfterMs === null ? '' : `; not before ${toIso(now + retryAfterMs)} (in ${toSpan(retryAfterMs)})`
  return new RotationError(
    isPause(problem) ? 'acme/account-paused' : (BY_TYPE[type] ?? 'acme/refused'),
    `the CA refused ${doing}: ${details} (${type}, HTTP ${status})${wait}`,
    {
      type,
      status,
      url,
      ...(problem.subproblems.length > 0 ? { subproblems: problem.subproblems } : {}),
      ...(retryAfterMs === null ? {} : { retryAfter: toIso(now + retryAfterMs), retryAfterMs }),
    },
    { cause: problem, refusal: { status, type, url, retryAfterMs } },
  )
}
