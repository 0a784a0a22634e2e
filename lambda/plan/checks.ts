/** Why a certificate is issued: an ordered list that reads as a list of reasons. The first one found is reported. */
import { covers } from '../domain/hosts.ts'
import { DAY_MS, toDay, toIso, toSpan } from '../domain/instant.ts'
import type {
  Certificate,
  CertificateDetail,
  EpochMs,
  Leaf,
  Lifetime,
  StoredCertificate,
} from '../domain/model.ts'
import { hostsHash, specificationHash } from '../domain/names.ts'
import type { Renewal } from '../domain/remembered.ts'
import { TAG, tagValue } from '../domain/tags.ts'
import { dueAt, isEarly, windowOf } from './window.ts'

export type ReasonCode =
  | 'missing'
  | 'hosts-changed'
  | 'key-type-changed'
  | 'profile-changed'
  | 'issuer-changed'
  | 'specification-changed'
  | 'replace-early'
  | 'renewal-due'
  | 'broke-before'
  | 'forced'
  | 'left-behind'
  | 'superseded'
  | 'rejected'
  | 'not-attached'
  | 'not-served'

export interface Reason {
  readonly code: ReasonCode
  /** For people: the values that led to it. */
  readonly detail: string
}

/** The certificate in use: one of ours, or a foreign one that is attached. */
export type Current =
  | { readonly origin: 'ours'; readonly stored: StoredCertificate; readonly detail: CertificateDetail | null }
  | { readonly origin: 'foreign'; readonly leaf: Leaf }

export interface Subject {
  readonly desired: Certificate
  readonly current: Current | null
  readonly now: EpochMs
  readonly intervalMs: number
  readonly forced: boolean
  /** Listeners that broke with the current certificate. */
  readonly brokeAt: readonly string[]
  /** What the CA said about the current certificate. */
  readonly renewal: Renewal | null
}

export type Check = (subject: Subject) => Reason | null

const missing: Check = ({ desired, current }) => {
  if (current === null) return { code: 'missing', detail: 'none is stored' }
  if (current.origin === 'foreign' && desired.takeOver === 'now')
    return { code: 'missing', detail: 'take_over is "now", and none of ours is stored' }
  return null
}

const hostsChanged: Check = ({ desired, current }) => {
  if (current?.origin === 'foreign' && !covers(current.leaf.hosts, desired.hosts)) {
    const lacking = desired.hosts.filter((host) => !covers(current.leaf.hosts, [host]))
    return { code: 'hosts-changed', detail: `the foreign certificate does not cover ${lacking.join(', ')}` }
  }
  const detail = differing(desired, current)
  // read from the leaf itself, so that lost tags do not look like other hosts
  if (!detail || hostsHash(detail.leaf.hosts) === hostsHash(desired.hosts)) return null
  return {
    code: 'hosts-changed',
    detail: `from ${detail.leaf.hosts.join(', ')} to ${desired.hosts.join(', ')}`,
  }
}

const keyTypeChanged: Check = ({ desired, current }) =>
  tagChanged('key-type-changed', TAG.keyType, desired.keyType, differing(desired, current))

const profileChanged: Check = ({ desired, current }) =>
  tagChanged('profile-changed', TAG.profile, tagValue(desired.profile ?? ''), differing(desired, current))

const issuerChanged: Check = ({ desired, current }) =>
  tagChanged('issuer-changed', TAG.directory, tagValue(desired.directoryUrl), differing(desired, current))

/** Tags can be edited or lost; the hash in the name cannot. */
const specificationChanged: Check = ({ desired, current }) =>
  current?.origin === 'ours' && current.stored.specificationHash !== specificationHash(desired)
    ? {
        code: 'specification-changed',
        detail: 'its name was made from other hosts, key type, profile or CA; its tags do not show which',
      }
    : null

/** It is revoked, or will be revoked. */
const replaceEarly: Check = ({ current, renewal, now }) => {
  if (current?.origin !== 'ours') return null
  const window = windowOf(current.stored, renewal)
  if (!isEarly(current.stored, window, now)) return null
  const page = renewal?.explanation ? `, see ${renewal.explanation}` : ''
  return { code: 'replace-early', detail: `the CA wanted it replaced by ${toIso(window.end)}${page}` }
}

const renewalDue: Check = ({ current, renewal, now, intervalMs }) => {
  if (!current) return null
  const lifetime = lifetimeOf(current)
  const due = dueAt(lifetime, windowOf(lifetime, renewal), now, intervalMs)
  if (!due) return null
  const foreign = current.origin === 'foreign' ? ` (foreign, by ${current.leaf.issuer})` : ''
  const left = lifetime.notAfter - now
  const end = left > 0 ? `ends in ${toSpan(left)}` : `ended ${toSpan(left)} ago`
  const slow =
    due === 'window-closes' ? '; runs are too far apart: its window closes before the next one' : ''
  return { code: 'renewal-due', detail: `${end}, on ${toDay(lifetime.notAfter)}${foreign}${slow}` }
}

/** Try again with another certificate: what broke the listener may have been this one, or may be fixed by now. */
const brokeBefore: Check = ({ current, brokeAt, now }) => {
  if (current?.origin !== 'ours' || brokeAt.length === 0) return null
  const age = now - current.stored.uploadedAt
  if (age < SUCCESSOR_AFTER_MS) return null
  return {
    code: 'broke-before',
    detail: `${brokeAt.join(', ')} broke with the newest certificate, which was uploaded ${toSpan(age)} ago`,
  }
}

const forced: Check = (subject) => (subject.forced ? { code: 'forced', detail: 'as asked' } : null)

/** A listener that breaks with every new certificate breaks at most once a day, and five times a week by the ledger. */
const SUCCESSOR_AFTER_MS = DAY_MS

/** The order is the contract. */
export const ISSUE_CHECKS: readonly Check[] = [
  missing,
  hostsChanged,
  keyTypeChanged,
  profileChanged,
  issuerChanged,
  specificationChanged,
  replaceEarly,
  renewalDue,
  brokeBefore,
  forced,
]

export function firstReason(subject: Subject): Reason | null {
  for (const check of ISSUE_CHECKS) {
    const reason = check(subject)
    if (reason) return reason
  }
  return null
}

export function lifetimeOf(current: Current): Lifetime {
  return current.origin === 'ours' ? current.stored : current.leaf
}

/** The detail of one of ours whose specification differs from what is desired; `null` when it is the same. */
function differing(desired: Certificate, current: Current | null): CertificateDetail | null {
  if (current?.origin !== 'ours') return null
  return current.stored.specificationHash === specificationHash(desired) ? null : current.detail
}

function tagChanged(
  code: ReasonCode,
  tag: string,
  desired: string,
  detail: CertificateDetail | null,
): Reason | null {
  const had = detail?.tags[tag]
  if (had === undefined || had === desired) return null
  return { code, detail: `from ${had || 'none'} to ${desired || 'none'}` }
}
