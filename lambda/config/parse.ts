/** The configuration file as text -> what the run works with, or every problem at once. Pure. */

import { limitsOf, writtenLimits } from '../domain/ca-limits.ts'
import type { Config, ExternalAccountParameter } from '../domain/config.ts'
import { DEFAULTS } from '../domain/defaults.ts'
import type { HostedZone } from '../domain/model.ts'
import { RotationError } from '../domain/rotation-error.ts'
import { kindOf, TARGET_KINDS, type TargetKinds } from '../domain/targets.ts'
import { readEntries, type WrittenEntry } from './entries.ts'
import { normaliseHost } from './host-names.ts'
import { parseJson } from './json.ts'
import { fromIssues, type Problem, show, toLine, toPath, type Words } from './problems.ts'
import { acmeShape, type DocumentShape, type EntryShape, limitsShape, shapesFor } from './schema.ts'
import { isKnownStaging } from './staging.ts'

export interface ParsedConfig {
  readonly config: Config
  /** Worth saying, no reason to refuse. */
  readonly warnings: readonly string[]
}

/**
 * Read a configuration: the list of old, or the object.
 *
 * @param text JSON
 * @param kinds the kinds of target that may be in it
 * @throws RotationError config/syntax with line and column; config/invalid with one line a problem
 */
export function parseConfig(text: string, kinds: TargetKinds = TARGET_KINDS): ParsedConfig {
  const document = parseJson(text)
  const problems: Problem[] = []
  const shapes = shapesFor(kinds)
  const read = readDocument(document, shapes, kinds, problems)
  const directoryUrl = read?.acme?.directory_url ?? DEFAULTS.directoryUrl
  const isStaging = isKnownStaging(directoryUrl) || read?.acme?.staging === true
  const profile = read?.acme?.profile ?? null
  // entries of the right shape are checked even if others are not: every problem is reported at once
  const entries = readEntries(writtenEntries(document, shapes), { directoryUrl, isStaging, profile }, kinds)
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
export function toDocument(config: Config, kinds: TargetKinds = TARGET_KINDS): object {
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
      targets: certificate.targets.map((target) => {
        const kind = kindOf(target, kinds)
        return { [kind.configKey]: kind.write(target) }
      }),
      take_over: certificate.takeOver,
      ...(certificate.allowStaging ? { allow_staging: true } : {}),
    })),
  }
}

function toWritten({ keyId, parameter }: ExternalAccountParameter): object {
  return { key_id: keyId, hmac_key_parameter: parameter }
}

type Shapes = ReturnType<typeof shapesFor>

/** Branch on the shape first: a union of both shapes would hide which key is wrong. */
function readDocument(
  document: unknown,
  shapes: Shapes,
  kinds: TargetKinds,
  problems: Problem[],
): DocumentShape | null {
  const words = wordsFor(shapes, kinds)
  if (Array.isArray(document)) {
    const read = shapes.list.safeParse(document)
    if (read.success) return { certificates: read.data }
    problems.push(...fromIssues(read.error.issues, document, words))
    return null
  }
  if (typeof document !== 'object' || document === null) {
    problems.push({ path: '', found: show(document), expected: 'a list of certificates, or an object' })
    return null
  }
  const read = shapes.document.safeParse(document)
  if (read.success) return read.data
  problems.push(...fromIssues(read.error.issues, document, words))
  return null
}

function writtenEntries(document: unknown, { entry }: Shapes): WrittenEntry[] {
  const isList = Array.isArray(document)
  const list = isList ? document : (document as { certificates?: unknown } | null)?.certificates
  if (!Array.isArray(list)) return []
  return list.flatMap((written: unknown, at) => {
    const { data: shape } = entry.safeParse(written)
    return shape ? [{ shape: shape as EntryShape, path: isList ? [at] : ['certificates', at] }] : []
  })
}

/** Which keys may be where, and what the values of each kind of target should be. */
function wordsFor({ entry, document }: Shapes, kinds: TargetKinds): Words {
  const keys: Readonly<Record<string, readonly string[]>> = {
    '': Object.keys(document.shape),
    acme: Object.keys(acmeShape.shape),
    external_account: ['key_id', 'hmac_key_parameter'],
    limits: Object.keys(limitsShape.shape),
    dns: ['zones'],
    zones: ['name', 'id'],
    targets: kinds.map(({ configKey }) => configKey),
    ...Object.fromEntries(kinds.map(({ configKey, shape }) => [configKey, Object.keys(shape.shape)])),
  }
  return {
    keysAt: (path) => {
      const words = path.filter((key) => typeof key === 'string')
      return keys[words.at(-1) ?? (path.length === 0 ? '' : 'entry')] ?? Object.keys(entry.shape)
    },
    expectedOf: (outer, key) => kinds.find(({ configKey }) => configKey === outer)?.expected[key],
  }
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
