/** The configuration file as text -> what the run works with, or every problem at once. Pure. */
import { DEFAULTS } from '../defaults.ts'
import { RotationError } from '../errors.ts'
import { type CaLimits, limitsOf, writtenLimits } from '../limits/ca-limits.ts'
import type { Certificate } from '../model.ts'
import type { HostedZone } from '../ports.ts'
import { readEntries, type WrittenEntry } from './entries.ts'
import { normaliseHost } from './hosts.ts'
import { parseJson } from './json.ts'
import { fromIssues, type KeysAt, type Path, type Problem, show, toLine, toPath } from './problems.ts'
import { acmeShape, type DocumentShape, documentShape, entryShape, limitsShape, listShape } from './schema.ts'
import { isKnownStaging } from './staging.ts'

export interface Config {
  readonly directoryUrl: string
  readonly contact: readonly string[]
  /** A path beside the file, or the PEM itself once it was packed; `null` for the usual roots. */
  readonly rootCertificates: string | null
  /** No client trusts what this CA issues. */
  readonly isStaging: boolean
  readonly externalAccount: ExternalAccountPlace | null
  readonly limits: CaLimits
  readonly zones: readonly HostedZone[]
  readonly certificates: readonly Certificate[]
}

/** Where to find what ties an account to one outside of ACME. */
export interface ExternalAccountPlace {
  readonly keyId: string
  /** SSM parameter that holds the secret. */
  readonly parameter: string
}

export interface ParsedConfig {
  readonly config: Config
  /** Worth saying, no reason to refuse. */
  readonly warnings: readonly string[]
}

/**
 * Read a configuration: the list of old, or the object.
 *
 * @param text JSON
 * @throws RotationError config/syntax with line and column; config/invalid with one line a problem
 */
export function parseConfig(text: string): ParsedConfig {
  const document = parseJson(text)
  const problems: Problem[] = []
  const read = readDocument(document, problems)
  const directoryUrl = read?.acme?.directory_url ?? DEFAULTS.directoryUrl
  const isStaging = isKnownStaging(directoryUrl) || read?.acme?.staging === true
  // entries of the right shape are judged even where others are not: every problem is reported at once
  const entries = readEntries(writtenEntries(document), {
    directoryUrl,
    isStaging,
    profile: read?.acme?.profile ?? null,
  })
  problems.push(...entries.problems)
  const zones = readZones(read?.dns?.zones ?? [], problems)
  if (problems.length > 0 || !read) throw invalid(problems)
  const external = read.acme?.external_account
  return {
    config: {
      directoryUrl,
      contact: read.acme?.contact ?? [],
      rootCertificates: read.acme?.root_certificates ?? null,
      isStaging,
      externalAccount: external ? { keyId: external.key_id, parameter: external.hmac_key_parameter } : null,
      limits: limitsOf(directoryUrl, read.acme?.limits ?? {}),
      zones,
      certificates: entries.certificates,
    },
    warnings: entries.warnings,
  }
}

/** The configuration as a document that `parseConfig` reads to the same again: what is packed with the function. */
export function toDocument(config: Config): object {
  return {
    acme: {
      directory_url: config.directoryUrl,
      contact: config.contact,
      ...(config.rootCertificates === null ? {} : { root_certificates: config.rootCertificates }),
      ...(config.isStaging === isKnownStaging(config.directoryUrl) ? {} : { staging: config.isStaging }),
      ...(config.externalAccount === null ? {} : { external_account: toWritten(config.externalAccount) }),
      limits: writtenLimits(config.limits),
    },
    dns: { zones: config.zones },
    certificates: config.certificates.map((certificate) => ({
      name: certificate.id,
      hosts: certificate.hosts,
      key_type: certificate.keyType,
      ...(certificate.profile === null ? {} : { profile: certificate.profile }),
      targets: certificate.targets.map(({ loadBalancer, port }) => ({ elb: { name: loadBalancer, port } })),
      take_over: certificate.takeOver,
      ...(certificate.allowStaging ? { allow_staging: true } : {}),
    })),
  }
}

function toWritten({ keyId, parameter }: ExternalAccountPlace): object {
  return { key_id: keyId, hmac_key_parameter: parameter }
}

/** Branch on the shape first: a union of both shapes would hide which key is wrong. */
function readDocument(document: unknown, problems: Problem[]): DocumentShape | null {
  if (Array.isArray(document)) {
    const read = listShape.safeParse(document)
    if (read.success) return { certificates: read.data }
    problems.push(...fromIssues(read.error.issues, document, allowedKeys))
    return null
  }
  if (typeof document !== 'object' || document === null) {
    problems.push({ path: '', found: show(document), expected: 'a list of certificates, or an object' })
    return null
  }
  const read = documentShape.safeParse(document)
  if (read.success) return read.data
  problems.push(...fromIssues(read.error.issues, document, allowedKeys))
  return null
}

function writtenEntries(document: unknown): WrittenEntry[] {
  const isList = Array.isArray(document)
  const list = isList ? document : (document as { certificates?: unknown } | null)?.certificates
  if (!Array.isArray(list)) return []
  return list.flatMap((entry: unknown, at) => {
    const { data: shape } = entryShape.safeParse(entry)
    return shape ? [{ shape, path: isList ? [at] : ['certificates', at] }] : []
  })
}

const KEYS: Readonly<Record<string, readonly string[]>> = {
  '': Object.keys(documentShape.shape),
  acme: Object.keys(acmeShape.shape),
  external_account: ['key_id', 'hmac_key_parameter'],
  limits: Object.keys(limitsShape.shape),
  dns: ['zones'],
  zones: ['name', 'id'],
  elb: ['name', 'port'],
  targets: ['elb'],
}

const allowedKeys: KeysAt = (path: Path) => {
  const words = path.filter((key) => typeof key === 'string')
  return KEYS[words.at(-1) ?? (path.length === 0 ? '' : 'entry')] ?? Object.keys(entryShape.shape)
}

function readZones(written: readonly { name: string; id: string }[], problems: Problem[]): HostedZone[] {
  const zones: HostedZone[] = []
  written.forEach(({ name, id }, at) => {
    const path = toPath(['dns', 'zones', at, 'name'])
    const read = normaliseHost(name.replace(/\.$/, ''))
    if ('fault' in read) problems.push({ path, found: show(name), expected: read.fault })
    else if (zones.some((zone) => zone.name === read.host))
      problems.push({ path, found: `${read.host} for the second time`, expected: 'each zone once' })
    else zones.push({ name: read.host, id: id.replace('/hostedzone/', '') })
  })
  return zones
}

function invalid(problems: readonly Problem[]): RotationError {
  const lines = problems.map(toLine)
  const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`
  return new RotationError('config/invalid', `the configuration has ${count}:\n  ${lines.join('\n  ')}`, {
    problems: lines,
  })
}
