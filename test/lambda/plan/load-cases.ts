/** Plan cases as data: read, checked for unknown keys, and turned into what `plan` takes. */

import { readdirSync, readFileSync } from 'node:fs'
import { z } from 'zod'
import { ERRORS, type ErrorCode, RotationError } from '../../../lambda/domain/errors.ts'
import type {
  Attached,
  Certificate,
  CertificateDetail,
  Leaf,
  Observed,
  StoredCertificate,
  Target,
  TargetFacts,
} from '../../../lambda/domain/model.ts'
import { KEY_TYPES } from '../../../lambda/domain/model.ts'
import {
  idHash,
  specificationHash,
  storedName,
  storedTags,
  TAG,
  withRejected,
} from '../../../lambda/domain/names.ts'
import { type CertificateState, NOTHING_KNOWN } from '../../../lambda/domain/remembered.ts'
import { classicListener } from '../../../lambda/domain/targets.ts'
import type { PlanContext } from '../../../lambda/plan/plan-context.ts'

const HOUR_MS = 3_600_000
const DIRECTORY = 'https://ca.test/directory'
const STAGING = 'https://acme-staging-v02.api.letsencrypt.org/directory'

const specification = {
  hosts: z.array(z.string()).optional(),
  keyType: z.enum(KEY_TYPES).optional(),
  profile: z.string().optional(),
  directoryUrl: z.string().optional(),
}
const desiredShape = z.strictObject({
  id: z.string(),
  ...specification,
  takeOver: z.enum(['when_due', 'now']).optional(),
  allowStaging: z.literal(true).optional(),
  targets: z.array(z.string()).optional(),
})
const storedShape = z.strictObject({
  serial: z.string(),
  id: z.string(),
  ...specification,
  from: z.iso.date(),
  to: z.iso.date(),
  /** `from` when left out. */
  uploaded: z.iso.date().optional(),
  rejectedAt: z.array(z.string()).optional(),
  /** Reading it failed. */
  unread: z.boolean().optional(),
  /** Tags that were lost. */
  withoutTags: z.boolean().optional(),
})
const foreignShape = z.strictObject({
  serial: z.string(),
  hosts: z.array(z.string()),
  from: z.iso.date(),
  to: z.iso.date(),
})
const targetShape = z.union([
  z.strictObject({ problem: z.string() }),
  z.strictObject({
    /** Serial of a stored or foreign certificate, or `unreadable`. */
    attached: z.string(),
    /** Serial, or `nothing` when it cannot be reached; what is attached when left out. */
    serves: z.string().optional(),
  }),
])
const stateShape = z.strictObject({
  /** By listener: the serial of what was last seen working there, since when, and which one was before it. */
  working: z.record(z.string(), z.tuple([z.string(), z.iso.date(), z.string().optional()])).optional(),
  /** Listeners that nobody saw at the last look. */
  unseen: z.array(z.string()).optional(),
  /** Listener and serial. */
  rejected: z.array(z.tuple([z.string(), z.string()])).optional(),
  /** Record names at which challenge values may lie. */
  values: z.array(z.string()).optional(),
  /** An order in flight for what is desired, or for something else. */
  order: z.enum(['same', 'other']).optional(),
  /** When it was placed; long ago when left out. */
  orderedAt: z.iso.date().optional(),
  postponed: z.literal(true).optional(),
  /** What the CA said of the certificate with this serial. */
  renewal: z
    .strictObject({ serial: z.string(), from: z.iso.date(), to: z.iso.date(), page: z.string().optional() })
    .optional(),
})
const caseShape = z.strictObject({
  name: z.string(),
  desired: z.array(desiredShape),
  stored: z.array(storedShape).optional(),
  foreign: z.array(foreignShape).optional(),
  targets: z.record(z.string(), targetShape),
  now: z.iso.date(),
  intervalHours: z.number().optional(),
  force: z.array(z.string()).optional(),
  issued: z.array(z.string()).optional(),
  /** What is remembered, by certificate. */
  state: z.record(z.string(), stateShape).optional(),
  /** The run is about some entries only. */
  only: z.literal(true).optional(),
  /** Remembered, and in the configuration no more. */
  forgotten: z.array(z.string()).optional(),
  /** Used and limit. */
  quota: z.tuple([z.number(), z.number()]).optional(),
  /** Serials that IAM has refused to delete. */
  inUse: z.array(z.string()).optional(),
  /** Listeners of others in the region, and the serial that each has. */
  neighbours: z.record(z.string(), z.string()).optional(),
  /** One line an action, as `issue shop renewal-due` and `attach shop web:443 renewal-due`. */
  actions: z.array(z.string()),
  /** One line a certificate or target that is left alone, as `shop settled`. */
  statuses: z.array(z.string()),
  /** One line a stored certificate that stays beside those in force, as `old kept for rollback`; any when left out. */
  kept: z.array(z.string()).optional(),
})

