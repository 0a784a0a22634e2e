/**
 * The tags of a stored certificate: the parts of its specification, and where it was rejected. Pure.
 * @see botocore, iam/2010-05-08: tagValueType
 */
import type { Certificate, Target } from './model.ts'
import { hostsHash, shortHash } from './names.ts'

export const TAG = {
  deployment: 'elb-cert-rotator:deployment',
  id: 'elb-cert-rotator:id',
  hostsHash: 'elb-cert-rotator:hosts-hash',
  keyType: 'elb-cert-rotator:key-type',
  profile: 'elb-cert-rotator:profile',
  directory: 'elb-cert-rotator:directory',
  staging: 'elb-cert-rotator:staging',
  rejected: 'elb-cert-rotator:rejected',
} as const

/** @returns tags to upload a certificate with. Values are cut to what IAM allows (256 characters of its set). */
export function storedTags(deployment: string, certificate: Certificate): Record<string, string> {
  return {
    [TAG.deployment]: tagValue(deployment),
    [TAG.id]: tagValue(certificate.id),
    [TAG.hostsHash]: hostsHash(certificate.hosts),
    [TAG.keyType]: certificate.keyType,
    [TAG.profile]: tagValue(certificate.profile ?? ''),
    [TAG.directory]: tagValue(certificate.directoryUrl),
    ...(certificate.isStaging ? { [TAG.staging]: 'true' } : {}),
  }
}

/** IAM's tag values allow letters, digits, spaces and `_ . : / = + - @`; the rest becomes `_`. */
export function tagValue(text: string): string {
  return text.replace(/[^\p{L}\p{Z}\p{N}_.:/=+\-@]/gu, '_').slice(0, 256)
}

/**
 * The `rejected` tag lists listeners by a short hash, because 256 characters hold few names: 28 hashes of 8.
 * The oldest are dropped beyond that.
 */
export function withRejected(tag: string | undefined, target: Target): string {
  const known = (tag ?? '').split(' ').filter((one) => one !== '')
  const added = rejectedHash(target)
  return [...known.filter((one) => one !== added), added].slice(-28).join(' ')
}

export function isRejectedAt(tag: string | undefined, target: Target): boolean {
  return (tag ?? '').split(' ').includes(rejectedHash(target))
}

function rejectedHash(target: Target): string {
  return shortHash(target.key, 8)
}
