/**
 * From entries as written to certificates: checks that need more than one key or more than one entry. Problems are
 * collected, never thrown, so that all are reported at once.
 */

import { coveringWildcard } from '../domain/hosts.ts'
import type { Certificate } from '../domain/model.ts'
import { hostsHash } from '../domain/names.ts'
import { mostHosts } from '../domain/profiles.ts'
import type { TargetKinds } from '../domain/targets.ts'
import { readTargets } from './entry-targets.ts'
import { normaliseHost } from './host-names.ts'
import type { Path, Problem } from './problems.ts'
import { show, toPath } from './problems.ts'
import type { EntryShape } from './schema.ts'

export interface Entries {
  readonly certificates: readonly Certificate[]
  readonly problems: readonly Problem[]
  readonly warnings: readonly string[]
}

interface Defaults {
  readonly directoryUrl: string
  readonly isStaging: boolean
  readonly profile: string | null
}

/** One entry as a certificate; `path` is where it is in the file. */
interface Entry {
  readonly path: Path
  readonly named: boolean
  readonly certificate: Certificate
}

/** An entry of the right shape, and where it is in the file. */
export interface WrittenEntry {
  readonly shape: EntryShape
  readonly path: Path
}

export function readEntries(
  written: readonly WrittenEntry[],
  defaults: Defaults,
  kinds: TargetKinds,
): Entries {
  const problems: Problem[] = []
  const entries = written.map((one) => readEntry(one, defaults, kinds, problems))
  const certificates = merge(entries, problems)
  problems.push(...targetsUsedTwice(entries))
  return { certificates, problems, warnings: equalHosts(certificates) }
}

function readEntry(
  { shape, path }: WrittenEntry,
  defaults: Defaults,
  kinds: TargetKinds,
  problems: Problem[],
): Entry {
  const hosts = readHosts(shape.hosts, [...path, 'hosts'], problems)
  const profile = shape.profile ?? defaults.profile
  const most = mostHosts(profile)
  if (hosts.length > most)
    problems.push({
      path: toPath([...path, 'hosts']),
      found: `${hosts.length} hosts`,
      expected: `at most ${most}, the most that profile ${profile ?? 'of an unknown CA'} allows`,
    })
  return {
    path,
    named: shape.name !== undefined,
    certificate: {
      id: shape.name ?? (shape.hosts[0] ?? '').trim(),
      hosts,
      keyType: shape.key_type ?? 'rsa',
      profile,
      directoryUrl: defaults.directoryUrl,
      isStaging: defaults.isStaging,
      takeOver: shape.take_over ?? 'when_due',
      allowStaging: shape.allow_staging ?? false,
      targets: readTargets(shape, path, kinds, problems),
    },
  }
}

function readHosts(written: readonly string[], path: Path, problems: Problem[]): string[] {
  const hosts: string[] = []
  written.forEach((text, at) => {
    const read = normaliseHost(text)
    if ('fault' in read)
      problems.push({ path: toPath([...path, at]), found: show(text), expected: read.fault })
    else if (!hosts.includes(read.host)) hosts.push(read.host)
  })
  for (const host of hosts) {
    const wildcard = coveringWildcard(host, hosts)
    // Let's Encrypt refuses such an order as redundant, so it is reported before anything is ordered
    if (wildcard)
      problems.push({
        path: toPath(path),
        found: `both ${host} and ${wildcard}`,
        expected: `${wildcard} alone, which covers ${host} already`,
      })
  }
  return hosts
}

/** Entries without a name that want the same certificate become one, named by the first, with the targets of all. */
function merge(entries: readonly Entry[], problems: Problem[]): Certificate[] {
  const byId = new Map<string, { entry: Entry; certificate: Certificate }>()
  const unnamed = new Map<string, string>()
  for (const entry of entries) {
    const { certificate } = entry
    const same = entry.named ? undefined : byId.get(unnamed.get(wantedKey(certificate)) ?? '')
    const holder = byId.get(certificate.id)
    if (same) {
      const targets = [...same.certificate.targets, ...certificate.targets]
      byId.set(same.certificate.id, { entry: same.entry, certificate: { ...same.certificate, targets } })
    } else if (holder) {
      problems.push(nameTaken(entry, holder.entry, new Set(byId.keys())))
    } else {
      byId.set(certificate.id, { entry, certificate })
      if (!entry.named) unnamed.set(wantedKey(certificate), certificate.id)
    }
  }
  return [...byId.values()].map(({ certificate }) => certificate)
}

/** Everything that is wanted of a certificate, except its targets. */
function wantedKey({ hosts, keyType, profile, takeOver, allowStaging }: Certificate): string {
  return JSON.stringify([hostsHash(hosts), keyType, profile, takeOver, allowStaging])
}

function nameTaken(entry: Entry, holder: Entry, taken: ReadonlySet<string>): Problem {
  const id = show(entry.certificate.id)
  return {
    path: toPath([...entry.path, 'name']),
    found: entry.named ? id : `no name, and ${id} is taken by ${toPath(holder.path)}`,
    expected: `another name, for example ${show(freeName(entry.certificate, taken))}`,
  }
}

function freeName(certificate: Certificate, taken: ReadonlySet<string>): string {
  const byKeyType = `${certificate.id}-${certificate.keyType}`
  if (!taken.has(byKeyType)) return byKeyType
  let number = 2
  while (taken.has(`${certificate.id}-${number}`)) number++
  return `${certificate.id}-${number}`
}

function targetsUsedTwice(entries: readonly Entry[]): Problem[] {
  const problems: Problem[] = []
  const usedBy = new Map<string, Path>()
  for (const { path, certificate } of entries)
    for (const target of certificate.targets) {
      const earlier = usedBy.get(target.key)
      if (earlier)
        problems.push({
          path: toPath(path),
          found: `listener ${target.key}, which ${toPath(earlier)} has too`,
          expected: 'each listener in one entry only',
        })
      else usedBy.set(target.key, path)
    }
  return problems
}

function equalHosts(certificates: readonly Certificate[]): string[] {
  const first = new Map<string, string>()
  return certificates.flatMap(({ id, hosts }) => {
    const hash = hostsHash(hosts)
    const other = first.get(hash)
    if (other === undefined) first.set(hash, id)
    return other === undefined
      ? []
      : [`${id} has the same hosts as ${other}: a CA counts them as duplicates, and allows few a week`]
  })
}