export interface PlanCase {
  readonly name: string
  readonly desired: readonly Certificate[]
  readonly observed: Observed
  readonly context: PlanContext
  readonly actions: readonly string[]
  readonly statuses: readonly string[]
  readonly kept: readonly string[] | null
}

/** @throws for a key that no case has: a mistyped expectation cannot pass in silence */
export function loadCases(folder: URL): PlanCase[] {
  return readdirSync(folder)
    .sort()
    .flatMap((file) => {
      const read = z.array(caseShape).parse(JSON.parse(readFileSync(new URL(file, folder), 'utf8')))
      return read.map(toCase)
    })
}

type Written = z.infer<typeof caseShape>

function toCase(written: Written): PlanCase {
  const stored = (written.stored ?? []).map(toStored)
  const foreign = (written.foreign ?? []).map(
    ({ serial, hosts, from, to }): Leaf => ({
      serial,
      hosts,
      notBefore: Date.parse(from),
      notAfter: Date.parse(to),
      issuer: 'Paid CA',
    }),
  )
  const leaves = new Map(
    [...foreign, ...stored.map(({ detail }) => detail.leaf)].map((leaf) => [leaf.serial, leaf]),
  )
  const targets = Object.entries(written.targets).map(([key, facts]): [string, TargetFacts] => {
    const target = toTarget(key)
    if ('problem' in facts)
      return [key, { target, problem: new RotationError(toCode(facts.problem), `${key} has a problem`) }]
    const attached = toAttached(
      facts.attached,
      stored.map((one) => one.certificate),
      foreign,
    )
    const serves = facts.serves ?? facts.attached
    const leaf = leaves.get(serves) ?? {
      serial: serves,
      hosts: [],
      notBefore: 0,
      notAfter: 0,
      issuer: 'someone',
    }
    const answer =
      serves === 'nothing' ? { address: '10.0.0.1', failure: 'no handshake' } : { address: '10.0.0.1', leaf }
    return [
      key,
      { target, problem: null, endpoint: { dnsName: 'elb.test', port: 443 }, attached, probe: [answer] },
    ]
  })
  return {
    name: written.name,
    desired: written.desired.map(toDesired),
    observed: {
      targets: new Map(targets),
      users: usersOf(),
      stored: stored.map(({ certificate }) => certificate),
      details: new Map(
        stored.flatMap(({ certificate, detail, unread }) => (unread ? [] : [[certificate.arn, detail]])),
      ),
      unread: new Map(
        stored.flatMap(({ certificate, unread }) => (unread ? [[certificate.arn, unread]] : [])),
      ),
    },
    context: {
      now: Date.parse(written.now),
      intervalMs: (written.intervalHours ?? 24) * HOUR_MS,
      force: new Set(written.force ?? []),
      issued: new Set(written.issued ?? []),
      states: new Map(Object.entries(written.state ?? {}).map(([id, given]) => [id, toState(id, given)])),
      entries: written.only ? null : written.desired.map(({ id }) => id),
      forgotten: written.forgotten ?? [],
      quota: written.quota ? { used: written.quota[0], limit: written.quota[1] } : null,
      inUse: new Set((written.inUse ?? []).map(arnOf)),
    },
    actions: written.actions,
    statuses: written.statuses,
    kept: written.kept ?? null,
  }

  function usersOf(): Map<string, string> {
    const own = targets.flatMap(([key, facts]): [string, string][] =>
      facts.problem === null ? [[facts.attached.arn, key]] : [],
    )
    const others = Object.entries(written.neighbours ?? {}).map(([key, serial]): [string, string] => [
      arnOf(serial),
      key,
    ])
    return new Map([...own, ...others])
  }

  function arnOf(serial: string): string {
    const ours = stored.find(({ certificate }) => certificate.serial === serial)
    return ours?.certificate.arn ?? foreignArn(serial)
  }

  function toState(id: string, given: z.infer<typeof stateShape>): CertificateState {
    const desired = written.desired.find((one) => one.id === id)
    const zone = { id: 'Z1', name: 'example.com', group: 0 }
    return {
      ...NOTHING_KNOWN,
      working: Object.fromEntries(
        Object.entries(given.working ?? {}).map(([listener, [serial, since, before]]) => [
          listener,
          {
            arn: arnOf(serial),
            since: Date.parse(since),
            seen: !given.unseen?.includes(listener),
            before: before === undefined ? null : arnOf(before),
          },
        ]),
      ),
      rejected: (given.rejected ?? []).map(([listener, serial]) => ({ listener, arn: arnOf(serial) })),
      values: (given.values ?? []).map((name) => ({ zone, name, ours: ['"value"'] })),
      order: given.order
        ? {
            url: 'https://ca.test/order/1',
            specificationHash: given.order === 'same' && desired ? specificationHash(toDesired(desired)) : '',
            keyParameter: '/key',
            since: Date.parse(given.orderedAt ?? '2000-01-01'),
            isReplacement: false,
          }
        : null,
      postponed: given.postponed ?? false,
      renewal: given.renewal ? toRenewal(given.renewal) : null,
    }
  }
}

