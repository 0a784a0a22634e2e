/** Route53: hosted zones, transactional changes, PENDING and INSYNC. What it models and by which source: ../README.md. */
import { XMLParser } from 'fast-xml-parser'
import type { Clock } from '../clock.ts'
import {
  type AskedChange,
  applyChange,
  byName,
  type ChangeDocument,
  changeConditions,
  checkShape,
  compare,
  isList,
  keyOf,
  normalName,
  overLimits,
  type RecordSet,
  toXml,
} from './record-sets.ts'
import {
  type AwsRequest,
  type Call,
  type Service,
  ServiceError,
  toXmlInstant,
  xml,
  xmlError,
} from './service.ts'

const NAMESPACE = 'https://route53.amazonaws.com/doc/2013-04-01/'
const PREFIX = '/2013-04-01'

type Records = ReadonlyMap<string, RecordSet>

interface Zone {
  readonly id: string
  readonly name: string
  readonly isPrivate: boolean
  /** What Route53's API shows. */
  records: Records
  /** What its servers answer, and from when on. */
  readonly published: { readonly at: number; readonly records: Records }[]
}

export interface Route53 {
  /** From a change to INSYNC. */
  propagationMs: number
  readonly service: Service
  /** @returns the zone's id */
  addZone(name: string, options?: { isPrivate?: boolean }): string
  /** As if somebody had deleted it, records and all. */
  dropZone(id: string): void
  /** Write as another client would: at once, and visible after the usual delay. */
  put(
    zoneId: string,
    set: { name: string; type: string; ttl?: number; values: string[]; setIdentifier?: string },
  ): void
  remove(zoneId: string, name: string, type: string): void
  records(zoneId: string): readonly RecordSet[]
  zones(): readonly { readonly id: string; readonly name: string; readonly isPrivate: boolean }[]
  /** What the authoritative servers answer now: all sets at a name in the longest public zone; `null` without a zone. */
  resolve(
    name: string,
  ): { readonly zone: string; readonly sets: readonly RecordSet[]; readonly soa: RecordSet } | null
  snapshot(): object
}

