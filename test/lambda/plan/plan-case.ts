/** Plan cases as typed rows: what is written in a row, and what `plan` is given for it. */
import { ERRORS, type ErrorCode } from '../../../lambda/domain/errors.ts'
import { HOUR_MS } from '../../../lambda/domain/instant.ts'
import type {
  Attached,
  Certificate,
  CertificateDetail,
  KeyType,
  Leaf,
  Observed,
  StoredCertificate,
  Target,
  TargetFacts,
} from '../../../lambda/domain/model.ts'
import { idHash, specificationHash, storedName } from '../../../lambda/domain/names.ts'
import { type CertificateState, NOTHING_KNOWN, type Renewal } from '../../../lambda/domain/remembered.ts'
import { RotationError } from '../../../lambda/domain/rotation-error.ts'
import { storedTags, TAG, withRejected } from '../../../lambda/domain/tags.ts'
import { classicListener } from '../../../lambda/domain/targets.ts'
import type { PlanContext } from '../../../lambda/plan/plan-context.ts'

const DIRECTORY = 'https://ca.test/directory'
export const STAGING = 'https://acme-staging-v02.api.letsencrypt.org/directory'

interface Specification {
  readonly hosts?: readonly string[]
  readonly keyType?: KeyType
  readonly profile?: string
  readonly directoryUrl?: string
}

interface Entry extends Specification {
  readonly id: string
  readonly takeOver?: 'when_due' | 'now'
  readonly allowStaging?: true
  /** `web:443` when left out. */
  readonly targets?: readonly string[]
}

interface Ours extends Specification {
  readonly serial: string
  readonly id: string
  readonly from: string
  readonly to: string
  /** `from` when left out. */
  readonly uploaded?: string
  readonly rejectedAt?: readonly string[]
  /** Reading it failed. */
  readonly unread?: true
  /** Its tags were lost. */
  readonly withoutTags?: true
}

/** What is remembered of one certificate. */
interface Remembered {
  /** By listener: the serial of what was last seen working there, since when, and which one was before it. */
  readonly working?: Readonly<Record<string, readonly [serial: string, since: string, before?: string]>>
  /** Listeners that no handshake reached at the last look. */
  readonly unseen?: readonly string[]
  /** Listener and serial. */
  readonly rejected?: readonly (readonly [listener: string, serial: string])[]
  /** Record names at which challenge values may be. */
  readonly values?: readonly string[]
  /** An order in flight for what is desired, or for something else. */
  readonly order?: 'same' | 'other'
  /** When it was placed; long ago when left out. */
  readonly orderedAt?: string
  readonly postponed?: true
  /** How many orders in a row have failed. */
  readonly failedOrders?: number
  /** What the CA said of the certificate with this serial. */
  readonly renewal?: {
    readonly serial: string
    readonly from: string
    readonly to: string
    readonly page?: string
  }
}

/** A serial that is attached and served; `unreadable`; or both apart, where `serves: 'nothing'` is silence. */
type TargetRow =
  | string
  | { readonly attached: string; readonly serves: string }
  | { readonly problem: ErrorCode }

/** Dates are instants at midnight UTC. */
interface Row {
  readonly now: string
  /** One entry `shop` when left out. */
  readonly desired?: readonly Entry[]
  readonly stored?: readonly Ours[]
  readonly foreign?: readonly Leaf[]
  readonly targets: Readonly<Record<string, TargetRow>>
  /** What is remembered of `shop`, or of each entry by its id. */
  readonly remembered?: Remembered
  readonly rememberedOf?: Readonly<Record<string, Remembered>>
  readonly intervalHours?: number
  readonly force?: readonly string[]
  readonly issued?: readonly string[]
  /** The run is about some entries only. */
  readonly only?: true
  /** Remembered, and no longer in the configuration. */
  readonly forgotten?: readonly string[]
  readonly quota?: readonly [used: number, limit: number]
  /** Serials that IAM has refused to delete. */
  readonly inUse?: readonly string[]
  /** Listeners of others in the region, and the serial that each has. */
  readonly neighbours?: Readonly<Record<string, string>>
  /**
   * One line an action, as `issue shop renewal-due`, with `urgent` and `replaces ID` where that is so, and `attach shop web:443 new renewal-due, else f1`: what is put
   * back should the listener break. `broken` at the end: it does not work before the swap.
   */
  readonly actions: readonly string[]
  /** One line a certificate or target that is left alone, as `shop settled`; none when left out. */
  readonly statuses?: readonly string[]
  /** One line a stored certificate that stays beside those in use, as `old kept for rollback`; any when left out. */
  readonly kept?: readonly string[]
}

