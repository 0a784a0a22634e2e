/**
 * Obtain certificates from the CA, all of a wave together: order all, one DNS change a zone, one wait, answer
 * all, clean up, finalize all. A certificate that fails drops out as a value; the others go on.
 */
import { createPublicKey, type KeyObject, X509Certificate } from 'node:crypto'
import type { Settings } from '../defaults.ts'
import { RotationError } from '../errors.ts'
import { toIso } from '../instant.ts'
import { toLeaf } from '../leaf.ts'
import type { Certificate, Leaf } from '../model.ts'
import { challengeName } from '../names.ts'
import { type Done, each, type Failure } from '../parallel.ts'
import type { Reason } from '../plan/checks.ts'
import type { Order, Ports } from '../ports.ts'
import {
  batchKey,
  cleanUp,
  type Presented,
  placeKey,
  present,
  type WantedValue,
  waitInSync,
} from './challenges.ts'
import { createRequest } from './keys.ts'
import type { ChallengeZone, FindZone } from './zones.ts'

export interface IssueJob {
  readonly certId: string
  readonly desired: Certificate
  readonly reason: Reason
}

export interface Issued {
  readonly certId: string
  readonly desired: Certificate
  readonly key: KeyObject
  /** Leaf first, PEM. */
  readonly chain: readonly string[]
  readonly leaf: Leaf
}

interface Ordered extends IssueJob {
  readonly order: Order
  readonly values: readonly WantedValue[]
}

type World = Pick<Ports, 'authority' | 'zones' | 'time' | 'emit' | 'makeKey'>

/** @returns the certificates issued, and the failures by certificate; throws only for a bug. */
export async function issue(
  jobs: readonly IssueJob[],
  world: World,
  findZone: FindZone,
  settings: Settings,
): Promise<Done<Issued>> {
  const ordered = await each(jobs, settings.concurrency, (job) => order(job, world, findZone))
  const answered = await prove(ordered.done, world, settings)
  const issued = await each(answered.done, settings.concurrency, (item) => finalize(item, world))
  return { done: issued.done, failed: [...ordered.failed, ...answered.failed, ...issued.failed] }
}

async function order(job: IssueJob, { authority, emit }: World, findZone: FindZone): Promise<Ordered> {
  const { certId, desired, reason } = job
  emit({ event: 'cert.due', certId, reason: reason.code, detail: reason.detail, hosts: [...desired.hosts] })
  // whatever can be known to fail is looked at before the CA counts an order
  const zones = new Map<string, ChallengeZone>()
  for (const host of desired.hosts) zones.set(challengeName(host), await findZone(host))
  await authority.ready(desired.profile)
  const placed = await authority.order({ hosts: desired.hosts, profile: desired.profile })
  const values = placed.challenges.map(({ host, value }): WantedValue => {
    const name = challengeName(host)
    const zone = zones.get(name)
    if (!zone)
      throw new RotationError('acme/unexpected-answer', `the CA asks to prove ${host}, which was not ordered`)
    return { certId, zone, name, value }
  })
  return { ...job, order: placed, values }
}

/** Publish, wait, let the CA look, and take the values away again whatever happened. */
async function prove(ordered: readonly Ordered[], world: World, settings: Settings): Promise<Done<Ordered>> {
  const presented = await present(
    ordered.flatMap(({ values }) => values),
    world,
    settings,
  )
  let answered: Done<Ordered>
  let leftBehind: readonly RotationError[]
  try {
    answered = await answerAll(ordered, presented, world, settings)
  } finally {
    leftBehind = await cleanUp(presented.written, world, settings)
  }
  return { done: answered.done, failed: [...answered.failed, ...blame(ordered, leftBehind)] }
}

async function answerAll(
  ordered: readonly Ordered[],
  presented: Presented,
  world: World,
  settings: Settings,
): Promise<Done<Ordered>> {
  announce(ordered, presented, world)
  const late = await waitInSync(presented.changes, world, settings)
  if (presented.changes.length > late.size)
    world.emit({ event: 'challenge.synced', names: presented.written.length })
  return each(ordered, settings.concurrency, async (item) => {
    for (const { zone, name } of item.values) {
      const error = presented.failed.get(placeKey(zone, name)) ?? late.get(batchKey(zone))
      if (error) throw error
    }
    await world.authority.answer(item.order)
    world.emit({ event: 'challenge.seen', certId: item.certId })
    return item
  })
}

function announce(ordered: readonly Ordered[], { failed }: Presented, { emit }: World): void {
  const namesOf = new Map<string, Set<string>>()
  for (const { zone, name } of ordered.flatMap(({ values }) => values))
    if (!failed.has(placeKey(zone, name)))
      namesOf.set(zone.name, (namesOf.get(zone.name) ?? new Set()).add(name))
  for (const [zone, names] of namesOf) emit({ event: 'challenge.presented', zone, names: [...names] })
}

/** A value left behind is an error of every certificate that had wanted one there. */
function blame(ordered: readonly Ordered[], errors: readonly RotationError[]): Failure[] {
  return errors.flatMap((error) => {
    const names = new Set(error.facts['names'] as readonly string[])
    return ordered
      .filter(({ values }) => values.some(({ name }) => names.has(name)))
      .map(({ certId }) => ({ certId, error }))
  })
}

async function finalize(
  { certId, desired, order }: Ordered,
  { authority, emit, time, makeKey }: World,
): Promise<Issued> {
  const key = await makeKey(desired.keyType)
  const request = await createRequest(key, desired.keyType, desired.hosts)
  const chain = splitPem(await authority.finalize(order, request))
  const leaf = checkDelivered(desired, chain, key, time.now())
  emit({
    event: 'cert.issued',
    certId,
    serial: leaf.serial,
    issuer: leaf.issuer,
    notAfter: toIso(leaf.notAfter),
  })
  return { certId, desired, key, chain, leaf }
}

/** @throws RotationError acme/certificate-unusable rather than attach what does not fit */
function checkDelivered(desired: Certificate, chain: readonly string[], key: KeyObject, now: number): Leaf {
  const [first] = chain
  if (first === undefined)
    throw new RotationError('acme/certificate-unusable', 'the CA delivered no certificate')
  const x509 = new X509Certificate(first)
  const leaf = toLeaf(x509)
  const lacking = desired.hosts.filter((host) => !leaf.hosts.includes(host))
  if (lacking.length > 0)
    throw new RotationError('acme/certificate-unusable', `the CA's certificate lacks ${lacking.join(', ')}`)
  if (!x509.publicKey.equals(createPublicKey(key)))
    throw new RotationError('acme/certificate-unusable', "the CA's certificate is for another key")
  if (leaf.notAfter <= now)
    throw new RotationError(
      'acme/certificate-unusable',
      `the CA's certificate ended on ${toIso(leaf.notAfter)}`,
    )
  return leaf
}

function splitPem(pem: string): string[] {
  return pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
}