export function createRoute53(clock: Clock, options: { propagationMs: number }): Route53 {
  const state = { ...options }
  const zones = new Map<string, Zone>()
  let zonesMade = 0
  const changes = new Map<string, { readonly at: number; readonly syncAt: number }>()
  const parser = new XMLParser({ ignoreAttributes: true, parseTagValue: false, isArray: isList })

  function commit(zone: Zone, records: Records): string {
    zone.records = records
    const syncAt = clock.now() + state.propagationMs
    zone.published.push({ at: syncAt, records })
    const id = `C${String(changes.size + 1).padStart(20, '0')}`
    changes.set(id, { at: clock.now(), syncAt })
    return id
  }

  function published(zone: Zone): Records {
    const now = clock.now()
    while ((zone.published[1]?.at ?? Number.POSITIVE_INFINITY) <= now) zone.published.shift()
    return zone.published[0]?.records ?? new Map()
  }

  function zoneOf(id: string): Zone {
    const zone = zones.get(id)
    if (!zone) throw new ServiceError('NoSuchHostedZone', `No hosted zone found with ID: ${id}`, 404)
    return zone
  }

  function listZones(query: URLSearchParams) {
    const all = [...zones.values()].sort((a, b) => (a.id < b.id ? -1 : 1))
    const from = query.get('marker')
    const most = Math.min(Number(query.get('maxitems') ?? 100), 100)
    const begin = from === null ? 0 : all.findIndex(({ id }) => id === from)
    const page = all.slice(begin, begin + most)
    const next = all[begin + most]
    return xml({
      ListHostedZonesResponse: {
        '@_xmlns': NAMESPACE,
        HostedZones: {
          HostedZone: page.map(({ id, name, isPrivate, records }) => ({
            Id: `/hostedzone/${id}`,
            Name: name,
            CallerReference: id,
            Config: { PrivateZone: isPrivate },
            ResourceRecordSetCount: records.size,
          })),
        },
        ...(from === null ? {} : { Marker: from }),
        IsTruncated: next !== undefined,
        ...(next ? { NextMarker: next.id } : {}),
        MaxItems: most,
      },
    })
  }

  function listRecords(zone: Zone, query: URLSearchParams) {
    const most = Math.min(Number(query.get('maxitems') ?? 300), 300)
    const name = query.get('name')
    const type = query.get('type') ?? ''
    const sorted = [...zone.records.values()].sort(byName)
    const begin = name === null ? 0 : sorted.findIndex((set) => compare(set, normalName(name), type) >= 0)
    const page = begin < 0 ? [] : sorted.slice(begin, begin + most)
    const next = begin < 0 ? undefined : sorted[begin + most]
    return xml({
      ListResourceRecordSetsResponse: {
        '@_xmlns': NAMESPACE,
        ResourceRecordSets: { ResourceRecordSet: page.map(toXml) },
        IsTruncated: next !== undefined,
        ...(next ? { NextRecordName: next.name, NextRecordType: next.type } : {}),
        MaxItems: most,
      },
    })
  }

  function parse(body: string): readonly AskedChange[] {
    const document = parser.parse(body) as ChangeDocument
    return document.ChangeResourceRecordSetsRequest?.ChangeBatch?.Changes?.Change ?? []
  }

  function change(zone: Zone, body: string) {
    const asked = parse(body)
    for (const one of asked) checkShape(one)
    const records = new Map(zone.records)
    const faults = asked.flatMap((one) => applyChange(records, one, zone) ?? [])
    if (asked.length === 0) faults.push('A change batch must contain at least one change')
    faults.push(...overLimits(asked))
    if (faults.length > 0) throw new ServiceError('InvalidChangeBatch', `[${faults.join(', ')}]`)
    const id = commit(zone, records)
    return changeAnswer('ChangeResourceRecordSetsResponse', id)
  }

  function changeAnswer(element: string, id: string) {
    const found = changes.get(id)
    if (!found) throw new ServiceError('NoSuchChange', `Could not find resource with ID: ${id}`, 404)
    const ChangeInfo = {
      Id: `/change/${id}`,
      Status: clock.now() >= found.syncAt ? 'INSYNC' : 'PENDING',
      SubmittedAt: toXmlInstant(found.at),
    }
    return xml({ [element]: { '@_xmlns': NAMESPACE, ChangeInfo } })
  }

  function map({ method, path, query, body }: AwsRequest): Call | null {
    const parts = path.replace(PREFIX, '').split('/').filter(Boolean)
    const [kind, id = '', sub] = parts
    const zoneArn = `arn:aws:route53:::hostedzone/${id}`
    if (method === 'GET' && kind === 'hostedzone' && parts.length === 1)
      return { action: 'route53:ListHostedZones', resources: ['*'], run: () => listZones(query) }
    if (method === 'GET' && kind === 'hostedzone' && sub === 'rrset')
      return {
        action: 'route53:ListResourceRecordSets',
        resources: [zoneArn],
        run: () => listRecords(zoneOf(id), query),
      }
    if (method === 'POST' && kind === 'hostedzone' && sub === 'rrset')
      return {
        action: 'route53:ChangeResourceRecordSets',
        resources: [zoneArn],
        conditions: changeConditions(parse(body)),
        run: () => change(zoneOf(id), body),
      }
    if (method === 'GET' && kind === 'change')
      return {
        action: 'route53:GetChange',
        resources: [`arn:aws:route53:::change/${id}`],
        run: () => changeAnswer('GetChangeResponse', id),
      }
    return null
  }

  return {
    get propagationMs() {
      return state.propagationMs
    },
    set propagationMs(ms) {
      state.propagationMs = ms
    },
    service: { scope: 'route53', map, error: xmlError },
    dropZone: (id) => void zones.delete(id),
    addZone(name, { isPrivate = false } = {}) {
      const id = `Z${String(++zonesMade).padStart(20, '0')}`
      const apex = normalName(name)
      const base = [
        { name: apex, type: 'NS', ttl: 172_800, values: ['ns-1.sandbox.test.', 'ns-2.sandbox.test.'] },
        {
          name: apex,
          type: 'SOA',
          ttl: 900,
          values: ['ns-1.sandbox.test. host.sandbox.test. 1 7200 900 1209600 86400'],
        },
      ]
      const records: Records = new Map(base.map((set) => [keyOf(set), set]))
      zones.set(id, { id, name: apex, isPrivate, records, published: [{ at: 0, records }] })
      return id
    },
    put(zoneId, { ttl = 300, ...set }) {
      const zone = zoneOf(zoneId)
      const whole = { ...set, name: normalName(set.name), ttl }
      commit(zone, new Map(zone.records).set(keyOf(whole), whole))
    },
    remove(zoneId, name, type) {
      const zone = zoneOf(zoneId)
      const records = new Map(zone.records)
      records.delete(keyOf({ name: normalName(name), type }))
      commit(zone, records)
    },
    records: (zoneId) => [...zoneOf(zoneId).records.values()].sort(byName),
    zones: () => [...zones.values()].map(({ id, name, isPrivate }) => ({ id, name, isPrivate })),
    resolve(name) {
      const wanted = normalName(name)
      const covering = [...zones.values()]
        .filter((zone) => !zone.isPrivate && (wanted === zone.name || wanted.endsWith(`.${zone.name}`)))
        .sort((a, b) => b.name.length - a.name.length)
      const [zone] = covering
      if (!zone) return null
      const records = [...published(zone).values()]
      const soa = records.find(({ type }) => type === 'SOA')
      return soa ? { zone: zone.name, sets: records.filter((set) => set.name === wanted), soa } : null
    },
    snapshot: () =>
      Object.fromEntries(
        [...zones.values()].map((zone) => [zone.id, [...zone.records.values()].sort(byName)]),
      ),
  }
}