export interface PlanCase {
  readonly name: string
  readonly desired: readonly Certificate[]
  readonly observed: Observed
  readonly context: PlanContext
  readonly actions: readonly string[]
  readonly statuses: readonly string[]
  readonly kept: readonly string[] | null
}

export function entry(id: string, more: Omit<Entry, 'id'> = {}): Entry {
  return { id, ...more }
}

/** One of ours, of the entry `shop` unless it says otherwise. */
export function ours(serial: string, from: string, to: string, more: Partial<Ours> = {}): Ours {
  return { id: 'shop', ...more, serial, from, to }
}

export function foreign(serial: string, from: string, to: string, hosts: readonly string[]): Leaf {
  return { serial, hosts, notBefore: Date.parse(from), notAfter: Date.parse(to), issuer: 'Paid CA' }
}

export function row(name: string, written: Row): PlanCase {
  const { desired = [entry('shop')], targets, force = [], issued = [], forgotten = [], quota } = written
  const stored = (written.stored ?? []).map(toStored)
  const leaves = [...(written.foreign ?? []), ...stored.map(({ detail }) => detail.leaf)]
  const facts = Object.entries(targets).map(([key, target]): [string, TargetFacts] => [
    key,
    toFacts(key, target),
  ])
  const remembered = {
    ...(written.remembered ? { shop: written.remembered } : {}),
    ...written.rememberedOf,
  }
  return {
    name,
    desired: desired.map(toDesired),
    observed: {
      targets: new Map(facts),
      users: new Map([...facts.flatMap(ownUser), ...Object.entries(written.neighbours ?? {}).map(otherUser)]),
      stored: stored.map(({ certificate }) => certificate),
      details: new Map(stored.flatMap((one) => (one.unread ? [] : [[one.certificate.arn, one.detail]]))),
      unread: new Map(stored.flatMap((one) => (one.unread ? [[one.certificate.arn, one.unread]] : []))),
    },
    context: {
      now: Date.parse(written.now),
      intervalMs: (written.intervalHours ?? 24) * HOUR_MS,
      force: new Set(force),
      issued: new Set(issued),
      states: new Map(Object.entries(remembered).map(([id, one]) => [id, toState(id, one)])),
      entries: written.only ? null : desired.map(({ id }) => id),
      forgotten,
      quota: quota ? { used: quota[0], limit: quota[1] } : null,
      inUse: new Set((written.inUse ?? []).map(arnOf)),
    },
    actions: written.actions,
    statuses: written.statuses ?? [],
    kept: written.kept ?? null,
  }

  function toFacts(key: string, target: TargetRow): TargetFacts {
    if (typeof target === 'object' && 'problem' in target) {
      if (!(target.problem in ERRORS)) throw new Error(`no error has the code ${target.problem}`)
      return { target: toTarget(key), problem: new RotationError(target.problem, `${key} has a problem`) }
    }
    const { attached, serves } = typeof target === 'string' ? { attached: target, serves: target } : target
    const other = { serial: serves, hosts: [], notBefore: 0, notAfter: 0, issuer: 'someone' }
    const leaf = leaves.find(({ serial }) => serial === serves) ?? other
    const address = '10.0.0.1'
    return {
      target: toTarget(key),
      problem: null,
      endpoint: { dnsName: 'elb.test', port: 443 },
      attached: toAttached(attached),
      probe: [serves === 'nothing' ? { address, failure: 'no handshake' } : { address, leaf }],
    }
  }

  function toAttached(serial: string): Attached {
    const arn = arnOf(serial)
    const own = stored.find(({ certificate }) => certificate.serial === serial)
    if (own) return { origin: 'ours', arn, stored: own.certificate }
    const leaf = leaves.find((one) => one.serial === serial)
    if (leaf) return { origin: 'foreign', arn, leaf, refusal: null }
    if (serial !== 'unreadable') throw new Error(`no certificate of the case has the serial ${serial}`)
    const why = new RotationError('store/certificate-unreadable', 'cannot be read')
    return { origin: 'unreadable', arn, why }
  }

  function ownUser([key, one]: [string, TargetFacts]): [string, string][] {
    return one.problem === null ? [[one.attached.arn, key]] : []
  }

  function otherUser([key, serial]: [string, string]): [string, string] {
    return [arnOf(serial), key]
  }

  function arnOf(serial: string): string {
    const own = stored.find(({ certificate }) => certificate.serial === serial)
    return own?.certificate.arn ?? `arn:aws:iam::1:server-certificate/${serial}`
  }

  function toState(id: string, given: Remembered): CertificateState {
    const zone = { id: 'Z1', name: 'example.com', group: 0 }
    const working = Object.entries(given.working ?? {}).map(([listener, [serial, since, before]]) => [
      listener,
      {
        arn: arnOf(serial),
        since: Date.parse(since),
        seen: !given.unseen?.includes(listener),
        before: before === undefined ? null : arnOf(before),
      },
    ])
    return {
      ...NOTHING_KNOWN,
      working: Object.fromEntries(working),
      rejected: (given.rejected ?? []).map(([listener, serial]) => ({ listener, arn: arnOf(serial) })),
      values: (given.values ?? []).map((record) => ({ zone, name: record, ours: ['"value"'] })),
      order: given.order ? toOrder(id, given) : null,
      postponed: given.postponed ?? false,
      failedOrders: given.failedOrders
        ? { count: given.failedOrders, last: 0, specificationHash: '', why: '' }
        : null,
      renewal: given.renewal ? toRenewal(given.renewal) : null,
    }
  }

  function toOrder(id: string, { order, orderedAt = '2000-01-01' }: Remembered): CertificateState['order'] {
    const wanted = desired.find((one) => one.id === id)
    return {
      url: 'https://ca.test/order/1',
      specificationHash: order === 'same' && wanted ? specificationHash(toDesired(wanted)) : '',
      keyParameter: '/key',
      since: Date.parse(orderedAt),
      isReplacement: false,
    }
  }
}

