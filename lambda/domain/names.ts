/**
 * Every name that is written to AWS is built here, so that ownership and clean-up can rely on it.
 * @see botocore, iam/2010-05-08: serverCertificateNameType, pathType
 */
import { hash } from 'node:crypto'
import { fromMinuteStamp, toMinuteStamp } from './instant.ts'
import type { Certificate, EpochMs, Leaf } from './model.ts'

/** Everything under this prefix is ours; everything else is foreign. */
const ROOT = 'elb-cert-rotator'

/** Valid names of a deployment: they become part of IAM paths, ARNs and SSM names. */
export const DEPLOYMENT_NAME = {
  pattern: /^[A-Za-z0-9_-]{1,128}$/,
  means: 'letters, digits, hyphens and underscores, at most 128',
}

/** Where a name of AWS is valid; each part may be a CDK token. */
export interface AwsScope {
  readonly partition: string
  readonly region: string
  readonly account: string
}

export function classicLoadBalancerArn({ partition, region, account }: AwsScope, name: string): string {
  return `arn:${partition}:elasticloadbalancing:${region}:${account}:loadbalancer/${name}`
}

export function storePath(region: string, deployment: string): string {
  return `/${ROOT}/${region}/${deployment}/`
}

/** SSM parameter that holds the account key and URL of one CA. */
export function accountParameter(deployment: string, directoryUrl: string): string {
  return `/${ROOT}/${deployment}/account/${shortHash(directoryUrl, 16)}`
}

/**
 * SSM parameter that holds the private key of one order until its certificate is stored. Unique to the order: SSM asks
 * for 30 s between deleting a parameter and creating one of the same name.
 */
export function keyParameter(deployment: string, certificate: Certificate, orderUrl: string): string {
  // CAs may give the same order to two entries for the same hosts, and the same order twice
  const whose = JSON.stringify([certificate.id, specificationHash(certificate), orderUrl])
  return `${keyParameterPath(deployment)}${shortHash(whose, 32)}`
}

export function keyParameterPath(deployment: string): string {
  return `/${ROOT}/${deployment}/key/`
}

/** The DynamoDB table that holds what a deployment remembers. At most 145 of 255 characters. */
export function stateTable(deployment: string): string {
  return `${ROOT}-${deployment}`
}

/** Items of that table. */
export const LEASE_ITEM = 'lease'
const CERTIFICATE_ITEM = 'cert#'

export function certificateItem(certId: string): string {
  return `${CERTIFICATE_ITEM}${certId}`
}

/** @returns `null` for an item of another kind */
export function certIdOf(item: string): string | null {
  return item.startsWith(CERTIFICATE_ITEM) ? item.slice(CERTIFICATE_ITEM.length) : null
}

const LEDGER_ITEM = 'ledger#'

export function isLedgerItem(item: string): boolean {
  return item.startsWith(LEDGER_ITEM)
}

/** What one CA issued for one set of hosts, whatever the key type and profile: CAs count duplicates like this. */
export function hostsLedger(directoryUrl: string, hosts: readonly string[]): string {
  return `${LEDGER_ITEM}hosts#${shortHash(JSON.stringify([directoryUrl, sorted(hosts)]), 32)}`
}

/** What one CA issued below one registered domain. */
export function domainLedger(directoryUrl: string, domain: string): string {
  return `${LEDGER_ITEM}domain#${shortHash(directoryUrl, 16)}#${domain}`
}

/** Orders with one CA. */
export function ordersLedger(directoryUrl: string): string {
  return `${LEDGER_ITEM}orders#${shortHash(directoryUrl, 16)}`
}

export function idHash(certId: string): string {
  return shortHash(certId, 10)
}

export function hostsHash(hosts: readonly string[]): string {
  return shortHash(sorted(hosts).join(','), 10)
}

/** What makes a certificate the wanted one: its hosts (in any order), key type, profile and CA. */
export function specificationHash(
  of: Pick<Certificate, 'hosts' | 'keyType' | 'profile' | 'directoryUrl'>,
): string {
  return shortHash(JSON.stringify([sorted(of.hosts), of.keyType, of.profile, of.directoryUrl]), 10)
}

/** At most 116 of IAM's 128 characters: 40 + 10 + 10 + 12 + 40 and four hyphens. Unique by its serial. */
export function storedName(certificate: Certificate, leaf: Pick<Leaf, 'notBefore' | 'serial'>): string {
  return [
    slug(certificate.id),
    idHash(certificate.id),
    specificationHash(certificate),
    toMinuteStamp(leaf.notBefore),
    leaf.serial.slice(0, 40),
  ].join('-')
}

export interface StoredNameParts {
  readonly idHash: string
  readonly specificationHash: string
  readonly notBefore: EpochMs
  readonly serial: string
}

/** @returns `null` for a name that was not built by `storedName`. */
export function parseStoredName(name: string): StoredNameParts | null {
  const parts = /^(?:[a-z0-9._-]{1,40})-([0-9a-f]{10})-([0-9a-f]{10})-(\d{12})-([0-9a-f]{1,40})$/.exec(name)
  if (!parts) return null
  const [, id = '', specification = '', stamp = '', serial = ''] = parts
  const notBefore = fromMinuteStamp(stamp)
  return notBefore === null ? null : { idHash: id, specificationHash: specification, notBefore, serial }
}

/** `_acme-challenge.example.com` for `example.com` and `*.example.com` alike (RFC 8555 §8.4). */
export function challengeName(host: string): string {
  return `_acme-challenge.${host.replace(/^\*\./, '')}`
}

/** Tells records apart in the messages and results of one run. */
export function recordKey({
  zone,
  name,
}: {
  readonly zone: { readonly id: string }
  readonly name: string
}): string {
  return `${zone.id} ${name}`
}

export function shortHash(text: string, length: number): string {
  return hash('sha256', text).slice(0, length)
}

function slug(text: string): string {
  const cleaned = text
    .toLowerCase()
    .replace('*', 'wildcard')
    .replace(/[^a-z0-9._-]+/g, '-')
    .slice(0, 40)
  return cleaned === '' ? 'certificate' : cleaned
}

function sorted(values: readonly string[]): string[] {
  return [...values].sort()
}
