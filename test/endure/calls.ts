/** Every call that leaves the function, to AWS and to the CA, in one sequence: the points at which something can happen. */
import type { AwsAnswer, ServiceError } from '../sandbox/aws/service.ts'
import type { Sandbox } from '../sandbox/sandbox.ts'

/** One call of a run. The number is among those of its name, because waiting may change the sequence as a whole. */
export interface Point {
  /** As `iam:UploadServerCertificate`, or `acme:new-order`. */
  readonly name: string
  /** From 1. */
  readonly nth: number
}

export interface Seen extends Point {
  readonly isWrite: boolean
  /** Text that tells what the call is about: ARNs and hosts. */
  readonly about: string
}

export type Interference =
  | 'reset'
  | 'hang'
  | 'lost'
  | 'truncated'
  | { readonly afterwards: () => void }
  | { readonly refusal: Refusal }

/** An answer in the place of the real one; AWS's and the CA's differ. */
export interface Refusal {
  readonly aws: ServiceError | AwsAnswer
  readonly ca: {
    readonly status: number
    readonly text: string
    readonly headers?: Record<string, string>
  }
}

const ACME_WRITES = ['new-account', 'new-order', 'challenge', 'finalize']

/** @param meet asked at each call; `null` lets it through. `null` in its place ends the watch. */
export function watchCalls(
  { aws, ca }: Pick<Sandbox, 'aws' | 'ca'>,
  meet: ((call: Seen) => Interference | null) | null,
): void {
  const counts = new Map<string, number>()
  const see = (name: string, isWrite: boolean, about: string): Interference | null => {
    const nth = (counts.get(name) ?? 0) + 1
    counts.set(name, nth)
    return meet?.({ name, nth, isWrite, about }) ?? null
  }
  aws.intercept(({ action, resources, body }) => {
    const met = see(action, !/:(Get|List|Describe|Scan)/.test(action), `${resources.join(' ')} ${body}`)
    if (met === null || typeof met === 'string' || 'afterwards' in met) return met
    const { aws: answer } = met.refusal
    return answer instanceof Error ? answer : { answer }
  })
  ca.mishap = (kind, { hosts }) => {
    const met = see(`acme:${kind}`, ACME_WRITES.includes(kind), hosts.join(' '))
    if (met === null || typeof met === 'string' || 'afterwards' in met) return met
    return met.refusal.ca
  }
}

export function textOf({ name, nth }: Point): string {
  return `${name}, number ${nth}`
}