function toRenewal({ serial, from, to, page = '' }: NonNullable<z.infer<typeof stateShape>['renewal']>) {
  const window = { start: Date.parse(from), end: Date.parse(to) }
  const explanation = page === '' ? null : page
  return { serial, id: `key.${serial}`, account: null, window, explanation, askAfter: 0, failures: 0 }
}

function foreignArn(serial: string): string {
  return `arn:aws:iam::1:server-certificate/${serial}`
}

function toDesired(written: z.infer<typeof desiredShape>): Certificate {
  return {
    id: written.id,
    hosts: written.hosts ?? ['www.example.com'],
    keyType: written.keyType ?? 'rsa',
    profile: written.profile ?? null,
    directoryUrl: written.directoryUrl ?? DIRECTORY,
    isStaging: (written.directoryUrl ?? DIRECTORY) === STAGING,
    takeOver: written.takeOver ?? 'when_due',
    allowStaging: written.allowStaging ?? false,
    targets: (written.targets ?? ['web:443']).map(toTarget),
  }
}

function toStored(written: z.infer<typeof storedShape>): {
  certificate: StoredCertificate
  detail: CertificateDetail
  unread: RotationError | null
} {
  const {
    serial,
    from,
    to,
    uploaded = from,
    rejectedAt = [],
    withoutTags = false,
    unread = false,
    ...specified
  } = written
  const of = toDesired(specified)
  const leaf: Leaf = {
    serial,
    hosts: of.hosts,
    notBefore: Date.parse(from),
    notAfter: Date.parse(to),
    issuer: 'CA',
  }
  const name = storedName(of, leaf)
  const rejected = rejectedAt.reduce<string | undefined>(
    (tag, key) => withRejected(tag, toTarget(key)),
    undefined,
  )
  const tags = withoutTags ? {} : storedTags('test', of)
  return {
    certificate: {
      arn: `arn:aws:iam::1:server-certificate/ours/${name}`,
      name,
      idHash: idHash(of.id),
      specificationHash: specificationHash(of),
      serial,
      notBefore: leaf.notBefore,
      notAfter: leaf.notAfter,
      uploadedAt: Date.parse(uploaded),
    },
    unread: unread ? new RotationError('aws/access-denied', 'it may not be read') : null,
    detail: {
      leaf,
      pem: '',
      tags: rejected === undefined ? tags : { ...tags, [TAG.rejected]: rejected },
    },
  }
}

function toAttached(
  serial: string,
  stored: readonly StoredCertificate[],
  foreign: readonly Leaf[],
): Attached {
  const ours = stored.find((one) => one.serial === serial)
  if (ours) return { origin: 'ours', arn: ours.arn, stored: ours }
  const leaf = foreign.find((one) => one.serial === serial)
  const arn = foreignArn(serial)
  if (leaf) return { origin: 'foreign', arn, leaf, refusal: null }
  if (serial !== 'unreadable') throw new Error(`no certificate of the case has the serial ${serial}`)
  return {
    origin: 'unreadable',
    arn,
    why: new RotationError('store/certificate-unreadable', 'cannot be read'),
  }
}

function toTarget(key: string): Target {
  const [loadBalancer = '', port] = key.split(':')
  return classicListener(loadBalancer, Number(port))
}

function toCode(text: string): ErrorCode {
  if (text in ERRORS) return text as ErrorCode
  throw new Error(`no error has the code ${text}`)
}
