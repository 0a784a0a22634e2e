/** Record sets of Route53: what a change may do to them, their order and their XML. */
import { ServiceError } from './service.ts'

export interface RecordSet {
  /** Lower case, trailing dot, `*` as `\052`. */
  readonly name: string
  readonly type: string
  readonly ttl: number
  readonly values: readonly string[]
  readonly setIdentifier?: string
}

export interface ChangeDocument {
  ChangeResourceRecordSetsRequest?: { ChangeBatch?: { Changes?: { Change?: AskedChange[] } } }
}

export interface AskedChange {
  readonly Action: string
  readonly ResourceRecordSet: {
    readonly Name: string
    readonly Type: string
    readonly TTL?: string
    readonly SetIdentifier?: string
    readonly ResourceRecords?: { readonly ResourceRecord: readonly { readonly Value: string }[] }
  }
}

export function isList(name: string): boolean {
  return name === 'Change' || name === 'ResourceRecord'
}

/** Edits `records`; @returns Route53's words when the change is refused. */
export function applyChange(
  records: Map<string, RecordSet>,
  change: AskedChange,
  zone: { readonly name: string },
): string | null {
  const set = toSet(change)
  const shown = `[name='${set.name}', type='${set.type}']`
  const there = records.get(keyOf(set))
  if (set.name !== zone.name && !set.name.endsWith(`.${zone.name}`))
    return `RRSet with DNS name ${set.name} is not permitted in zone ${zone.name}`
  if (set.values.length > 400) return 'Cannot have more than 400 records in a RRSet.'
  const unquoted =
    set.type === 'TXT' ? set.values.find((value) => !/^("([^"\\]|\\.){0,255}"\s*)+$/.test(value)) : undefined
  if (unquoted !== undefined)
    return `Invalid Resource Record: 'FATAL problem: InvalidCharacterString (Value should be enclosed in quotation marks) encountered with '${unquoted}''`
  if (change.Action === 'DELETE' && set.name === zone.name && (set.type === 'SOA' || set.type === 'NS'))
    return `A HostedZone must contain at least one NS record for the zone itself, and exactly one SOA record.`
  if (change.Action === 'DELETE') {
    if (!there) return `Tried to delete resource record set ${shown} but it was not found`
    if (!sameContent(there, set))
      return `Tried to delete resource record set ${shown} but the values provided do not match the current values`
    records.delete(keyOf(set))
    return null
  }
  if (change.Action === 'CREATE' && there)
    return `Tried to create resource record set ${shown} but it already exists`
  const atName = [...records.values()].filter(({ name }) => name === set.name)
  const conflict = atName.find(({ type }) => (type === 'CNAME') !== (set.type === 'CNAME'))
  if (conflict)
    return `RRSet of type ${set.type} with DNS name ${set.name} is not permitted because a conflicting RRSet of type ${conflict.type} with the same DNS name already exists in zone ${zone.name}`
  const policy = atName.find(
    ({ type, setIdentifier }) =>
      type === set.type && (setIdentifier === undefined) !== (set.setIdentifier === undefined),
  )
  if (policy)
    return `RRSet with DNS name ${set.name}, type ${set.type} cannot be created as other RRSets exist with the same name and type but a different routing policy`
  records.set(keyOf(set), set)
  return null
}

/** 1,000 ResourceRecord elements and 32,000 characters of Value a request; UPSERT counts twice. */
export function overLimits(asked: readonly AskedChange[]): string[] {
  let elements = 0
  let characters = 0
  for (const { Action, ResourceRecordSet } of asked) {
    const weight = Action === 'UPSERT' ? 2 : 1
    const records = ResourceRecordSet.ResourceRecords?.ResourceRecord ?? []
    elements += records.length * weight
    characters += records.reduce((sum, { Value }) => sum + Value.length, 0) * weight
  }
  return [
    ...(elements > 1000 ? ['Number of records limit of 1000 exceeded.'] : []),
    ...(characters > 32_000 ? ['RDATA character limit of 32000 exceeded.'] : []),
  ]
}

function toSet({ ResourceRecordSet: asked }: AskedChange): RecordSet {
  return {
    name: normalName(asked.Name),
    type: asked.Type,
    ttl: Number(asked.TTL ?? 0),
    values: (asked.ResourceRecords?.ResourceRecord ?? []).map(({ Value }) => Value),
    ...(asked.SetIdentifier === undefined ? {} : { setIdentifier: asked.SetIdentifier }),
  }
}

export function toXml(set: RecordSet): object {
  return {
    Name: set.name,
    Type: set.type,
    ...(set.setIdentifier === undefined ? {} : { SetIdentifier: set.setIdentifier, Weight: 1 }),
    TTL: set.ttl,
    ResourceRecords: { ResourceRecord: set.values.map((Value) => ({ Value })) },
  }
}

export function keyOf({
  name,
  type,
  setIdentifier,
}: Pick<RecordSet, 'name' | 'type' | 'setIdentifier'>): string {
  return `${name} ${type} ${setIdentifier ?? ''}`
}

function sameContent(a: RecordSet, b: RecordSet): boolean {
  return a.ttl === b.ttl && [...a.values].sort().join('\n') === [...b.values].sort().join('\n')
}

export function normalName(name: string): string {
  const lower = name.toLowerCase().replace(/\*/g, '\\052')
  return lower.endsWith('.') ? lower : `${lower}.`
}

/** Route53 sorts names by their labels from the right; the trailing dot counts, so that `a-b` comes before `a`. */
function sortKey(name: string): string {
  return `${name.replace(/\.$/, '').split('.').reverse().join('.')}.`
}

export function byName(a: RecordSet, b: RecordSet): number {
  return compare(a, b.name, b.type)
}

export function compare(set: RecordSet, name: string, type: string): number {
  const [left, right] = [`${sortKey(set.name)} ${set.type}`, `${sortKey(name)} ${type}`]
  return left < right ? -1 : left > right ? 1 : 0
}

/** What Route53 refuses before it looks at the zone; aliases and routing policies are not modelled. */
export function checkShape({ Action, ResourceRecordSet: set }: AskedChange): void {
  if (!['CREATE', 'DELETE', 'UPSERT'].includes(Action))
    throw new ServiceError('InvalidInput', `Invalid request: unknown Action ${Action}`)
  if ('AliasTarget' in set)
    throw new ServiceError('NotModelled', 'the sandbox does not model alias records', 501)
  if (set.TTL === undefined || set.ResourceRecords === undefined)
    throw new ServiceError(
      'InvalidInput',
      `Invalid request: Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or TrafficPolicyInstanceId], but found none in Change with [Action=${Action}, Name=${set.Name}, Type=${set.Type}, SetIdentifier=${set.SetIdentifier ?? null}]`,
    )
}

/** What IAM judges a change by: names without the trailing dot, `*` as `\\052`. */
export function changeConditions(asked: readonly AskedChange[]): Record<string, readonly string[]> {
  const sets = asked.map(({ ResourceRecordSet }) => ResourceRecordSet)
  return {
    'route53:ChangeResourceRecordSetsNormalizedRecordNames': unique(
      sets.map(({ Name }) => normalName(Name).slice(0, -1)),
    ),
    'route53:ChangeResourceRecordSetsRecordTypes': unique(sets.map(({ Type }) => Type)),
    'route53:ChangeResourceRecordSetsActions': unique(asked.map(({ Action }) => Action)),
  }
}

function unique(values: readonly string[]): string[] {
  return [...new Set(values)]
}