function toRenewal({ serial, from, to, page }: NonNullable<Remembered['renewal']>): Renewal {
  const window = { start: Date.parse(from), end: Date.parse(to) }
  const explanation = page ?? null
  return { serial, id: `key.${serial}`, account: null, window, explanation, askAfter: 0, failures: 0 }
}

function toDesired(written: Entry): Certificate {
  const directoryUrl = written.directoryUrl ?? DIRECTORY
  return {
    id: written.id,
    hosts: written.hosts ?? ['www.example.com'],
    keyType: written.keyType ?? 'rsa',
    profile: written.profile ?? null,
    directoryUrl,
    isStaging: directoryUrl === STAGING,
    takeOver: written.takeOver ?? 'when_due',
    allowStaging: written.allowStaging ?? false,
    targets: (written.targets ?? ['web:443']).map(toTarget),
  }
}

function toStored({ serial, from, to, uploaded = from, rejectedAt = [], ...rest }: Ours): {
  certificate: StoredCertificate
  detail: CertificateDetail
  unread: RotationError | null
} {
  const { withoutTags = false, unread = false, ...specified } = rest
  const of = toDesired(specified)
  const [notBefore, notAfter] = [Date.parse(from), Date.parse(to)]
  const leaf: Leaf = { serial, hosts: of.hosts, notBefore, notAfter, issuer: 'CA' }
  const name = storedName(of, leaf)
  const tag = rejectedAt.reduce<string | undefined>(
    (tags, key) => withRejected(tags, toTarget(key)),
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
      notBefore,
      notAfter,
      uploadedAt: Date.parse(uploaded),
    },
    unread: unread ? new RotationError('aws/access-denied', 'it may not be read') : null,
    detail: { leaf, pem: '', tags: tag === undefined ? tags : { ...tags, [TAG.rejected]: tag } },
  }
}

function toTarget(key: string): Target {
  const [loadBalancer = '', port] = key.split(':')
  return classicListener(loadBalancer, Number(port))
}
